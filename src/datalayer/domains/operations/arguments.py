"""What callers give to the queue and the lock, and what of it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from datalayer.domains.errors import InvalidArgument, NaiveTime

#: No lease, backoff or gap is longer: the server's calendar has an end.
LONGEST = timedelta(days=36525)

#: The largest integer that the server counts with where rows are numbered.
MOST = 2**63 - 1

#: The largest number of attempts.
MOST_ATTEMPTS = 2**31 - 1

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


def check_times(**times: datetime | None) -> None:
    """Raise `NaiveTime` for the first of these without a zone."""
    for name, time in times.items():
        if time is not None and time.utcoffset() is None:
            raise NaiveTime(name, time)


def check_texts(**texts: str | None) -> None:
    """Raise `InvalidArgument` for the first of these that no column can hold."""
    for name, text in texts.items():
        if text is not None and text != storable_text(text):
            raise InvalidArgument(name, text, "text without NUL or lone surrogates")


def storable_text(text: str) -> str:
    """Return a text with what no column can hold replaced by escapes."""
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return whole.replace("\0", "\\x00")


def check_counts(*, most: int = MOST, **counts: int | None) -> None:
    """Raise `InvalidArgument` for the first of these below 1, or far too large."""
    for name, count in counts.items():
        if count is not None and not 1 <= count <= most:
            raise InvalidArgument(name, count, f"a whole number from 1 to {most}")


def check_durations(**durations: timedelta | None) -> None:
    """Raise `InvalidArgument` for the first of these that is not above zero."""
    for name, duration in durations.items():
        if duration is not None and not _ZERO < duration <= LONGEST:
            raise InvalidArgument(name, duration, "a duration above zero")


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
