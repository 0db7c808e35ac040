"""What holds of functions with optional arguments."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from itertools import chain, combinations
from typing import TYPE_CHECKING, Any

import psycopg

from datalayer.codegen.numbering import numbered
from datalayer.codegen.pieces import variants_of
from datalayer.errors import IncompleteArguments
from datalayer.runtime import UNSET, VariedQuery

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from optional_cases import Arguments, Case, World
    from psycopg.rows import TupleRow

    from datalayer.model import QuerySource
    from datalayer.proving.session import Session
    from query_modules import Modules

_BOOKS = "SELECT * FROM book ORDER BY book_id"


def insist_on_the_same(
    session: Session, modules: Modules, case: Case, world: World, given: Arguments
) -> None:
    """Compare both functions with the statement by hand: its rows and its effects."""
    names = {name for name, value in given.items() if value is not UNSET}
    expected = (
        _by_hand(session, world, case.by_hand(names), given)
        if case.is_complete(names)
        else None
    )
    for flavour in ("sync", "async"):
        found = _by_function(session, modules, case, world, given, flavour)
        assert found == expected, (flavour, case.name, given)


def _by_hand(
    session: Session, world: World, sql: str, given: Arguments
) -> tuple[list[TupleRow], list[TupleRow]]:
    with _world(session, world):
        rows = session.connection.execute(sql.encode(), dict(given)).fetchall()
        return sorted(rows, key=repr), session.connection.execute(_BOOKS).fetchall()


def _by_function(
    session: Session,
    modules: Modules,
    case: Case,
    world: World,
    given: Arguments,
    flavour: str,
) -> tuple[list[TupleRow], list[TupleRow]] | None:
    """Return the rows and what is left behind; None where something was missing."""
    # An argument that is not given may also not be passed.
    passed = {
        name: value
        for number, (name, value) in enumerate(given.items())
        if value is not UNSET or number % 2
    }
    with _world(session, world):
        try:
            found: Any
            if flavour == "async":
                found = session.run(
                    getattr(modules.aio, case.name)(session.twin, **passed)
                )
            else:
                found = getattr(modules.sync, case.name)(session.connection, **passed)
        except IncompleteArguments:
            return None
        rows = [dataclasses.astuple(each) for each in found]
        return sorted(rows, key=repr), session.connection.execute(_BOOKS).fetchall()


@contextmanager
def _world(session: Session, world: World) -> Iterator[None]:
    """Have some rows for a moment."""
    session.send("BEGIN")
    try:
        with session.connection.cursor() as cursor:
            for statement, rows in world.statements:
                cursor.executemany(statement.encode(), rows)
        yield
    finally:
        session.send("ROLLBACK")


def insist_on_analysed(query: VariedQuery[Any], source: QuerySource) -> None:
    """Compare what can be sent with what was analysed, for every set of arguments."""
    analysed = {
        (each.given, statement.sql, statement.order)
        for each in variants_of(source)
        for statement in (numbered(source, each),)
    }
    always = [n for n in source.parameters if n not in source.optional_parameters]
    sent = set()
    for chosen in _subsets(source.optional_parameters):
        values: dict[str, object] = dict.fromkeys(source.parameters, UNSET)
        values |= {name: name for name in (*chosen, *always)}
        try:
            made, parameters = query.given(values)
        except IncompleteArguments:
            continue
        text = str(made.sql).replace(f" /* {source.qualified_name} */", "").strip()
        sent.add((frozenset(chosen), text, parameters))
        # A second time it comes from the cache.
        assert query.given(values) == (made, parameters)
    assert sent == analysed


def _subsets(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    every = tuple(names)
    return chain.from_iterable(
        combinations(every, size) for size in range(len(every) + 1)
    )


NOTICED = (AssertionError, psycopg.Error, KeyError)
