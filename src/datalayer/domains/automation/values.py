"""What Python's None cannot say, and how often a change is tried."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeAlias

from datalayer.runtime import JsonInput, JsonValue, Unset
from datalayer.runtime.json import dumps


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


def json_text(value: JsonInput | JsonNull | Unset) -> str | Unset | None:
    """Return a value as JSON text; None stays NULL, and `UNSET` what it is."""
    if value is None or isinstance(value, Unset):
        return value
    return dumps(None if isinstance(value, JsonNull) else value).decode()
