# Derived by scripts/async_to_sync.py from test_retrying_aio.py; do not edit.
"""Whole units of work that are run again, synchronously."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection, IsolationLevel
from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation

from datalayer.database import Database, open
from datalayer.errors import TransactionInProgress
from datalayer.runtime.sync import retry_transaction

SCHEMA = """
CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);
INSERT INTO account VALUES (1, 10), (2, 10);
"""


@pytest.fixture
def database(empty_database: str) -> Iterator[Database]:
    with psycopg.connect(empty_database) as connection:
        connection.execute(SCHEMA)
    with open(empty_database, pool_size=2) as opened:
        yield opened


def test_a_serialisation_failure_runs_all_of_the_work_again(
    database: Database,
) -> None:
    seen: list[int] = []

    def work(connection: Connection[Any]) -> int:
        cursor = connection.execute("SELECT balance FROM account WHERE id = 1")
        (balance,) = cursor.fetchone() or (0,)
        seen.append(balance)
        if len(seen) == 1:
            pay_in(database, 5)
        connection.execute(
            "UPDATE account SET balance = %s WHERE id = 1", (balance + 1,)
        )
        return int(balance) + 1

    result = database.retry(work, isolation_level=IsolationLevel.REPEATABLE_READ)

    assert seen == [10, 15]
    assert result == 16
    assert balance_of(database) == 16


def test_the_last_failure_is_raised(database: Database) -> None:
    calls: list[int] = []

    def work(connection: Connection[Any]) -> None:
        calls.append(1)
        connection.execute("UPDATE account SET balance = 0")
        raise DeadlockDetected("as PostgreSQL would")

    with pytest.raises(DeadlockDetected) as caught:
        database.retry(work, attempts=3)

    assert len(calls) == 3
    assert caught.value.__notes__ == ["gave up after 3 attempts"]
    assert balance_of(database) == 10


def test_other_errors_are_not_retried(database: Database) -> None:
    calls: list[int] = []

    def work(connection: Connection[Any]) -> None:
        calls.append(1)
        connection.execute("INSERT INTO account VALUES (1, 0)")

    with pytest.raises(UniqueViolation):
        database.retry(work)

    assert len(calls) == 1


def test_a_part_of_a_transaction_cannot_be_retried(
    database: Database,
) -> None:
    def work(connection: Connection[Any]) -> None:
        raise SerializationFailure("never reached")

    with database.transaction() as connection:
        with pytest.raises(TransactionInProgress, match="cannot be retried in part"):
            retry_transaction(connection, work)


def test_the_isolation_level_is_put_back(database: Database) -> None:
    def work(connection: Connection[Any]) -> str:
        cursor = connection.execute("SHOW transaction_isolation")
        (level,) = cursor.fetchone() or ("",)
        return str(level)

    inside = database.retry(work, isolation_level=IsolationLevel.SERIALIZABLE)
    after = database.retry(work)

    assert (inside, after) == ("serializable", "read committed")


def pay_in(database: Database, amount: int) -> None:
    with database.transaction() as connection:
        connection.execute(
            "UPDATE account SET balance = balance + %s WHERE id = 1", (amount,)
        )


def balance_of(database: Database) -> int:
    with database.connection() as connection:
        cursor = connection.execute("SELECT balance FROM account WHERE id = 1")
        (balance,) = cursor.fetchone() or (0,)
        return int(balance)
