"""Members of objects, as the types they must have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.domains.conversations.importing.problems import LineProblem, kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.domains.conversations.importing.decoding import JsonObject
    from datalayer.runtime import JsonValue

#: The largest number of an int4 column.
MAX_COUNT = 2**31 - 1


def first_of(source: JsonObject, names: Sequence[str]) -> tuple[str, JsonValue]:
    """Return the first of some members that is not null, with its name."""
    for name in names:
        value = source.get(name)
        if value is not None:
            return name, value
    return names[0], None


def object_of(name: str, value: JsonValue) -> JsonObject:
    """Return an object, an empty one for null."""
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise LineProblem(f"`{name}` is {kind_of(value)}, not an object")


def list_of(name: str, value: JsonValue) -> list[JsonValue]:
    """Return a list, an empty one for null."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise LineProblem(f"`{name}` is {kind_of(value)}, not a list")


def text_of(name: str, value: JsonValue, *, longest: int) -> str | None:
    """Return a text that is not empty, or nothing."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise LineProblem(f"`{name}` is {kind_of(value)}, not text")
    if len(value) > longest:
        raise LineProblem(f"`{name}` has {len(value)} characters, not {longest}")
    return value


def count_of(name: str, value: JsonValue) -> int | None:
    """Return a whole number that an int4 column takes, or nothing."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LineProblem(f"`{name}` is {kind_of(value)}, not a number")
    if value < 0 or value > MAX_COUNT:
        raise LineProblem(f"`{name}` is {value}, not from 0 to {MAX_COUNT}")
    return round(value)
