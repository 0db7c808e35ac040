"""Many items at once come to what a loop over them comes to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from many_cases import MUTANTS, PARAMETERS, SCHEMA, STATEMENTS, Item, at_once, by_loop
from psycopg import Connection

from datalayer.codegen.analyser import analyse, open_session
from datalayer.codegen.numbering import numbered
from datalayer.codegen.reading.query_files import read_query_file
from datalayer.codegen.reading.source_text import SourceText
from datalayer.model import QueryShape
from datalayer.runtime import Copying, Query, many
from datalayer.server import Server, scratch_database

NAMES = [None, "", "a", "ab", "é'", "\\N", "{,", '"\t', "abcd"]
PRICES = [None, *map(Decimal, ("0", "-0.04", "1.25", "98.9", "99.94"))]


def mostly(usual: list[Any], *rare: object) -> st.SearchStrategy[Any]:
    """Return values of which few are bad: one spoils all the others."""
    number = st.integers(0, 15 * len(usual))
    return number.flatmap(lambda n: st.sampled_from(usual if n else rare))


ITEMS = st.lists(
    st.builds(
        Item,
        # Few numbers, so that some come twice.
        id=mostly([*range(6)], 2**33),
        name=mostly(NAMES, "\0", "abcde"),
        price=mostly(PRICES, Decimal("NaN"), Decimal("1e9")),
    ),
    max_size=9,
)
FAST = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
#: Some show it only for one order of the items.
LONG = settings(FAST, max_examples=1000, phases=[Phase.generate], database=None)

ShapesByName = dict[str, QueryShape]


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[Connection[Any]]:
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        connection.execute(SCHEMA)
        yield connection


@pytest.fixture(scope="module")
def shapes(database: Connection[Any]) -> ShapesByName:
    text = "".join(
        f"-- name: {name.replace('-', '_')}({', '.join(PARAMETERS)})*!\n{sql};\n\n"
        for name, (_, sql) in STATEMENTS.items()
    )
    read = read_query_file(SourceText("many.sql", text), ("many",))
    assert not read.problems
    found = analyse(open_session(database), read.queries)
    assert not found.problems
    return dict(zip(STATEMENTS, found.shapes, strict=True))


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "BATCH_SIZE", 3)
    monkeypatch.setattr(many, "SMALL_BATCH_SIZE", 4)


def query_of(shape: QueryShape) -> Query[None]:
    batching = shape.batching
    made: Any = Query
    return made(  # type: ignore[no-any-return]  # the generator writes literals
        name=shape.source.name,
        source="many.sql:1",
        sql=numbered(shape.source).sql,
        copying=Copying(batching.copy_sql, batching.copy_types)
        if batching.copy_sql
        else None,
        unnesting=batching.unnest_sql or None,
    )


def check(
    connection: Connection[Any], query: Query[None], sql: str, items: list[Item]
) -> None:
    assert at_once(connection, query, sql, items) == by_loop(connection, sql, items)


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_way_is_chosen_by_the_form(shapes: ShapesByName, name: str) -> None:
    batching = shapes[name].batching
    way = (
        "copy" if batching.copy_sql else "unnest" if batching.unnest_sql else "pipeline"
    )

    assert way == STATEMENTS[name][0]


@pytest.mark.parametrize("name", STATEMENTS)
@given(items=ITEMS)
@FAST
def test_many_items_come_to_what_a_loop_comes_to(
    database: Connection[Any], shapes: ShapesByName, name: str, items: list[Item]
) -> None:
    check(database, query_of(shapes[name]), STATEMENTS[name][1], items)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_law_finds_a_way_that_is_wrong(
    database: Connection[Any], shapes: ShapesByName, mutant: str
) -> None:
    name, wrong = MUTANTS[mutant]
    query = replace(query_of(shapes[name]), copying=None, unnesting=None)

    @given(items=ITEMS)
    @LONG
    def law(items: list[Item]) -> None:
        check(database, replace(query, **wrong), STATEMENTS[name][1], items)

    with pytest.raises(AssertionError):
        law()


def test_the_law_finds_a_position_counted_in_each_batch(
    database: Connection[Any], shapes: ShapesByName, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: Any = many._one_by_one
    monkeypatch.setattr(many, "_one_by_one", lambda *given: run(*given[:-1], 0))

    @given(items=ITEMS)
    @LONG
    def law(items: list[Item]) -> None:
        query = query_of(shapes["as-it-is"])
        check(database, query, STATEMENTS["as-it-is"][1], items)

    with pytest.raises(AssertionError):
        law()
