"""What a worker tells of itself and of its jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

    from datalayer.domains.operations.results import RetentionReport
    from datalayer.domains.operations.worker.attempts import Attempt

#: How an attempt ended: `lost` when the job is somebody else's by now.
Outcome: TypeAlias = Literal["posted", "retrying", "dead_letter", "lost"]


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """An attempt at a job is over, and the database knows."""

    attempt: Attempt
    outcome: Outcome
    #: How often the job has failed by now.
    retries: int
    #: How long the handler ran.
    milliseconds: int
    #: How long the job had been due when it was claimed.
    waited_ms: int
    remote_id: str | None
    error: str | None
    next_retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Started:
    """The worker looks for jobs from now on."""

    concurrency: int


@dataclass(frozen=True, slots=True)
class Stopping:
    """The worker claims nothing any more and waits for what runs."""

    reason: str
    running: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The worker is at its end: what became of the attempts."""

    posted: int
    retrying: int
    dead_letter: int
    lost: int
    #: Attempts that had no end; their jobs come back when their leases end.
    unfinished: int


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """A connection was lost or refused and is tried again after a pause."""

    purpose: str
    failures: int
    delay: float
    reason: str


@dataclass(frozen=True, slots=True)
class Reconnected:
    """A connection that was lost is there again."""

    purpose: str


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """A job was taken back from a worker whose lease had ended."""

    job_id: int
    status: str
    attempt_token: int
    locked_by: str | None


@dataclass(frozen=True, slots=True)
class RetentionRun:
    """The worker had the turn of retention; so many rows went."""

    removed: RetentionReport


@dataclass(frozen=True, slots=True)
class RetentionFailed:
    """Retention did not run to its end; it does another time."""

    reason: str


WorkerEvent: TypeAlias = (
    AttemptEnded
    | Reclaimed
    | Reconnected
    | Reconnecting
    | RetentionFailed
    | RetentionRun
    | Started
    | Stopped
    | Stopping
)
#: Is told of everything, from the thread in which the worker runs.
Log: TypeAlias = Callable[[WorkerEvent], None]
