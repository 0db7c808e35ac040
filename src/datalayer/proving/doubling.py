"""Rows beside those that a query returns, as much like them as keys let them be."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.proving.model import Row, Witness
from datalayer.proving.worlds import may_be_left_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.proving.bindings import Column
    from datalayer.proving.model import Table, Written

#: How many rows are given others, those first that hold an argument.
_DOUBLED = 12


@dataclass(frozen=True, slots=True)
class _Way:
    """In which columns twins differ from their rows."""

    changed: frozenset[Column]
    #: Whether what need not be there is left out: no index sees such a row, perhaps.
    is_plain: bool = False


def doubled(witness: Witness, compared: frozenset[Column]) -> Iterator[Witness]:
    """Yield the rows with their twins: with all of them first, then with some.

    A twin differs from its row in columns of keys; rather in others than those which
    the statement compares with an argument. It is left to the database which of them
    are let in.
    """
    ways = [
        list(_twins(witness, way, compared)) for way in _ways(witness.rows, compared)
    ]
    every = [row for twins in ways for row in twins]
    for twins in (every, *ways):
        if twins:
            yield replace(witness, rows=(*witness.rows, *twins))


def _ways(rows: Sequence[Row], compared: frozenset[Column]) -> list[_Way]:
    tables = {row.table.oid: row.table for row in rows}
    keys = frozenset(
        (table.oid, column.name)
        for table in tables.values()
        for column in table.columns
        if column.is_key
    )
    linked = frozenset(
        (table.oid, name)
        for table in tables.values()
        for key in table.foreign_keys
        for name in key.columns
    )
    free = keys - compared
    likely: list[frozenset[Column]] = [free - linked, free, frozenset(), keys]
    alone = [frozenset({key}) for key in sorted(free)]
    ways = [_Way(free - linked, is_plain=True), *map(_Way, (*likely, *alone))]
    return list(dict.fromkeys(ways))


def _twins(witness: Witness, way: _Way, compared: frozenset[Column]) -> Iterator[Row]:
    given = set(witness.arguments)
    rows = sorted(witness.rows, key=lambda row: given.isdisjoint(row.values.values()))
    for place, row in enumerate(rows[:_DOUBLED]):
        oid = row.table.oid
        values = dict(row.values)
        for column in row.table.columns:
            is_open = column.name in values and (oid, column.name) not in compared
            if (oid, column.name) in way.changed:
                others = _others(row, column.name, witness.rows)
                if others:
                    values[column.name] = others[place % len(others)]
            elif way.is_plain and is_open and may_be_left_out(column):
                del values[column.name]
        yield Row(row.table, values)


def _others(row: Row, name: str, rows: Sequence[Row]) -> list[Written]:
    """Return what a column could be instead."""
    column = row.table.column(name)
    known = (*column.candidates.common, *column.candidates.exotic) if column else ()
    targets = list(_targets(row.table, name, rows))
    values = dict.fromkeys(itertools.chain(targets, () if targets else known))
    return [each for each in values if each != row.values.get(name)]


def _targets(table: Table, name: str, rows: Sequence[Row]) -> Iterator[Written]:
    """Yield the values that a foreign key lets a column have."""
    for key in table.foreign_keys:
        if name in key.columns and not key.is_loose:
            target = key.target_columns[key.columns.index(name)]
            for row in rows:
                if row.table.oid == key.target:
                    yield row.values.get(target)
