"""Ways to get pages wrong, each of which a law must notice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from datalayer.codegen import keysets, pieces
from datalayer.model import SortKey
from datalayer.runtime import Page, Paging, int8, paging, sync


@dataclass(frozen=True, slots=True)
class Mutant:
    """Something put in the place of a function."""

    name: str
    module: ModuleType
    attribute: str
    replacement: object


def _without_tie_breaker(keys: Sequence[SortKey]) -> str:
    return keysets.behind(keys[:-1])


def _or_equal(keys: Sequence[SortKey]) -> str:
    return f"({keysets.behind(keys)} OR {keysets.equal(keys)})"


def _all_ascending(keys: Sequence[SortKey]) -> str:
    return keysets.behind([replace(key, descending=False) for key in keys])


def _first_direction(keys: Sequence[SortKey]) -> str:
    return keysets.behind([replace(key, descending=keys[0].descending) for key in keys])


def _each_key_alone(keys: Sequence[SortKey]) -> str:
    return " AND ".join(
        f"({keysets.behind([key])})".replace("cursor_1", f"cursor_{number}")
        for number, key in enumerate(keys, 1)
    )


def _ascending_order(keys: Sequence[SortKey]) -> str:
    return keysets.order_by([replace(key, descending=False) for key in keys])


def _unbroken_order(keys: Sequence[SortKey]) -> str:
    """Break ties the other way round than the condition does."""
    last = keys[-1]
    return keysets.order_by([*keys[:-1], replace(last, descending=not last.descending)])


def _without_one_more(
    name: str,
    found: Paging,
    values: Mapping[str, object],
    *,
    limit: int,
    cursor: str | None,
    order: str,
) -> dict[str, object]:
    right = paging.page_values(
        name, found, values, limit=limit, cursor=cursor, order=order
    )
    return {**right, found.limit: int8(limit)}


def _behind_one_more(
    name: str, found: Paging, rows: list[Any], *, limit: int, order: str
) -> Page[Any]:
    right = paging.page_of(name, found, rows, limit=limit, order=order)
    if right.next is None:
        return right
    keys = [getattr(rows[-1], attribute) for attribute in found.keys[order]]
    return Page(right.items, paging.write_cursor(name, found, keys, order=order))


def _too_early(
    name: str, found: Paging, rows: list[Any], *, limit: int, order: str
) -> Page[Any]:
    right = paging.page_of(name, found, rows, limit=limit, order=order)
    return Page(right.items, None if len(rows) <= limit + 1 else right.next)


#: What the generator writes wrongly.
GENERATED = [
    Mutant("all keys ascending", pieces, "behind", _all_ascending),
    Mutant("direction of the first key", pieces, "behind", _first_direction),
    Mutant("each key alone", pieces, "behind", _each_key_alone),
    Mutant("equal keys again", pieces, "behind", _or_equal),
    Mutant("no tie-breaker", pieces, "behind", _without_tie_breaker),
    Mutant("order ascending", pieces, "order_by", _ascending_order),
    Mutant("ties in another order", pieces, "order_by", _unbroken_order),
]
#: What is wrong when pages are read.
READ = [
    Mutant("cursor behind one row more", sync, "page_of", _behind_one_more),
    Mutant("no row more is read", sync, "page_values", _without_one_more),
    Mutant("the end comes too early", sync, "page_of", _too_early),
]
