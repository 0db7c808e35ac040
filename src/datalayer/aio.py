"""Open a database for an asynchronous program."""

# twin: database.py

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from datalayer.config import bundled_folder
from datalayer.migrate import migrate
from datalayer.opening import (
    check_pool_size,
    check_server_version,
    explain_timeout,
    run_aside,
)
from datalayer.runtime.aio import retry_transaction
from datalayer.server import acquire_server
from datalayer.urls import describe_target, unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from psycopg import IsolationLevel

    from datalayer.migrate import Event, MigrationReport
    from datalayer.server import ServerHandle

__all__ = ["AsyncDatabase", "open"]

ResultT = TypeVar("ResultT")


async def open(url: str | None = None, pool_size: int = 10) -> AsyncDatabase:
    """Return a database with a pool of connections; close it, or use it in `with`.

    Without a URL: the database of `DATABASE_URL`, else the embedded server, which
    starts unless it runs already and stops when the last one leaves.
    Raises `DatabaseUnreachable` when the first connection fails, and `ServerTooOld`
    before PostgreSQL 15.
    """
    check_pool_size(pool_size)
    server = await run_aside(partial(acquire_server, url))
    try:
        pool = await _open_pool(server.url, pool_size)
    except BaseException:
        server.close()
        raise
    return AsyncDatabase(pool, server, pool_size)


async def _open_pool(
    url: str, pool_size: int
) -> AsyncConnectionPool[AsyncConnection[TupleRow]]:
    # The pool would keep trying for half a minute, and not say why.
    try:
        async with await AsyncConnection.connect(url) as connection:
            check_server_version(connection.info.server_version)
    except psycopg.Error as error:
        raise unreachable(url, error) from error
    pool: AsyncConnectionPool[AsyncConnection[TupleRow]] = AsyncConnectionPool(
        url, min_size=1, max_size=pool_size, open=False
    )
    await pool.open()
    return pool


class AsyncDatabase:
    """A PostgreSQL database and a pool of connections to it."""

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[TupleRow]],
        server: ServerHandle,
        pool_size: int,
    ) -> None:
        """Own an open pool and the use of a server; `open` makes both."""
        self._pool = pool
        self._server = server
        self._pool_size = pool_size

    def __repr__(self) -> str:
        """Return the kind and the place, without the password."""
        return f"<{type(self).__name__}: {describe_target(self.url)}>"

    @property
    def url(self) -> str:
        """Return the URL, with the password if it has one."""
        return self._server.url

    @property
    def pool(self) -> AsyncConnectionPool[AsyncConnection[TupleRow]]:
        """Return the pool itself, for its statistics and settings."""
        return self._pool

    @asynccontextmanager
    async def connection(
        self, *, timeout: float | None = None
    ) -> AsyncIterator[AsyncConnection[TupleRow]]:
        """Lend a connection; commit at the end, roll back after an exception."""
        connection = await self._check_out(timeout)
        try:
            async with connection:
                yield connection
        finally:
            await self._pool.putconn(connection)

    @asynccontextmanager
    async def transaction(
        self, *, timeout: float | None = None
    ) -> AsyncIterator[AsyncConnection[TupleRow]]:
        """Lend a connection in a transaction that begins now.

        It commits at the end and rolls back after an exception.
        """
        async with (
            self.connection(timeout=timeout) as connection,
            connection.transaction(),
        ):
            yield connection

    async def retry(
        self,
        work: Callable[[AsyncConnection[TupleRow]], Awaitable[ResultT]],
        *,
        attempts: int = 10,
        isolation_level: IsolationLevel | None = None,
        timeout: float | None = None,
    ) -> ResultT:
        """Run a unit of work in a transaction, again when another one made it fail.

        That is a serialisation failure or a deadlock; `work` is called with a
        connection, and must do nothing outside of the database that it cannot repeat.
        Without an isolation level it is that of the server.
        """
        async with self.connection(timeout=timeout) as connection:
            before = connection.isolation_level
            await connection.set_isolation_level(isolation_level or before)
            try:
                return await retry_transaction(connection, work, attempts=attempts)
            finally:
                await connection.set_isolation_level(before)

    async def migrate(
        self,
        components: Sequence[str] | None = None,
        folder: Path | None = None,
        *,
        to: str | None = None,
        profile: str | None = None,
        report: Callable[[Event], None] | None = None,
    ) -> MigrationReport:
        """Apply migrations, by default those of this package; see `datalayer.migrate`.

        Uses connections of its own.
        """
        return await run_aside(
            partial(
                migrate,
                self.url,
                folder or bundled_folder("migrations"),
                components=components,
                to=to,
                profile=profile,
                report=report,
            )
        )

    async def close(self) -> None:
        """Close all connections and leave the server; a second time does nothing."""
        try:
            await self._pool.close()
        finally:
            self._server.close()

    async def __aenter__(self) -> Self:
        """Return the database itself."""
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the database."""
        await self.close()

    async def _check_out(self, timeout: float | None) -> AsyncConnection[TupleRow]:
        try:
            return await self._pool.getconn(timeout)
        except PoolTimeout as error:
            explain_timeout(error, self.url, self._pool_size, self._pool.get_stats())
            raise
