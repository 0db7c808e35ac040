# Derived by scripts/async_to_sync.py from test_many_rows_out_aio.py; do not edit.
"""Many rows out, over a synchronous connection: as a dictionary, or one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.pq import TransactionStatus

from datalayer.errors import DuplicateKey
from datalayer.runtime import Query, int4
from datalayer.runtime.sync import fetch_all, fetch_map, fetch_value_map, iterate


@dataclass(slots=True)
class Item:
    id: int
    name: str | None


ROWS: Query[Item] = Query(
    name="rows",
    source="q.sql:9",
    sql="SELECT g AS id, 'n' || g AS name FROM generate_series(1, $1) AS g",
    row=Item,
)
SLOW = replace(
    ROWS, sql="SELECT g AS id, pg_sleep(g)::text FROM generate_series(0, $1, 60) AS g"
)


@pytest.fixture
def session(empty_database: str) -> Iterator[Connection[Any]]:
    connecting = Connection.connect(empty_database, autocommit=True)
    with connecting as connection:
        yield connection


def test_rows_are_mapped_by_a_key(session: Connection[Any]) -> None:
    by_id = fetch_map(session, ROWS, (int4(3),), lambda row: row.id)

    assert list(by_id) == [1, 2, 3]
    assert by_id[2] == Item(2, "n2")


def test_a_key_that_comes_twice_is_refused(
    session: Connection[Any],
) -> None:
    with pytest.raises(DuplicateKey) as caught:
        fetch_map(session, ROWS, (int4(3),), lambda row: row.id // 2)

    assert (caught.value.query, caught.value.key) == ("rows", 1)


def test_values_are_mapped_by_a_key(session: Connection[Any]) -> None:
    names = fetch_value_map(
        session, ROWS, (int4(3),), lambda row: row.id, lambda row: row.name
    )

    assert list(names.items()) == [(1, "n1"), (2, "n2"), (3, "n3")]


def test_a_key_of_equal_values_that_comes_twice_is_refused(
    session: Connection[Any],
) -> None:
    with pytest.raises(DuplicateKey) as caught:
        fetch_value_map(
            session, ROWS, (int4(3),), lambda row: row.id // 2, lambda _: None
        )

    assert (caught.value.query, caught.value.key) == ("rows", 1)


@pytest.mark.parametrize("autocommit", [True, False], ids=["autocommit", "implicit"])
def test_streamed_rows_are_all_rows(session: Connection[Any], autocommit: bool) -> None:
    session.set_autocommit(autocommit)

    for count in (0, 1, 999, 1000, 1001, 2500):
        with iterate(session, ROWS, (int4(count),)) as rows:
            streamed = [(row.id, row) for row in rows]

        assert [row for _, row in streamed] == fetch_all(session, ROWS, (int4(count),))


def test_streams_share_a_connection(session: Connection[Any]) -> None:
    with (
        iterate(session, ROWS, (int4(3),)) as rows,
        iterate(session, ROWS, (int4(2),)) as others,
    ):
        found = [(next(rows)).id, (next(others)).id]
        found += [row.id for row in rows]
        session.execute("CREATE TABLE seen AS SELECT 5 AS id")
        found += [row.id for row in others]

    assert found == [1, 1, 2, 3, 2]
    seen = session.execute("SELECT id FROM seen")
    assert seen.fetchall() == [(5,)]


def leave_by_break(rows: Iterator[Item]) -> None:
    for _ in rows:
        break


def leave_by_exception(rows: Iterator[Item]) -> None:
    for _ in rows:
        raise LookupError("enough")


@pytest.mark.parametrize("leave", [leave_by_break, leave_by_exception])
@pytest.mark.parametrize("inside", [True, False], ids=["transaction", "alone"])
def test_a_stream_that_is_left_early_is_closed(
    session: Connection[Any], leave: Callable[..., Any], inside: bool
) -> None:
    def run() -> None:
        try:
            with iterate(session, ROWS, (int4(100_000),)) as rows:
                leave(rows)
        except LookupError:
            pass
        cursor = session.execute(
            "SELECT count(*) FROM pg_cursors WHERE name LIKE 'datalayer%'"
        )
        assert cursor.fetchone() == (0,)

    if inside:
        with session.transaction():
            run()
    else:
        run()
    assert session.info.transaction_status == TransactionStatus.IDLE


def test_an_error_in_a_stream_names_the_query(
    session: Connection[Any],
) -> None:
    query = replace(ROWS, sql="SELECT 1 / (3 - g), '' FROM generate_series(1, $1) AS g")

    def read() -> None:
        with iterate(session, query, (int4(5),)) as rows:
            for _ in rows:
                pass

    with pytest.raises(psycopg.errors.DivisionByZero) as caught:
        read()

    assert caught.value.__notes__ == ["in query rows (q.sql:9)"]
    assert session.info.transaction_status == TransactionStatus.IDLE
