"""One class for each thing that can go wrong with approvals, requests and jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.errors import DataLayerError

if TYPE_CHECKING:
    from datetime import timedelta

    from datalayer.queries.operations.queue import Job


class JobError(DataLayerError):
    """Something is wrong with a job; the classes below say what."""

    def __init__(self, job_id: int, problem: str, *, help: str | None = None) -> None:
        """Keep the id of the job and name it in the message."""
        super().__init__(f"job {job_id} {problem}", help=help)
        self.job_id = job_id


class JobNotFound(JobError):
    """No job has that id: it was never scheduled, or has been removed."""

    def __init__(self, job_id: int) -> None:
        """Keep the id."""
        super().__init__(job_id, "does not exist")


class JobProcessing(JobError):
    """A worker has the job; wait until its lease ends, or remove it with `force`."""

    def __init__(self, job_id: int, locked_by: str | None) -> None:
        """Keep the id of the job and its worker."""
        super().__init__(
            job_id,
            f"is being worked on by `{locked_by}`",
            help="wait until it is done, or pass `force=True`",
        )
        self.locked_by = locked_by


class AttemptLost(JobError):
    """The attempt is not the current one; leave the job to whoever has it by now.

    The lease ended and another worker claimed the job, or the attempt was ended before.
    Nothing has changed.
    """

    def __init__(self, job_id: int, attempt_token: int) -> None:
        """Keep the job and the token."""
        super().__init__(job_id, f"is no longer in attempt {attempt_token}")
        self.attempt_token = attempt_token


class NotDeadLetter(JobError):
    """Only a dead letter is replayed; the job waits, is worked on or was posted."""

    def __init__(self, job_id: int, status: str) -> None:
        """Keep the job and its status."""
        super().__init__(job_id, f"is `{status}`, not `dead_letter`")
        self.status = status


class KeyInUse(JobError):
    """A newer job has the dead letter's key; let that one end, or remove it, first."""

    def __init__(self, job_id: int, idempotency_key: str | None) -> None:
        """Keep the dead letter and the key."""
        super().__init__(
            job_id, f"cannot be replayed: another job has its key `{idempotency_key}`"
        )
        self.idempotency_key = idempotency_key


class ScheduleConflict(DataLayerError):
    """A job of the platform is too close; choose a time further from that one."""

    def __init__(self, job: Job, min_gap: timedelta) -> None:
        """Keep the job that is in the way, and the gap."""
        super().__init__(
            f"job {job.id} of `{job.platform}` is scheduled within {min_gap}, "
            f"at {job.scheduled_at.isoformat()}"
        )
        self.job = job
        self.min_gap = min_gap


class IsolationTooHigh(DataLayerError):
    """The transaction sees none of what others commit; use READ COMMITTED.

    It cannot see a conflict that was scheduled while it waited for its turn.
    """

    def __init__(self, isolation_level: str) -> None:
        """Keep the level of the transaction."""
        super().__init__(
            f"the transaction is at {isolation_level.upper()}, "
            "and would not see what others schedule",
            help="call this in a transaction at READ COMMITTED, or outside of any",
        )
        self.isolation_level = isolation_level


class FenceRefused(DataLayerError):
    """The worker lock is lost; stop leading, and write nothing more under this token.

    It expired, was released, or somebody else has acquired it.
    """

    def __init__(self, lock_id: int, token: int) -> None:
        """Keep the lock and the token."""
        super().__init__(f"token {token} of worker lock {lock_id} is no longer valid")
        self.lock_id = lock_id
        self.token = token
