"""What callers give, and what of it is refused before anything is sent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from datalayer.domains.errors import InvalidArgument, NaiveTime

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

#: The largest integer that the server counts rows with.
MOST = 2**63 - 1

_LONGEST_NAME = 63

#: The largest number of tokens, or of attempts.
MOST_SMALL = 2**31 - 1

#: No duration is longer: the server's calendar has an end.
LONGEST = timedelta(days=36525)


def check_texts(**texts: str | None) -> None:
    """Raise `InvalidArgument` for the first of these that no column can hold."""
    for name, text in texts.items():
        if text is not None and not is_storable(text):
            raise InvalidArgument(name, text, "text without NUL or lone surrogates")


def check_given(**texts: str | None) -> None:
    """Raise `InvalidArgument` for the first of these that is empty, or not storable."""
    check_texts(**texts)
    for name, text in texts.items():
        if text == "":
            raise InvalidArgument(name, text, "a text that is not empty")


def check_choice(name: str, value: str, choices: Iterable[str]) -> None:
    """Raise `InvalidArgument` for a value that is none of the choices."""
    allowed = sorted(choices)
    if value not in allowed:
        raise InvalidArgument(name, value, " or ".join(map(repr, allowed)))


def check_counts(*, most: int = MOST, **counts: int | None) -> None:
    """Raise `InvalidArgument` for the first of these below 1, or far too large."""
    for name, count in counts.items():
        if count is not None and not 1 <= count <= most:
            raise InvalidArgument(name, count, f"a whole number from 1 to {most}")


def check_sizes(**sizes: int | None) -> None:
    """Raise `InvalidArgument` for the first of these below 0, or far too large."""
    for name, size in sizes.items():
        if size is not None and not 0 <= size <= MOST_SMALL:
            raise InvalidArgument(name, size, f"a whole number from 0 to {MOST_SMALL}")


def check_durations(**durations: timedelta) -> None:
    """Raise `InvalidArgument` for the first of these that is not above zero."""
    for name, duration in durations.items():
        if not timedelta(0) < duration <= LONGEST:
            raise InvalidArgument(name, duration, "a duration above zero")


def check_times(**times: datetime | None) -> None:
    """Raise `NaiveTime` for the first of these without a zone."""
    for name, time in times.items():
        if time is not None and time.utcoffset() is None:
            raise NaiveTime(name, time)


def check_role(role: str | None) -> None:
    """Raise `InvalidArgument` for what cannot be the name of a role.

    The server would cut it, and take the name of another one.
    """
    check_given(role=role)
    if role is not None and len(role.encode()) > _LONGEST_NAME:
        raise InvalidArgument("role", role, f"a name of at most {_LONGEST_NAME} bytes")


def is_storable(text: str) -> bool:
    """Return whether a column can hold a text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
