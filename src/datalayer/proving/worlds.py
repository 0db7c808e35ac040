"""From what chance decided to the rows of tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.proving.model import Row, RowDraw, Table, TableColumn, Written

if TYPE_CHECKING:
    from random import Random

#: What a row gives each column: nothing at all stands for the default.
Values = dict[str, Written]
#: One choice of so many is that there is no value, where that may be.
_NULLS = 4


@dataclass(frozen=True, slots=True)
class Filling:
    """The tables to fill, in order, with rows of each that are known to be accepted."""

    tables: tuple[Table, ...]
    seeds: Mapping[int, Sequence[Mapping[str, Written]]]


def may_be_left_out(column: TableColumn) -> bool:
    """Tell whether a row need not name a column.

    Values of keys must be known, so that other rows and arguments can name them.
    """
    if column.has_default:
        return not column.is_key
    return column.accepts_null


def choices(column: TableColumn) -> tuple[tuple[Written, ...], ...]:
    """Return the values to choose from; an empty tuple is to leave the column out."""
    found: list[tuple[Written, ...]] = [()] if may_be_left_out(column) else []
    if column.accepts_null and column.has_default:
        found.append((None,))
    elif column.accepts_null:
        found.append(())
    values = column.candidates.weighted
    # What a column may lack is what most annotations are wrong about.
    often = max(1, len(values) // _NULLS)
    return (*(found * often), *((each,) for each in values))


def plain_row(table: Table) -> Values:
    """Return the shortest row that can be thought of."""
    return {
        column.name: next(iter(column.candidates.common), None)
        for column in table.columns
        if not may_be_left_out(column)
    }


def random_row(
    table: Table, rows: Sequence[Row], random: Random, edges: float = 0.3
) -> Values:
    """Return a row of chance that refers to some of the given rows.

    `edges` is in how many columns it may have values at the edges.
    """
    values: Values = {}
    # One of three kinds of rows: with hardly any NULL, with some, with nearly only.
    share = random.choice((0.05, 0.4, 0.9))
    for column in table.columns:
        known = column.candidates
        # A row has hardly ever values at the edges only.
        pool = known.weighted if random.random() < edges else known.common
        if may_be_left_out(column) and random.random() < share:
            continue
        if column.accepts_null and random.random() < share / 4:
            values[column.name] = None
        elif pool:
            values[column.name] = random.choice(pool)
    links = tuple(random.randrange(100) for _ in table.foreign_keys)
    return linked(table, values, links, rows)


def linked(
    table: Table, values: Values, links: Sequence[int], rows: Sequence[Row]
) -> Values:
    """Return values that refer to rows which exist, or to none."""
    values = dict(values)
    for key, link in zip(table.foreign_keys, links, strict=True):
        found: list[dict[str, Written] | None] = [
            dict(zip(key.columns, map(row.values.get, key.target_columns), strict=True))
            for row in rows
            if row.table.oid == key.target
            and all(row.values.get(name) is not None for name in key.target_columns)
        ]
        if key.is_loose:
            # As often as not what it was before.
            if link % 2 or not found:
                continue
            link //= 2
        elif all(_accepts_null(table, name) for name in key.columns):
            found.append(None)
        if not found:
            continue
        chosen = found[link % len(found)]
        for name in key.columns:
            if chosen is None:
                values[name] = None
            else:
                values[name] = chosen[name]
    return values


def _accepts_null(table: Table, name: str) -> bool:
    column = table.column(name)
    return column is not None and column.accepts_null


def build_rows(filling: Filling, draws: Sequence[Sequence[RowDraw]]) -> list[Row]:
    """Return the rows that chance decided on, in the order of insertion."""
    rows: list[Row] = []
    for table, drawn in zip(filling.tables, draws, strict=True):
        seeds = filling.seeds[table.oid]
        before: Mapping[str, Written] | None = None
        for draw in drawn:
            values = dict(seeds[draw.seed % len(seeds)])
            if draw.is_twin and before is not None:
                values = _twin(table, values, before)
            for name, value in draw.changes:
                values.pop(name, None)
                if value:
                    values[name] = value[0]
            values = linked(table, values, draw.links, rows)
            names = [each.name for each in table.columns if each.name in values]
            before = {name: values[name] for name in names}
            rows.append(Row(table, before))
    return rows


def edited(rows: Sequence[Row], edits: Sequence[tuple[int, int]]) -> list[Row]:
    """Return rows of which some have another value in a column."""
    found = list(rows)
    for place, choice in edits:
        if not found:
            break
        row = found[place % len(found)]
        columns = row.table.columns
        if not columns:
            continue
        column = columns[choice % len(columns)]
        options = choices(column)
        if not options:
            continue
        value = options[choice // len(columns) % len(options)]
        values = {key: each for key, each in row.values.items() if key != column.name}
        if value:
            values[column.name] = value[0]
        found[place % len(found)] = Row(row.table, values)
    return found


def _twin(table: Table, values: Values, before: Mapping[str, Written]) -> Values:
    """Return a row with keys of its own and otherwise the values of another."""
    keys = {column.name for column in table.columns if column.is_key}
    twin = {name: value for name, value in before.items() if name not in keys}
    return twin | {name: value for name, value in values.items() if name in keys}


def in_focus(rows: Sequence[Row], focus: int) -> list[Row]:
    """Return one row of each table, rows that belong together where there are some."""
    by_table: dict[int, list[Row]] = {}
    for row in rows:
        by_table.setdefault(row.table.oid, []).append(row)
    if not rows:
        return []
    first = rows[focus % len(rows)]
    chosen = {first.table.oid: first}
    for _ in by_table:
        for oid, found in by_table.items():
            if oid not in chosen:
                near = [row for row in found if _is_linked(row, chosen.values())]
                if near:
                    chosen[oid] = near[focus % len(near)]
    rest = {oid: found[focus % len(found)] for oid, found in by_table.items()}
    return list((rest | chosen).values())


def _is_linked(row: Row, others: Iterable[Row]) -> bool:
    return any(_refers(row, other) or _refers(other, row) for other in others)


def _refers(row: Row, other: Row) -> bool:
    return any(
        key.target == other.table.oid
        and all(
            row.values.get(name) is not None
            and row.values.get(name) == other.values.get(target)
            for name, target in zip(key.columns, key.target_columns, strict=True)
        )
        for key in row.table.foreign_keys
    )


def seed_rows(filling: Filling) -> list[Row]:
    """Return the rows that are known to be accepted, whether they are stored or not."""
    return [
        Row(table, values)
        for table in filling.tables
        for values in filling.seeds[table.oid]
    ]
