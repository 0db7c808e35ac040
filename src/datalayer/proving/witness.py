"""Looks for rows and arguments with which a query returns something at all."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, TypeAlias

import psycopg

from datalayer.codegen.numbering import numbered
from datalayer.proving.candidates import array_of, constants_in
from datalayer.proving.model import Row, Witness
from datalayer.proving.scene import Target
from datalayer.proving.sql_text import inlined, insert_row
from datalayer.proving.variants import completed, in_order, is_callable, statement
from datalayer.proving.worlds import in_focus, linked, random_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.proving.arguments import Argument
    from datalayer.proving.model import Given, Table
    from datalayer.proving.session import Session

#: How many rows each table is given, one world after the other, and how many calls are
#: tried in each.
_SIZES, _CALLS = (2, 4, 8, 8, 12, 12, *[16] * 10), 32
#: How many worlds may be refused as a whole, such as by a deferred constraint.
_REFUSED = 40
#: How many worlds are of chance before those in which the statement's constants abound.
_BY_CHANCE = 6
#: How many calls are tried together, and how often they may take too long.
_ALONE, _LATE = 8, 4
#: How many rows are tried for each that is to have such constants.
_TRIES = 8
#: In how many worlds a table is empty.
_EMPTY = 0.2
#: In how many columns there are values at the edges, which Python cannot always read.
_EDGES = (0.0, 0.3)
_SHORT = "SET LOCAL statement_timeout = '300ms'; SAVEPOINT calls"
Call: TypeAlias = "tuple[Given, ...]"


@dataclass(frozen=True, slots=True)
class _World:
    """What is common to the rows of one attempt."""

    size: int
    #: How often a parameter is given what is there.
    stored: float
    edges: float
    #: Constants of the statement that every row is to have where it can; none at first.
    constants: frozenset[str]


def find_witness(session: Session, target: Target, seed: int) -> Witness | None:
    """Return rows and arguments that give a row, or None if none are found."""
    random = Random(seed)
    refused = 0
    for place, size in enumerate(_SIZES):
        world = _world(target, place, size, random)
        while refused < _REFUSED:
            rows: list[Row] | None = None
            found: Witness | None = None
            session.send("BEGIN")
            try:
                rows = _consistent_rows(session, target, world, random)
                if rows is not None:
                    found = _look(session, target, rows, world, random)
            except psycopg.Error:
                # Such as a statement that takes too long.
                pass
            finally:
                session.roll_back()
            if found:
                return found
            if rows is not None:
                break
            refused += 1
    return None


def _world(target: Target, place: int, size: int, random: Random) -> _World:
    sql = target.shape.source.sql if place >= _BY_CHANCE else ""
    named = constants_in(sql)
    return _World(
        size,
        random.choice((0.9, 0.9, 0.3)),
        random.choice(_EDGES),
        frozenset(form for each in named for form in _forms(each)),
    )


def _forms(constant: str) -> tuple[str, ...]:
    """Return what a constant may be in a column: itself, an element, or a key."""
    return constant, array_of([constant]), f'{{"{constant}": "a"}}'


def _consistent_rows(
    session: Session, target: Target, world: _World, random: Random
) -> list[Row] | None:
    rows = _rows(session, target, world, random)
    session.attempt(target.refreshes)
    return rows if session.is_consistent() else None


def _look(
    session: Session,
    target: Target,
    rows: Sequence[Row],
    world: _World,
    random: Random,
) -> Witness | None:
    session.send(_SHORT)
    source = target.shape.source
    tried = (_arguments(target, rows, world, random) for _ in range(_CALLS))
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


def _rows(session: Session, target: Target, world: _World, random: Random) -> list[Row]:
    """Fill each table, and return what was let in."""
    rows: list[Row] = []
    tables = target.filling.tables
    # What is stored anew must not be there.
    empty = random.choice(tables) if tables and random.random() < _EMPTY else None
    for table in tables:
        # One row of this and many of that: some need a row of another for each.
        count = 0 if table is empty else random.choice((1, world.size))
        make = _named_row if world.constants else _row
        tries = count * _TRIES if world.constants else count
        tried = [make(target, table, rows, world, random) for _ in range(tries)]
        if world.constants:
            fine = session.attempt([insert_row(row) for row in tried], kept=False)
            tried = list(itertools.compress(tried, fine))[:count]
        kept = session.attempt([insert_row(row) for row in tried])
        rows += list(itertools.compress(tried, kept))
    return rows


def _row(
    target: Target, table: Table, rows: Sequence[Row], world: _World, random: Random
) -> Row:
    seeds = target.filling.seeds[table.oid]
    if random.random() < 0.5:
        return Row(table, random_row(table, rows, random, world.edges))
    links = tuple(random.randrange(100) for _ in table.foreign_keys)
    values = dict(random.choice(seeds))
    for column in random.sample(table.columns, min(2, len(table.columns))):
        if column.is_key or random.random() < 0.5:
            pool = column.candidates.common
            if pool:
                values[column.name] = random.choice(pool)
    return Row(table, linked(table, values, links, rows))


def _named_row(
    target: Target, table: Table, rows: Sequence[Row], world: _World, random: Random
) -> Row:
    """Return a row in which the statement's constants stand where they can."""
    values = dict(_row(target, table, rows, world, random).values)
    # All at once would hardly be let in.
    share = random.choice((0.2, 0.9))
    for column in table.columns:
        named = world.constants.intersection(column.candidates.common)
        if named and random.random() < share:
            values[column.name] = random.choice(sorted(named))
    return Row(table, values)


def _arguments(
    target: Target, rows: Sequence[Row], world: _World, random: Random
) -> tuple[Given, ...]:
    """Return arguments, mostly of rows that belong together."""
    around = in_focus(rows, random.randrange(1000))
    plain = random.choice((0.0, 0.5, 0.9))
    return tuple(
        _argument(argument, rows, around, (plain, world.stored), random)
        for argument in target.arguments
    )


def _argument(
    argument: Argument,
    rows: Sequence[Row],
    around: Sequence[Row],
    shares: tuple[float, float],
    random: Random,
) -> Given:
    plain, likely = shares
    if argument.plain and random.random() < plain:
        return argument.plain[0]
    stored = argument.stored(around)
    if stored and random.random() < likely:
        return random.choice(stored)
    return random.choice(argument.candidates(rows))
