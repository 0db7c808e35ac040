"""Rows that go to the server by COPY, over an asynchronous connection."""

# twin: test_copy_rows_sync.py

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection

from datalayer.runtime import jsonb
from datalayer.runtime.aio import copy_rows

COLUMNS = {
    "id": "uuid",
    "Odd name": "text",
    "data": "jsonb",
    "at": "timestamptz",
    "ip": "inet",
}
ROW = (
    UUID(int=1),
    "a\tb\\N",
    jsonb({"a": [1, None]}),
    datetime(2026, 5, 4, 12, tzinfo=UTC),
    ip_address("::1"),
)
EMPTY = (UUID(int=2), None, None, None, None)


@pytest.fixture
async def session(empty_database: str) -> AsyncIterator[AsyncConnection[Any]]:
    async with await AsyncConnection.connect(
        empty_database, autocommit=True
    ) as connection:
        await connection.execute(
            'CREATE TABLE item (id uuid PRIMARY KEY, "Odd name" text, data jsonb,'
            " at timestamptz, ip inet, more int NOT NULL DEFAULT 5)"
        )
        yield connection


async def count(session: AsyncConnection[Any]) -> int:
    row = await (await session.execute("SELECT count(*) FROM item")).fetchone()
    assert row
    return int(row[0])


async def test_rows_are_stored_as_they_are(session: AsyncConnection[Any]) -> None:
    stored = await copy_rows(
        session, table="item", columns=COLUMNS, rows=iter([ROW, EMPTY])
    )

    cursor = await session.execute("SELECT * FROM item ORDER BY id")
    assert stored == 2
    assert await cursor.fetchall() == [
        (ROW[0], ROW[1], {"a": [1, None]}, ROW[3], ROW[4], 5),
        (*EMPTY, 5),
    ]


async def test_no_rows_are_none(session: AsyncConnection[Any]) -> None:
    assert await copy_rows(session, table="item", columns=COLUMNS, rows=[]) == 0


async def test_one_that_is_refused_keeps_all_back(
    session: AsyncConnection[Any],
) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        await copy_rows(session, table="item", columns=COLUMNS, rows=[ROW, EMPTY, ROW])

    assert await count(session) == 0


async def test_rows_that_fail_on_their_way_keep_all_back(
    session: AsyncConnection[Any],
) -> None:
    def fail() -> Any:  # noqa: ANN401 - never returns
        yield ROW
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        await copy_rows(session, table="item", columns=COLUMNS, rows=fail())

    assert await count(session) == 0
