"""Looks for rows and arguments with which a query returns something at all."""

from __future__ import annotations

import itertools
from random import Random
from typing import TYPE_CHECKING, TypeAlias

import psycopg

from datalayer.codegen.numbering import numbered
from datalayer.proving.model import Row, Witness
from datalayer.proving.sql_text import inlined, insert_row
from datalayer.proving.trial import CONSTRAINTS, Target
from datalayer.proving.variants import completed, in_order, is_callable, statement
from datalayer.proving.worlds import in_focus, linked, random_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.proving.arguments import Argument
    from datalayer.proving.model import Given, Table
    from datalayer.proving.session import Session

#: How many rows each table is given, one world after the other, and how many calls are
#: tried in each.
_SIZES, _CALLS = (2, 4, 8, 8, 12, 12, 16, 16, 16, 16), 32
#: How many calls are tried together, and how often they may take too long.
_ALONE, _LATE = 8, 4
_SHORT = "SET LOCAL statement_timeout = '300ms'; SAVEPOINT calls"
Call: TypeAlias = "tuple[Given, ...]"


def find_witness(session: Session, target: Target, seed: int) -> Witness | None:
    """Return rows and arguments that give a row, or None if none are found."""
    random = Random(seed)
    for size in _SIZES:
        session.send("BEGIN")
        try:
            found = _look(session, target, size, random)
        except psycopg.Error:
            # Such as a statement that takes too long.
            found = None
        finally:
            session.send("ROLLBACK")
        if found is not None:
            return found
    return None


def _look(
    session: Session, target: Target, size: int, random: Random
) -> Witness | None:
    rows = _rows(session, target, size, random)
    if not session.attempt([*target.refreshes, CONSTRAINTS])[-1]:
        return None
    session.send(_SHORT)
    source = target.shape.source
    tried = (_arguments(target, rows, random) for _ in range(_CALLS))
    chosen = (completed(source, each) for each in tried)
    calls = dict.fromkeys(each for each in chosen if is_callable(source, each))
    late = 0
    for group in _groups(tuple(calls)):
        counts = _count(session, target, group)
        if counts is None:
            # One of them takes too long: such as the hours until the year 9999.
            late += 1
            if late > _LATE:
                return None
            continue
        for call, count in zip(group, counts, strict=True):
            if count:
                return Witness(tuple(rows), call)
    return None


def _groups(calls: Sequence[Call]) -> Iterator[Sequence[Call]]:
    """Yield calls one by one first, then several at a time."""
    yield from (calls[place : place + 1] for place in range(_ALONE))
    yield from (
        calls[place : place + _ALONE] for place in range(_ALONE, len(calls), _ALONE)
    )


def _count(session: Session, target: Target, calls: Sequence[Call]) -> list[int] | None:
    """Return how many rows each call gives, or None where they take too long."""
    statements = [_inlined(target, each) for each in calls]
    try:
        return session.count(statements)
    except psycopg.errors.QueryCanceled:
        session.send("ROLLBACK TO calls")
        return None


def _inlined(target: Target, call: Call) -> str:
    source = target.shape.source
    sent = statement(source, call)
    types = dict(zip(numbered(source).order, target.types, strict=True))
    arguments = in_order(source, sent, call)
    return inlined(sent.sql, arguments, [types[name] for name in sent.order])


def _rows(session: Session, target: Target, size: int, random: Random) -> list[Row]:
    """Fill each table, and return what was let in."""
    rows: list[Row] = []
    for table in target.filling.tables:
        # One row of this and many of that: some need a row of another for each.
        count = random.choice((1, size))
        tried = [_row(target, table, rows, random) for _ in range(count)]
        kept = session.attempt([insert_row(row) for row in tried])
        rows += list(itertools.compress(tried, kept))
    return rows


def _row(target: Target, table: Table, rows: Sequence[Row], random: Random) -> Row:
    seeds = target.filling.seeds[table.oid]
    if random.random() < 0.5:
        return Row(table, random_row(table, rows, random))
    links = tuple(random.randrange(100) for _ in table.foreign_keys)
    values = dict(random.choice(seeds))
    for column in random.sample(table.columns, min(2, len(table.columns))):
        if column.is_key or random.random() < 0.5:
            pool = column.candidates.common
            if pool:
                values[column.name] = random.choice(pool)
    return Row(table, linked(table, values, links, rows))


def _arguments(
    target: Target, rows: Sequence[Row], random: Random
) -> tuple[Given, ...]:
    """Return arguments, mostly of rows that belong together."""
    around = in_focus(rows, random.randrange(1000))
    plain = random.choice((0.0, 0.5, 0.9))
    return tuple(
        _argument(argument, rows, around, plain, random)
        for argument in target.arguments
    )


def _argument(
    argument: Argument,
    rows: Sequence[Row],
    around: Sequence[Row],
    plain: float,
    random: Random,
) -> Given:
    if argument.plain and random.random() < plain:
        return argument.plain[0]
    stored = argument.stored(around)
    if stored and random.random() < 0.9:
        return random.choice(stored)
    return random.choice(argument.candidates(rows))
