"""Where the pages get their numbers: a few connections that can only read."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from psycopg import AsyncConnection, IsolationLevel, sql
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from datalayer.urls import describe_target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ReadConnection: TypeAlias = AsyncConnection[TupleRow]


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How the dashboard connects."""

    url: str
    #: The role to take on, as `SET ROLE` does.
    role: str | None = None
    #: Seconds after which the server gives up a query.
    statement_timeout: float = 10.0
    #: Seconds that a page waits for a connection.
    patience: float = 5.0
    #: A server that takes one connection at a time gets one.
    connections: int = 4


class Source:
    """A pool of connections whose transactions cannot write."""

    def __init__(self, settings: SourceSettings) -> None:
        """Keep the settings; `opened` connects."""
        self._settings = settings
        self._pool: AsyncConnectionPool[ReadConnection] = AsyncConnectionPool(
            settings.url,
            min_size=1,
            max_size=settings.connections,
            open=False,
            timeout=settings.patience,
            configure=self._configure,
            check=AsyncConnectionPool.check_connection,
        )

    @property
    def place(self) -> str:
        """Return which database this is, without user and password."""
        return describe_target(self._settings.url).replace("`", "")

    @property
    def settings(self) -> SourceSettings:
        """Return how this connects."""
        return self._settings

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep the pool open meanwhile; what is down now may come up later."""
        await self._pool.open()
        try:
            yield
        finally:
            await self._pool.close()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[ReadConnection]:
        """Lend a connection in a transaction that sees one moment and cannot write."""
        async with self._pool.connection() as connection, connection.transaction():
            yield connection

    async def _configure(self, connection: ReadConnection) -> None:
        milliseconds = round(self._settings.statement_timeout * 1000)
        await connection.set_autocommit(True)
        await connection.execute("SET default_transaction_read_only = on")
        await connection.execute("SET timezone = 'UTC'")
        await connection.execute("SET client_min_messages = warning")
        await connection.execute(
            sql.SQL("SET statement_timeout = {}").format(sql.Literal(milliseconds))
        )
        if self._settings.role is not None:
            await connection.execute(
                sql.SQL("SET ROLE {}").format(sql.Identifier(self._settings.role))
            )
        await connection.set_autocommit(False)
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
