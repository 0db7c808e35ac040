"""One class for each thing that can go wrong with approvals, requests and jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.errors import DataLayerError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta
    from decimal import Decimal

    from datalayer.queries.operations.queue import Job


class ApprovalNotFound(DataLayerError):
    """No approval has that id: never asked for, or its time of retention is over."""

    def __init__(self, approval_id: str) -> None:
        """Keep the id."""
        super().__init__(f"no approval `{approval_id}`")
        self.approval_id = approval_id


class ApprovalExists(DataLayerError):
    """There is an approval of that id; leave it as it is, or give none to get a new id.

    Nothing has changed.
    """

    def __init__(self, approval_id: str) -> None:
        """Keep the id."""
        super().__init__(f"approval `{approval_id}` exists already")
        self.approval_id = approval_id


class PayloadNotObject(DataLayerError):
    """Only objects merge; pass an object, and patch what was stored as one.

    Nothing has changed.
    """

    def __init__(self, approval_id: str) -> None:
        """Keep the id."""
        super().__init__(
            f"the payload of approval `{approval_id}`, or its patch, is not an object"
        )
        self.approval_id = approval_id


class FingerprintMismatch(DataLayerError):
    """The key was used for another request; choose a new key for each request.

    The request must not run, and its caller made the mistake: HTTP says 422.
    """

    def __init__(self, key: str) -> None:
        """Keep the key."""
        super().__init__(f"key `{key}` was used for another request")
        self.key = key


class AttemptAbandoned(DataLayerError):
    """The attempt may not store its answer; look up what the key has by now.

    It was abandoned, because it took too long, or it had stored an answer before.
    Nothing has changed.
    """

    def __init__(self, key: str, begun_at: datetime) -> None:
        """Keep the key, and when the attempt began."""
        super().__init__(
            f"the attempt at key `{key}` that began at {begun_at.isoformat()} "
            "was abandoned, or has ended"
        )
        self.key = key
        self.begun_at = begun_at


class KeyContended(DataLayerError):
    """The key came and went each time that it was looked at; begin once more.

    Others begin and abandon it all the time, or a trigger keeps it from being stored.
    """

    def __init__(self, key: str, tries: int) -> None:
        """Keep the key, and how often it was tried."""
        super().__init__(f"key `{key}` came and went {tries} times")
        self.key = key


class TimestampOutOfRange(DataLayerError):
    """The message is too old, or from the future; refuse it.

    When it happens to honest ones, a clock is wrong: the sender's or the database's.
    """

    def __init__(self, timestamp_ms: int, clock_ms: int, tolerance: timedelta) -> None:
        """Keep the time of the message, that of the server, and the tolerance."""
        super().__init__(
            f"timestamp {timestamp_ms} is not within {tolerance} of {clock_ms}"
        )
        self.timestamp_ms = timestamp_ms
        self.clock_ms = clock_ms
        self.tolerance = tolerance


class NonceReplayed(DataLayerError):
    """The nonce was used before; do not act on the message a second time.

    A sender who repeats a message in good faith may be answered as the first time.
    """

    def __init__(self, nonce: str) -> None:
        """Keep the nonce."""
        super().__init__(f"nonce `{nonce}` was used before")
        self.nonce = nonce


class InvalidLatency(DataLayerError):
    """A latency is a number of milliseconds, zero or more; correct the measurement.

    A clock that can be set back measures negative ones: use `time.perf_counter`.
    """

    def __init__(self, name: str, milliseconds: float | Decimal) -> None:
        """Keep the name and what was measured."""
        super().__init__(f"latency `{name}` is {milliseconds}, not zero or more")
        self.name = name
        self.milliseconds = milliseconds


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


@dataclass(frozen=True, slots=True)
class WrongSetting:
    """A setting, its value as it may be shown, and what it is not."""

    name: str
    value: str
    needed: str

    def __str__(self) -> str:
        """Return it as a sentence."""
        return f"`{self.name}` is {self.value}, {self.needed}"


class InvalidSetting(DataLayerError):
    """A setting of retention is out of bounds or misspelt; correct each that is named.

    Nothing was removed.
    """

    def __init__(self, problems: Sequence[WrongSetting]) -> None:
        """Keep all that is wrong, and name each in the message."""
        texts = [str(problem) for problem in problems]
        if len(texts) > 1:
            texts.insert(0, f"{len(texts)} settings of retention are wrong:")
        super().__init__("\n  ".join(texts))
        self.problems = tuple(problems)


class OperationsUnusable(DataLayerError):
    """The database lacks the tables of operations, or refused what it was asked.

    Apply the migrations, or do what the message and the help say.
    """


class HandlerNameError(DataLayerError):
    """The text cannot name a function; write `package.module:function`."""


class HandlerNotFound(DataLayerError):
    """No module, or nothing in it, has the name of the handler; correct the name."""


class HandlerImportFailed(DataLayerError):
    """The module of the handler raised an error, which is shown; correct it there."""


class HandlerNotCallable(DataLayerError):
    """The name means no function that takes a job alone; name one that does."""
