# Derived by scripts/async_to_sync.py from test_copy_rows_aio.py; do not edit.
"""Rows that go to the server by COPY, over a synchronous connection."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from datalayer.runtime import jsonb
from datalayer.runtime.sync import copy_rows

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
def session(empty_database: str) -> Iterator[Connection[Any]]:
    with Connection.connect(empty_database, autocommit=True) as connection:
        connection.execute(
            'CREATE TABLE item (id uuid PRIMARY KEY, "Odd name" text, data jsonb,'
            " at timestamptz, ip inet, more int NOT NULL DEFAULT 5)"
        )
        yield connection


def count(session: Connection[Any]) -> int:
    row = (session.execute("SELECT count(*) FROM item")).fetchone()
    assert row
    return int(row[0])


def test_rows_are_stored_as_they_are(session: Connection[Any]) -> None:
    stored = copy_rows(session, table="item", columns=COLUMNS, rows=iter([ROW, EMPTY]))

    cursor = session.execute("SELECT * FROM item ORDER BY id")
    assert stored == 2
    assert cursor.fetchall() == [
        (ROW[0], ROW[1], {"a": [1, None]}, ROW[3], ROW[4], 5),
        (*EMPTY, 5),
    ]


def test_no_rows_are_none(session: Connection[Any]) -> None:
    assert copy_rows(session, table="item", columns=COLUMNS, rows=[]) == 0


def test_one_that_is_refused_keeps_all_back(
    session: Connection[Any],
) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        copy_rows(session, table="item", columns=COLUMNS, rows=[ROW, EMPTY, ROW])

    assert count(session) == 0


def test_rows_that_fail_on_their_way_keep_all_back(
    session: Connection[Any],
) -> None:
    def fail() -> Any:  # noqa: ANN401 - never returns
        yield ROW
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        copy_rows(session, table="item", columns=COLUMNS, rows=fail())

    assert count(session) == 0
