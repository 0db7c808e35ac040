"""What the services of operations return, beside rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from datalayer.runtime import JsonValue


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """How many jobs each status has, and what waits.

    `age` is for how long the oldest due job has waited, None when none is due;
    `next_work` is how long it is until a job is due or a lease ends, negative for work
    that is there already, None when there will be none.
    """

    counts: dict[str, int]
    age: timedelta | None
    next_work: timedelta | None


@dataclass(frozen=True, slots=True)
class Started:
    """The right to run the request of a key; `finish_request` needs both."""

    key: str
    #: Names the attempt.
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class InFlight:
    """Somebody else runs the request."""

    since: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """The request has run; the null of JSON is None."""

    value: JsonValue


@dataclass(frozen=True, slots=True)
class Latency:
    """What was measured under a name, in milliseconds."""

    count: int
    total: float
    max: float


@dataclass(frozen=True, slots=True)
class Metrics:
    """All counters and latencies, by name."""

    counters: dict[str, int]
    latencies: dict[str, Latency]
    #: None before the first measurement.
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class RejectedEvent:
    """An event that cannot be stored, by its place among those given, from 0."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class AppendReport:
    """The ids of the events that were stored, and the ones that were not.

    Both are in the order given.
    """

    ids: tuple[int, ...]
    rejected: tuple[RejectedEvent, ...]


RetentionTask: TypeAlias = Literal[
    "old_approvals",
    "surplus_approvals",
    "old_idempotency",
    "surplus_idempotency",
    "old_nonces",
]


@dataclass(frozen=True, slots=True)
class RetentionProgress:
    """A batch is removed and stays so; `removed` counts all batches of the task."""

    task: RetentionTask
    removed: int


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """How many rows went because of their age, and because of their number."""

    old_approvals: int
    surplus_approvals: int
    old_idempotency: int
    surplus_idempotency: int
    old_nonces: int

    @property
    def removed(self) -> int:
        """All of them together."""
        return (
            self.old_approvals
            + self.surplus_approvals
            + self.old_idempotency
            + self.surplus_idempotency
            + self.old_nonces
        )
