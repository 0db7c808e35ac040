"""What Python's None cannot say, and how often a change is tried."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeAlias, TypeVar

from datalayer.runtime import JsonInput, JsonValue, Unset

ValueT = TypeVar("ValueT")


class JsonNull(Enum):
    """The type of `JSON_NULL`."""

    JSON_NULL = "null"


#: The null of JSON, where None is the NULL of SQL: compare with `is`.
JSON_NULL: Final = JsonNull.JSON_NULL

#: How often a change that found nothing is made. On a hypertable an UPDATE that had to
#: wait for another one finds nothing, whatever that has left (TimescaleDB 2.28, 2.29);
#: the next one sees what it has left.
TRIES: Final = 3

#: A value of history: None is NULL, `JSON_NULL` is JSON's null.
RecordedValue: TypeAlias = JsonValue | JsonNull

# History writes JSON's null, and what has such a member itself, into an object of one.
_WRAPPER = {"$json"}


def decode_fields(recorded: JsonValue) -> dict[str, RecordedValue]:
    """Return what `old_values`, `new_values` or a state of history holds."""
    if not isinstance(recorded, Mapping):
        return {}
    return {name: decode_value(value) for name, value in recorded.items()}


def decode_value(recorded: JsonValue) -> RecordedValue:
    """Return the value that history recorded in this form."""
    if isinstance(recorded, dict) and set(recorded) == _WRAPPER:
        original = recorded["$json"]
        return JSON_NULL if original is None else original
    return recorded


def sent(value: ValueT | Unset) -> ValueT | None:
    """Return what is sent for an argument; for one that was not given, None."""
    return None if isinstance(value, Unset) else value


def sent_json(value: JsonInput | JsonNull | Unset) -> JsonInput:
    """Return what is sent for JSON; for what None cannot say, None."""
    return None if isinstance(value, JsonNull | Unset) else value
