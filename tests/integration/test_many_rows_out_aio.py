"""Many rows out, over an asynchronous connection: as a dictionary, or one by one."""

# twin: test_many_rows_out_sync.py

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from datalayer.errors import DuplicateKey
from datalayer.runtime import Query, int4
from datalayer.runtime.aio import fetch_all, fetch_map, fetch_value_map, iterate


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
async def session(empty_database: str) -> AsyncIterator[AsyncConnection[Any]]:
    connecting = AsyncConnection.connect(empty_database, autocommit=True)
    async with await connecting as connection:
        yield connection


async def test_rows_are_mapped_by_a_key(session: AsyncConnection[Any]) -> None:
    by_id = await fetch_map(session, ROWS, (int4(3),), lambda row: row.id)

    assert list(by_id) == [1, 2, 3]
    assert by_id[2] == Item(2, "n2")


async def test_a_key_that_comes_twice_is_refused(
    session: AsyncConnection[Any],
) -> None:
    with pytest.raises(DuplicateKey) as caught:
        await fetch_map(session, ROWS, (int4(3),), lambda row: row.id // 2)

    assert (caught.value.query, caught.value.key) == ("rows", 1)


async def test_values_are_mapped_by_a_key(session: AsyncConnection[Any]) -> None:
    names = await fetch_value_map(
        session, ROWS, (int4(3),), lambda row: row.id, lambda row: row.name
    )

    assert list(names.items()) == [(1, "n1"), (2, "n2"), (3, "n3")]


async def test_a_key_of_equal_values_that_comes_twice_is_refused(
    session: AsyncConnection[Any],
) -> None:
    with pytest.raises(DuplicateKey) as caught:
        await fetch_value_map(
            session, ROWS, (int4(3),), lambda row: row.id // 2, lambda _: None
        )

    assert (caught.value.query, caught.value.key) == ("rows", 1)


@pytest.mark.parametrize("autocommit", [True, False], ids=["autocommit", "implicit"])
async def test_streamed_rows_are_all_rows(
    session: AsyncConnection[Any], autocommit: bool
) -> None:
    await session.set_autocommit(autocommit)

    for count in (0, 1, 999, 1000, 1001, 2500):
        async with iterate(session, ROWS, (int4(count),)) as rows:
            streamed = [(row.id, row) async for row in rows]

        assert [row for _, row in streamed] == await fetch_all(
            session, ROWS, (int4(count),)
        )


async def test_streams_share_a_connection(session: AsyncConnection[Any]) -> None:
    async with (
        iterate(session, ROWS, (int4(3),)) as rows,
        iterate(session, ROWS, (int4(2),)) as others,
    ):
        found = [(await anext(rows)).id, (await anext(others)).id]
        found += [row.id async for row in rows]
        await session.execute("CREATE TABLE seen AS SELECT 5 AS id")
        found += [row.id async for row in others]

    assert found == [1, 1, 2, 3, 2]
    seen = await session.execute("SELECT id FROM seen")
    assert await seen.fetchall() == [(5,)]


async def leave_by_break(rows: AsyncIterator[Item]) -> None:
    async for _ in rows:
        break


async def leave_by_exception(rows: AsyncIterator[Item]) -> None:
    async for _ in rows:
        raise LookupError("enough")


@pytest.mark.parametrize("leave", [leave_by_break, leave_by_exception])
@pytest.mark.parametrize("inside", [True, False], ids=["transaction", "alone"])
async def test_a_stream_that_is_left_early_is_closed(
    session: AsyncConnection[Any], leave: Callable[..., Any], inside: bool
) -> None:
    async def run() -> None:
        try:
            async with iterate(session, ROWS, (int4(100_000),)) as rows:
                await leave(rows)
        except LookupError:
            pass
        cursor = await session.execute(
            "SELECT count(*) FROM pg_cursors WHERE name LIKE 'datalayer%'"
        )
        assert await cursor.fetchone() == (0,)

    if inside:
        async with session.transaction():
            await run()
    else:
        await run()
    assert session.info.transaction_status == TransactionStatus.IDLE


async def test_a_cancelled_task_leaves_the_connection_usable(  # async only
    session: AsyncConnection[Any],  # async only
) -> None:  # async only
    started = asyncio.Event()  # async only

    async def read() -> None:  # async only
        async with iterate(session, SLOW, (int4(600),)) as rows:  # async only
            started.set()  # async only
            await anext(rows)  # async only

    task = asyncio.create_task(read())  # async only
    await started.wait()  # async only
    await asyncio.sleep(0)  # async only
    task.cancel()  # async only
    with pytest.raises(asyncio.CancelledError):  # async only
        await task  # async only
    assert session.info.transaction_status == TransactionStatus.IDLE  # async only
    assert len(await fetch_all(session, ROWS, (int4(3),))) == 3  # async only


async def test_an_error_in_a_stream_names_the_query(
    session: AsyncConnection[Any],
) -> None:
    query = replace(ROWS, sql="SELECT 1 / (3 - g), '' FROM generate_series(1, $1) AS g")

    async def read() -> None:
        async with iterate(session, query, (int4(5),)) as rows:
            async for _ in rows:
                pass

    with pytest.raises(psycopg.errors.DivisionByZero) as caught:
        await read()

    assert caught.value.__notes__ == ["in query rows (q.sql:9)"]
    assert session.info.transaction_status == TransactionStatus.IDLE
