"""What callers give to the queue and the lock, and what of it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from datalayer.domains.arguments import LONGEST
from datalayer.domains.errors import InvalidArgument

_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to schedule; without a time it is due at once."""

    platform: str
    content: str
    scheduled_at: datetime | None = None
    idempotency_key: str | None = None


class Attempt(Protocol):
    """What names one attempt at a job; a claimed job does."""

    @property
    def id(self) -> int:
        """The id of the job."""
        ...

    @property
    def attempt_token(self) -> int:
        """The token that the claim returned."""
        ...


def check_gap(min_gap: timedelta) -> None:
    """Raise `InvalidArgument` for a gap below zero."""
    if not _ZERO <= min_gap <= LONGEST:
        raise InvalidArgument("min_gap", min_gap, "a duration of zero or more")


def check_jitter(jitter: float) -> None:
    """Raise `InvalidArgument` for a jitter that is no part of the backoff."""
    if not 0 <= jitter <= 1:
        raise InvalidArgument("jitter", jitter, "a number from 0 to 1")


def check_lock_id(lock_id: int) -> None:
    """Raise `InvalidArgument` for what is no smallint."""
    if not -(2**15) <= lock_id < 2**15:
        raise InvalidArgument("lock_id", lock_id, "a whole number of 16 bits")
