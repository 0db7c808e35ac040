"""Whole units of work that are run again, asynchronously."""

# twin: test_retrying_sync.py

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection, IsolationLevel
from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation

from datalayer.aio import AsyncDatabase, open
from datalayer.errors import TransactionInProgress
from datalayer.runtime.aio import retry_transaction

SCHEMA = """
CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);
INSERT INTO account VALUES (1, 10), (2, 10);
"""


@pytest.fixture
async def database(empty_database: str) -> AsyncIterator[AsyncDatabase]:
    with psycopg.connect(empty_database) as connection:
        connection.execute(SCHEMA)
    async with await open(empty_database, pool_size=2) as opened:
        yield opened


async def test_a_serialisation_failure_runs_all_of_the_work_again(
    database: AsyncDatabase,
) -> None:
    seen: list[int] = []

    async def work(connection: AsyncConnection[Any]) -> int:
        cursor = await connection.execute("SELECT balance FROM account WHERE id = 1")
        (balance,) = await cursor.fetchone() or (0,)
        seen.append(balance)
        if len(seen) == 1:
            await pay_in(database, 5)
        await connection.execute(
            "UPDATE account SET balance = %s WHERE id = 1", (balance + 1,)
        )
        return int(balance) + 1

    result = await database.retry(work, isolation_level=IsolationLevel.REPEATABLE_READ)

    assert seen == [10, 15]
    assert result == 16
    assert await balance_of(database) == 16


async def test_the_last_failure_is_raised(database: AsyncDatabase) -> None:
    calls: list[int] = []

    async def work(connection: AsyncConnection[Any]) -> None:
        calls.append(1)
        await connection.execute("UPDATE account SET balance = 0")
        raise DeadlockDetected("as PostgreSQL would")

    with pytest.raises(DeadlockDetected) as caught:
        await database.retry(work, attempts=3)

    assert len(calls) == 3
    assert caught.value.__notes__ == ["gave up after 3 attempts"]
    assert await balance_of(database) == 10


async def test_other_errors_are_not_retried(database: AsyncDatabase) -> None:
    calls: list[int] = []

    async def work(connection: AsyncConnection[Any]) -> None:
        calls.append(1)
        await connection.execute("INSERT INTO account VALUES (1, 0)")

    with pytest.raises(UniqueViolation):
        await database.retry(work)

    assert len(calls) == 1


async def test_a_part_of_a_transaction_cannot_be_retried(
    database: AsyncDatabase,
) -> None:
    async def work(connection: AsyncConnection[Any]) -> None:
        raise SerializationFailure("never reached")

    async with database.transaction() as connection:
        with pytest.raises(TransactionInProgress, match="cannot be retried in part"):
            await retry_transaction(connection, work)


async def test_the_isolation_level_is_put_back(database: AsyncDatabase) -> None:
    async def work(connection: AsyncConnection[Any]) -> str:
        cursor = await connection.execute("SHOW transaction_isolation")
        (level,) = await cursor.fetchone() or ("",)
        return str(level)

    inside = await database.retry(work, isolation_level=IsolationLevel.SERIALIZABLE)
    after = await database.retry(work)

    assert (inside, after) == ("serializable", "read committed")


async def pay_in(database: AsyncDatabase, amount: int) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE account SET balance = balance + %s WHERE id = 1", (amount,)
        )


async def balance_of(database: AsyncDatabase) -> int:
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT balance FROM account WHERE id = 1")
        (balance,) = await cursor.fetchone() or (0,)
        return int(balance)
