"""What callers give to any domain, and what of it is refused before it is sent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from datalayer.domains.errors import InvalidArgument, NaiveTime
from datalayer.runtime import UNSET, Unset

if TYPE_CHECKING:
    from datetime import datetime

ValueT = TypeVar("ValueT")

#: The largest integer that the server counts rows with.
MOST = 2**63 - 1

#: The largest number of tokens, or of attempts.
MOST_SMALL = 2**31 - 1

#: No duration is longer: the server's calendar has an end.
LONGEST = timedelta(days=36525)


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


def check_counts(*, most: int = MOST, **counts: int | None) -> None:
    """Raise `InvalidArgument` for the first of these below 1, or far too large."""
    for name, count in counts.items():
        if count is not None and not 1 <= count <= most:
            raise InvalidArgument(name, count, f"a whole number from 1 to {most}")


def check_durations(**durations: timedelta | None) -> None:
    """Raise `InvalidArgument` for the first of these that is not above zero."""
    for name, duration in durations.items():
        if duration is not None and not timedelta(0) < duration <= LONGEST:
            raise InvalidArgument(name, duration, "a duration above zero")


def storable_text(text: str) -> str:
    """Return a text with what no column can hold replaced by escapes.

    NUL and lone surrogates become `\\x00` and such as `\\ud800`.
    """
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return whole.replace("\0", "\\x00")


def unset_if_none(value: ValueT | None) -> ValueT | Unset:
    """Return what a filter of a query is given for an argument that may be None."""
    return UNSET if value is None else value
