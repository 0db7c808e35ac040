"""What the queue should do, in plain Python and without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from datalayer.queries.operations.queue import Job as Row

Column = TypeVar("Column")
#: The id of a job, and a token for it.
Attempt = tuple[int, int]

STATUSES = ("scheduled", "retrying", "processing", "posted", "dead_letter")
_WAITING = STATUSES[:2]
_LIVE = STATUSES[:3]


def in_utc(value: Column) -> Column:
    """A time as one whose sums are sums of hours; everything else as it is."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value


@dataclass
class Job:
    """A job, with the columns of its row."""

    id: int
    platform: str
    content: str
    scheduled_at: datetime
    created_at: datetime
    updated_at: datetime
    idempotency_key: str | None = None
    status: str = "scheduled"
    retries: int = 0
    next_retry_at: datetime | None = None
    remote_id: str | None = None
    posted_at: datetime | None = None
    last_error: str | None = None
    dead_letter_at: datetime | None = None
    dead_letter_reason: str | None = None
    replayed_at: datetime | None = None
    locked_by: str | None = None
    locked_until: datetime | None = None
    attempt_token: int = 0

    @classmethod
    def of(cls, row: Row) -> Job:
        return cls(
            **{each.name: in_utc(getattr(row, each.name)) for each in fields(cls)}
        )

    @property
    def due_at(self) -> datetime:
        return self.next_retry_at or self.scheduled_at

    @property
    def is_waiting(self) -> bool:
        return self.status in _WAITING

    @property
    def is_live(self) -> bool:
        return self.status in _LIVE

    @property
    def attempt(self) -> Attempt:
        return self.id, self.attempt_token

    def leave_worker(self, status: str, now: datetime) -> None:
        self.status = status
        self.locked_by = self.locked_until = None
        self.updated_at = now

    def die(self, reason: str, now: datetime) -> None:
        self.dead_letter_at = now
        self.dead_letter_reason = reason


@dataclass(frozen=True)
class Backoff:
    """How long a job waits after it failed; None is the server's own choice."""

    first: timedelta | None = None
    most: timedelta | None = None
    jitter: float = 0.1

    def after(self, failures: int) -> timedelta:
        """The wait after so many failures, the last one included, without jitter."""
        most = self.most or timedelta(hours=24)
        wait = self.first or timedelta(minutes=5)
        for _ in range(failures - 1):
            if wait >= most:
                break
            wait *= 2
        return min(wait, most)


@dataclass
class Queue:
    """All jobs, and how each call changes them."""

    jobs: dict[int, Job] = field(default_factory=dict)
    inserted: int = 0
    removed: int = 0
    #: Every token that was ever given, and how the attempt ended.
    given: list[Attempt] = field(default_factory=list)
    ended: dict[Attempt, str] = field(default_factory=dict)

    # What is there.

    def of_status(self, *statuses: str) -> list[Job]:
        return [job for job in self.jobs.values() if job.status in statuses]

    def live(self) -> list[Job]:
        return [job for job in self.jobs.values() if job.is_live]

    def waiting(self) -> list[Job]:
        return [job for job in self.jobs.values() if job.is_waiting]

    def live_by_key(self, key: str | None) -> Job | None:
        if key is None:
            return None
        return next((job for job in self.live() if job.idempotency_key == key), None)

    def due(self, now: datetime, since: datetime | None = None) -> list[Job]:
        """What a claim may take, in the order in which it takes it."""
        found = [job for job in self.waiting() if job.due_at <= now]
        found = [job for job in found if since is None or job.due_at >= since]
        return sorted(found, key=lambda job: (job.due_at, job.id))

    def expired(self, now: datetime) -> list[Job]:
        """Whose lease has ended, in the order in which it did."""
        ends = [
            (job.locked_until, job.id, job)
            for job in self.jobs.values()
            if job.locked_until is not None and job.locked_until <= now
        ]
        return [job for _, _, job in sorted(ends, key=lambda end: end[:2])]

    def conflict(self, platform: str, at: datetime, gap: timedelta) -> Job | None:
        near = [
            job
            for job in self.live()
            if job.platform == platform and abs(job.scheduled_at - at) <= gap
        ]
        return min(near, key=lambda job: (job.scheduled_at, job.id), default=None)

    def holder(self, attempt: Attempt) -> Job | None:
        """The job that this attempt may end."""
        job = self.jobs.get(attempt[0])
        if job is None or job.status != "processing" or job.attempt != attempt:
            return None
        return job

    def age(self, now: datetime) -> timedelta | None:
        due = self.due(now)
        return now - due[0].due_at if due else None

    def next_work(self, now: datetime) -> timedelta | None:
        times = [job.due_at for job in self.waiting()]
        times += [job.locked_until for job in self.jobs.values() if job.locked_until]
        return min(times) - now if times else None

    # What changes it.

    def insert(self, row: Row) -> Job:
        job = Job.of(row)
        self.jobs[job.id] = job
        self.inserted += 1
        return job

    def claim(self, job: Job, worker: str, until: datetime, now: datetime) -> None:
        job.status = "processing"
        job.next_retry_at = None
        job.locked_by, job.locked_until = worker, until
        job.attempt_token += 1
        job.updated_at = now

    def extend(
        self, attempts: Sequence[Attempt], until: datetime, now: datetime
    ) -> set[int]:
        held = [job for job in map(self.holder, attempts) if job is not None]
        for job in held:
            job.locked_until, job.updated_at = until, now
        return {job.id for job in held}

    def complete(self, job: Job, remote_id: str | None, now: datetime) -> None:
        job.leave_worker("posted", now)
        job.remote_id, job.posted_at, job.last_error = remote_id, now, None

    def fail(self, job: Job, error: str, is_last: bool, now: datetime) -> None:
        """Count a failure; the server chooses when a retry is due."""
        job.leave_worker("dead_letter" if is_last else "retrying", now)
        job.retries += 1
        job.last_error = error
        if is_last:
            job.die(error, now)

    def reclaim(self, job: Job, most_claims: int | None, now: datetime) -> None:
        job.last_error = f"the lease of {job.locked_by} ended"
        job.leave_worker("retrying" if job.retries else "scheduled", now)
        if most_claims is not None and job.attempt_token >= most_claims:
            job.status = "dead_letter"
            job.die(
                f"claimed {job.attempt_token} times, and the lease ended",
                now,
            )

    def remove(self, job: Job) -> None:
        del self.jobs[job.id]
        self.removed += 1

    def may_replay(self, job: Job) -> bool:
        is_dead = job.status == "dead_letter"
        return is_dead and self.live_by_key(job.idempotency_key) is None

    def replay(self, job: Job, row: Row) -> None:
        """Begin again; the server's clock says when that was."""
        job.status, job.retries, job.last_error = "scheduled", 0, None
        job.dead_letter_at = job.dead_letter_reason = None
        job.replayed_at, job.updated_at = (
            in_utc(row.replayed_at),
            in_utc(row.updated_at),
        )
