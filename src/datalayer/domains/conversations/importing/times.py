"""Moments and durations, in the ways in which logs write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from datalayer.domains.conversations.importing.members import count_of
from datalayer.domains.conversations.importing.problems import LineProblem, kind_of

if TYPE_CHECKING:
    from datalayer.runtime import JsonValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds have ten digits until the year 2286, milliseconds thirteen, and so on.
_UNITS_OF_EPOCHS = ((1e11, 1), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|s)\s*")
_FACTORS = {"ms": 1, "s": 1000}


def moment_of(name: str, value: JsonValue) -> datetime | None:
    """Return a moment in UTC, or nothing for null.

    Text is ISO 8601, in UTC unless it has a zone; a number is seconds, milliseconds,
    microseconds or nanoseconds since 1970, told apart by its size.
    """
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return _from_text(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _from_number(value)
    except (OverflowError, ValueError) as error:
        raise LineProblem(f"`{name}` is no time: {value!r:.60}") from error
    raise LineProblem(f"`{name}` is {kind_of(value)}, not a time")


def moment_of_header(value: JsonValue) -> datetime | None:
    """Return the moment of a `date` header, or nothing."""
    if not isinstance(value, str):
        return None
    try:
        found = parsedate_to_datetime(value)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def milliseconds_of(name: str, value: JsonValue) -> int | None:
    """Return a duration in milliseconds: a number of them, or `1.2 s`, or nothing."""
    if not isinstance(value, str):
        return count_of(name, value)
    found = _DURATION.fullmatch(value)
    if not found:
        raise LineProblem(f"`{name}` is no duration: {value!r:.60}")
    return count_of(name, float(found[1]) * _FACTORS[found[2]])


def _from_text(text: str) -> datetime:
    found = datetime.fromisoformat(text.strip())
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _from_number(number: float) -> datetime:
    for limit, units in _UNITS_OF_EPOCHS:
        if abs(number) < limit:
            # An integer of microseconds: a float of seconds would lose the last ones.
            return _EPOCH + timedelta(microseconds=round(number * 1_000_000 / units))
    raise ValueError("too far away")
