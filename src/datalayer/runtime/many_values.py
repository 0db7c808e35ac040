"""The parameters of many calls of one query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from datalayer.runtime.parameters import array

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

ItemT = TypeVar("ItemT")


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


def arrays_of(sets: Sequence[Sequence[object]]) -> list[list[Any] | None]:
    """Return an array for each parameter, of what it is in each set."""
    return [array(_itself, list(column)) for column in zip(*sets, strict=True)]


def _itself(value: object) -> object:
    return value
