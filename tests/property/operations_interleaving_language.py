"""The steps that sessions take on the tables of operations, and programs of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Isolation: TypeAlias = Literal["READ COMMITTED", "REPEATABLE READ"]


@dataclass(frozen=True, slots=True)
class Begin:
    isolation: Isolation = "READ COMMITTED"


@dataclass(frozen=True, slots=True)
class Commit:
    pass


@dataclass(frozen=True, slots=True)
class Rollback:
    pass


@dataclass(frozen=True, slots=True)
class Tick:
    """Let the clock of the program go on, for all sessions."""

    seconds: int


# The queue. An attempt is counted back from what was claimed last, by anybody; a job
# from the oldest.


@dataclass(frozen=True, slots=True)
class Claim:
    limit: int


@dataclass(frozen=True, slots=True)
class Complete:
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class CompleteMany:
    attempts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fail:
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Extend:
    attempts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reclaim:
    limit: int
    max_claims: int | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    key: str | None


@dataclass(frozen=True, slots=True)
class ScheduleMany:
    #: Different ones.
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockPlatform:
    pass


@dataclass(frozen=True, slots=True)
class FindConflict:
    at: int


@dataclass(frozen=True, slots=True)
class ScheduleIfFree:
    """Schedule where the transaction has locked the platform and found no conflict."""

    at: int


@dataclass(frozen=True, slots=True)
class Remove:
    job: int
    force: bool = False


@dataclass(frozen=True, slots=True)
class Replay:
    job: int


@dataclass(frozen=True, slots=True)
class Register:
    nonce: str


# Idempotency. A request is counted back from what was begun last, by anybody.


@dataclass(frozen=True, slots=True)
class BeginRequest:
    key: str


@dataclass(frozen=True, slots=True)
class FinishRequest:
    request: int = 0


@dataclass(frozen=True, slots=True)
class AbandonRequest:
    key: str
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    request: int = 0


@dataclass(frozen=True, slots=True)
class GetRequest:
    key: str


@dataclass(frozen=True, slots=True)
class Decide:
    approval: str
    status: Literal["approved", "rejected"]


@dataclass(frozen=True, slots=True)
class Patch:
    approval: str
    member: str


# The worker lock. A token is counted back from what was acquired last, by anybody.


@dataclass(frozen=True, slots=True)
class Acquire:
    owner: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Renew:
    seconds: int
    token: int = 0


@dataclass(frozen=True, slots=True)
class Release:
    token: int = 0


@dataclass(frozen=True, slots=True)
class Guard:
    token: int = 0


@dataclass(frozen=True, slots=True)
class Increment:
    name: str
    amount: int


@dataclass(frozen=True, slots=True)
class Observe:
    name: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class TakeTurn:
    pass


@dataclass(frozen=True, slots=True)
class Prune:
    """Retention of one table; `newest` are kept, or all that are not too old."""

    table: Literal["approvals", "idempotency", "nonces"]
    newest: int | None = None


Control: TypeAlias = Begin | Commit | Rollback | Tick
QueueStep: TypeAlias = (
    Claim
    | Complete
    | CompleteMany
    | Fail
    | Extend
    | Reclaim
    | Schedule
    | ScheduleMany
    | LockPlatform
    | FindConflict
    | ScheduleIfFree
    | Remove
    | Replay
)
StoreStep: TypeAlias = (
    Register
    | BeginRequest
    | FinishRequest
    | AbandonRequest
    | ReleaseRequest
    | GetRequest
    | Decide
    | Patch
    | Acquire
    | Renew
    | Release
    | Guard
    | Increment
    | Observe
    | TakeTurn
    | Prune
)
Operation: TypeAlias = QueueStep | StoreStep
Step: TypeAlias = Control | Operation


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job that is there when the program begins."""

    #: Seconds before the program begins; negative for later ones.
    age: int = 60
    key: str | None = None
    is_dead: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """What sessions do, in the order in which they would do it if nobody waited."""

    jobs: tuple[StoredJob, ...]
    steps: tuple[tuple[int, Step], ...]
