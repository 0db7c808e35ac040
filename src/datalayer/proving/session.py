"""One connection that is synchronous and asynchronous at once."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.pq import TransactionStatus

from datalayer.proving import questions
from datalayer.urls import unreachable

ResultT = TypeVar("ResultT")

_CONSTRAINTS = "SET CONSTRAINTS ALL IMMEDIATE"
#: How many statements have ten seconds together: a chunk of TimescaleDB takes a while.
_TOGETHER = 50
#: How often the end of a transaction may come too late.
_ROLLBACKS = 5
_SETTINGS = """
SET client_min_messages = 'error';
SET statement_timeout = '10s';
SET lock_timeout = '5s';
SET timezone = 'UTC';
SET jit = off;
"""


@dataclass(frozen=True, slots=True)
class Session:
    """Both kinds of a connection over one socket: what one stores, the other sees."""

    connection: Connection[Any]
    twin: AsyncConnection[Any]
    runner: asyncio.Runner

    def run(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Return the result of an asynchronous function."""
        return self.runner.run(coroutine)

    def attempt(self, statements: Sequence[str], *, kept: bool = True) -> list[bool]:
        """Run statements in a transaction that is open; return which were accepted.

        Those that are not kept are taken back one by one.
        """
        accepted: list[bool] = []
        for start in range(0, len(statements), _TOGETHER):
            row = self.connection.execute(
                "SELECT pg_temp.datalayer_attempt(%s::text[], %s)",
                (list(statements[start : start + _TOGETHER]), kept),
            ).fetchone()
            assert row is not None
            accepted += row[0]
        return accepted

    def is_consistent(self) -> bool:
        """Tell whether the deferred constraints hold, which stay deferred."""
        return self.attempt([_CONSTRAINTS], kept=False)[0]

    def count(self, statements: Sequence[str]) -> list[int]:
        """Return how many rows each statement gives; all of it is taken back."""
        row = self.connection.execute(
            "SELECT pg_temp.datalayer_count(%s::text[])", (list(statements),)
        ).fetchone()
        assert row is not None
        counts: list[int] = row[0]
        return counts

    def roll_back(self) -> None:
        """End a transaction, on a server too that is late even for that."""
        for _ in range(_ROLLBACKS):
            with suppress(psycopg.errors.QueryCanceled):
                self.send("ROLLBACK")
            if self.connection.info.transaction_status == TransactionStatus.IDLE:
                return
        self.send("ROLLBACK")

    def send(self, statement: str) -> None:
        """Run a statement that returns nothing of interest."""
        self.connection.execute(statement.encode(), prepare=False)


@contextmanager
def open_session(url: str) -> Iterator[Session]:
    """Connect to a scratch database; nothing that is run in transactions stays."""
    try:
        connection = psycopg.connect(url, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        raise unreachable(url, error) from error
    twin: AsyncConnection[Any] = AsyncConnection(connection.pgconn)
    twin.prepare_threshold = None
    try:
        with asyncio.Runner() as runner:
            connection.execute(_SETTINGS.encode())
            connection.execute(questions.ATTEMPT.encode())
            connection.execute(questions.COUNT.encode())
            yield Session(connection, twin, runner)
    finally:
        connection.close()
        with warnings.catch_warnings():
            # It goes with the other one, as they share what there is to close.
            warnings.simplefilter("ignore", ResourceWarning)
            del twin
