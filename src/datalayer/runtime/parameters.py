"""Parameters as the types that PostgreSQL inferred.

psycopg chooses the type of a parameter by its value: 5 is an int2 and 50000 an int4, so
that one call could run another operator or function than the one that was checked. Each
function here returns something that the server either sees as the inferred type, or as
text of unknown type, from which it infers the same type again.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from psycopg import DataError
from psycopg.types.multirange import Multirange
from psycopg.types.numeric import Float4, Float8, Int2, Int4, Int8, Oid
from psycopg.types.range import Range

from datalayer.errors import InvalidLimit
from datalayer.runtime.json import json_, jsonb
from datalayer.runtime.records import quoted

ValueT = TypeVar("ValueT")

_FLOAT4_MAX = 3.4028235677973366e38


def at_most(maximum: int, name: str, value: ValueT) -> ValueT:
    """Return the value of a parameter; raise `InvalidLimit` above its maximum."""
    if isinstance(value, int) and value > maximum:
        raise InvalidLimit(
            f"`{name}` is {value}, and at most {maximum} is allowed",
            help="pass a smaller number",
        )
    return value


def int2(value: int | None) -> Int2 | str | None:
    """Return an int2 parameter."""
    if value is None:
        return None
    if -0x8000 <= value <= 0x7FFF:
        return Int2(value)
    return _too_large(value)


def int4(value: int | None) -> Int4 | str | None:
    """Return an int4 parameter."""
    if value is None:
        return None
    if -0x8000_0000 <= value <= 0x7FFF_FFFF:
        return Int4(value)
    return _too_large(value)


def int8(value: int | None) -> Int8 | str | None:
    """Return an int8 parameter."""
    if value is None:
        return None
    if -(2**63) <= value <= 2**63 - 1:
        return Int8(value)
    return _too_large(value)


def oid(value: int | None) -> Oid | str | None:
    """Return an oid parameter."""
    if value is None:
        return None
    if 0 <= value <= 0xFFFF_FFFF:
        return Oid(value)
    return _too_large(value)


def float4(value: float | None) -> Float4 | str | None:
    """Return a float4 parameter."""
    if value is None:
        return None
    if math.isfinite(value) and abs(value) > _FLOAT4_MAX:
        return repr(float(value))
    return Float4(value)


def float8(value: float | None) -> Float8 | None:
    """Return a float8 parameter, also for an int."""
    return None if value is None else Float8(value)


def date_(value: datetime.date | None) -> datetime.date | None:
    """Return a date parameter, also for a datetime."""
    return value.date() if isinstance(value, datetime.datetime) else value


def time_(value: datetime.time | None) -> datetime.time | None:
    """Return a time parameter; refuse one with a time zone."""
    return _without_zone(value, "time")


def timetz(value: datetime.time | None) -> datetime.time | str | None:
    """Return a timetz parameter; without a zone it is in the session's."""
    if value is None or value.tzinfo is not None:
        return value
    return value.isoformat()


def timestamp(value: datetime.datetime | None) -> datetime.datetime | None:
    """Return a timestamp parameter; refuse one with a time zone."""
    return _without_zone(value, "timestamp")


def timestamptz(value: datetime.datetime | None) -> datetime.datetime | str | None:
    """Return a timestamptz parameter; without a zone it is in the session's."""
    if value is None or value.tzinfo is not None:
        return value
    return value.isoformat(" ")


def range_(value: Range[Any] | None) -> str | None:
    """Return a parameter of any range type, as text."""
    if value is None:
        return None
    if value.isempty:
        return "empty"
    bounds = value.bounds
    lower, upper = _bound(value.lower), _bound(value.upper)
    return f"{bounds[0]}{lower},{upper}{bounds[1]}"


def tsrange(value: Range[datetime.datetime] | None) -> str | None:
    """Return a tsrange parameter; refuse bounds with a time zone."""
    if value is not None:
        _without_zone(value.lower, "tsrange")
        _without_zone(value.upper, "tsrange")
    return range_(value)


def multirange(value: Multirange[Any] | None) -> str | None:
    """Return a parameter of any multirange type, as text."""
    if value is None:
        return None
    return "{" + ",".join(range_(each) or "" for each in value) + "}"


def tsmultirange(value: Multirange[datetime.datetime] | None) -> str | None:
    """Return a tsmultirange parameter; refuse bounds with a time zone."""
    for each in value or ():
        tsrange(each)
    return multirange(value)


def array(
    parameter: Callable[[ValueT], object], values: Iterable[ValueT] | None
) -> list[object] | None:
    """Return an array parameter whose elements are made by another function."""
    if values is None:
        return None
    # Thousands of them: a loop of the interpreter's own, and each type asked once.
    given = list(values)
    if list in set(map(type, given)) and parameter not in (json_, jsonb):
        return _nested_array(parameter, given)
    items = list(map(parameter, given))
    if any(issubclass(kind, str) for kind in set(map(type, items))):
        # Elements of one type or the other: all as text.
        return [None if item is None else str(item) for item in items]
    return items


def _nested_array(parameter: Callable[[Any], object], values: list[Any]) -> list[Any]:
    # An array of several dimensions, in which all that is no list is an element.
    flat = array(parameter, _leaves(values)) or []
    return _refilled(values, iter(flat))


def _leaves(values: list[Any]) -> Iterator[Any]:
    # `isinstance` would make pyright forget that a value is Any.
    for value in values:
        if issubclass(type(value), list):
            yield from _leaves(value)
        else:
            yield value


def _refilled(values: list[Any], leaves: Iterator[object]) -> list[Any]:
    return [
        _refilled(each, leaves) if issubclass(type(each), list) else next(leaves)
        for each in values
    ]


def delimited_array(values: Iterable[Any] | None, *, delimiter: str) -> str | None:
    """Return a parameter of an array whose elements no comma separates, as text."""
    if values is None:
        return None
    return "{" + delimiter.join(_element(each, delimiter) for each in values) + "}"


def to_text(value: object) -> str | None:
    """Return a parameter as the text that a class of the project's makes of it."""
    return None if value is None else str(value)


def _element(value: Any, delimiter: str) -> str:  # noqa: ANN401 - an element or a list
    if value is None:
        return "NULL"
    if issubclass(type(value), list):
        return delimited_array(value, delimiter=delimiter) or ""
    return _bound(value)


def _too_large(value: int) -> str:
    # psycopg would cut off the upper bits; as text the server refuses it.
    return str(value)


_ZonedT = TypeVar("_ZonedT", datetime.datetime, datetime.time)


def _without_zone(value: _ZonedT | None, type_name: str) -> _ZonedT | None:
    # As text the server would drop the zone, as a timestamptz it would convert to the
    # zone of the session: neither is what the author meant.
    if value is not None and value.tzinfo is not None:
        raise DataError(f"{value!r} has a time zone, a {type_name} has none")
    return value


def _bound(value: object) -> str:
    if value is None:
        return ""
    return quoted(str(value))
