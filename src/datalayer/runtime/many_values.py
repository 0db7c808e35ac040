"""The parameters of many calls of one query."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

from psycopg.types.json import Json, Jsonb

from datalayer.runtime.parameters import array

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

ItemT = TypeVar("ItemT")

#: How many sets are looked at, and how many bytes are little.
_LOOKED_AT = 16
_SMALL = 300
_CONTAINERS = (Json, Jsonb, dict, list, tuple)


class UnevenResult(Exception):
    """Many sets of parameters did not return a row each."""


def sets_of(
    items: Iterable[ItemT], values: Callable[[ItemT], Sequence[object]]
) -> tuple[list[Sequence[object]], Exception | None]:
    """Return the parameters of each item, up to the first that has none, and why."""
    found: list[Sequence[object]] = []
    try:
        for item in items:
            found.append(values(item))
    except Exception as error:
        return found, error
    return found, None


def are_small(sets: Sequence[Sequence[object]]) -> bool:
    """Tell, by some of them, whether sets of parameters take little memory."""
    some = sets[:: max(1, len(sets) // _LOOKED_AT)]
    return all(_is_small(value) for each in some for value in each)


def _is_small(value: object) -> bool:
    # What contains others does not tell how large they are.
    return not isinstance(value, _CONTAINERS) and sys.getsizeof(value) <= _SMALL


def arrays_of(sets: Sequence[Sequence[object]]) -> list[list[Any] | None]:
    """Return an array for each parameter, of what it is in each set."""
    return [array(_itself, list(column)) for column in zip(*sets, strict=True)]


def _itself(value: object) -> object:
    return value
