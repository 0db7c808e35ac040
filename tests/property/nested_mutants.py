"""Wrong ways to nest rows, each of which the law must notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from datalayer.runtime import Nest
from datalayer.runtime.nesting import Row, build_nested


def _first_column(nest: Nest) -> int:
    first = nest.fields[0]
    return _first_column(first) if isinstance(first, Nest) else first


def _changed(nest: Nest, change: Callable[[Nest], Nest]) -> Nest:
    """Return a nest in which each nested one is changed."""
    fields = tuple(
        change(_changed(each, change)) if isinstance(each, Nest) else each
        for each in nest.fields
    )
    return replace(nest, fields=fields)


def _of_nests(change: Callable[[Nest], Nest]) -> Callable[..., list[Any]]:
    return lambda nest, rows: build_nested(_changed(nest, change), rows)


def _by_first(nest: Nest) -> Nest:
    return nest if nest.present is None else replace(nest, present=_first_column(nest))


def _never_missing(nest: Nest) -> Nest:
    return nest if nest.many else replace(nest, present=None)


def _never_empty(nest: Nest) -> Nest:
    return replace(nest, present=None) if nest.many else nest


def _not_told_apart(nest: Nest) -> Nest:
    return replace(nest, key=None) if nest.many and nest.key else nest


def _all_the_same(nest: Nest) -> Nest:
    return replace(nest, key=()) if nest.many else nest


def _by_values(nest: Nest) -> Nest:
    """Take lists for sets: equal objects become one."""
    columns = tuple(each for each in nest.fields if isinstance(each, int))
    return replace(nest, key=columns[:1]) if nest.many else nest


def _adjacent(nest: Nest, rows: Sequence[Row]) -> list[Any]:
    """Begin another object wherever the key of the row changes."""
    if not nest.key:
        return build_nested(nest, rows)
    parts = groupby(rows, key=itemgetter(*nest.key))
    return [each for _, part in parts for each in build_nested(nest, list(part))]


def _sorted(nest: Nest, rows: Sequence[Row]) -> list[Any]:
    if not nest.key:
        return build_nested(nest, rows)
    return build_nested(nest, sorted(rows, key=itemgetter(*nest.key)))


def _backwards(nest: Nest, rows: Sequence[Row]) -> list[Any]:
    return build_nested(nest, rows[::-1])


#: What builds objects of rows, wrongly, by what it gets wrong.
MUTANTS: Mapping[str, Callable[[Nest, Sequence[Row]], list[Any]]] = {
    "adjacent rows only": _adjacent,
    "all rows of a list are one": _of_nests(_all_the_same),
    "backwards": _backwards,
    "equal names are one": _of_nests(_by_values),
    "in the order of keys": _sorted,
    "none when the first column is NULL": _of_nests(_by_first),
    "not told apart": _of_nests(_not_told_apart),
    "object without a match": _of_nests(_never_missing),
    "row of a list without a match": _of_nests(_never_empty),
}
