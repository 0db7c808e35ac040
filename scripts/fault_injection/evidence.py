"""What is known after a run, of which the judge makes a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from fault_injection.tasks import Task


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is in the end."""

    id: int
    key: str
    status: str
    retries: int
    attempt_token: int
    remote_id: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """A job after a change, as a trigger of the database noted it."""

    #: Grows with each change of a job.
    number: int
    job_id: int
    #: `INSERT`, `UPDATE` or `DELETE`.
    operation: str
    #: When the statement began, by the clock of the server.
    at: datetime
    status: str
    retries: int
    attempt_token: int
    #: When it is due, as long as it waits.
    due_at: datetime
    locked_by: str | None = None
    locked_until: datetime | None = None
    remote_id: str | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A call of the remote."""

    #: Grows with each call for a job.
    number: int
    job_id: int
    token: int
    #: Whether it became the effect of the job.
    accepted: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """What the remote has of a job in the end."""

    job_id: int
    token: int
    remote_id: str


@dataclass(frozen=True, slots=True)
class Line:
    """What a worker logged about an attempt."""

    worker: str
    job_id: int
    token: int
    #: `posted`, `retrying`, `dead_letter` or `lost`.
    outcome: str


@dataclass(frozen=True, slots=True)
class Exit:
    """How a worker ended that nobody killed."""

    worker: str
    #: Whether it was asked to.
    asked: bool
    #: Whether it had found the server before.
    began: bool
    code: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known."""

    tasks: tuple[Task, ...]
    jobs: tuple[Job, ...]
    changes: tuple[Change, ...]
    deliveries: tuple[Delivery, ...]
    effects: tuple[Effect, ...]
    lines: tuple[Line, ...] = ()
    exits: tuple[Exit, ...] = ()
    #: How many jobs had not ended when nothing ended any more.
    left: int = 0
