"""Read rows while PostgreSQL makes them, over an asynchronous connection."""

# twin: streaming.py

from __future__ import annotations

from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar

from psycopg import AsyncRawCursor
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from datalayer.runtime.cursor_names import reserved_name
from datalayer.runtime.rows import adapt, build_results, explain

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from psycopg import AsyncConnection

    from datalayer.runtime.query import Query

ResultT = TypeVar("ResultT")


@asynccontextmanager
async def iterate(
    connection: AsyncConnection[Any],
    query: Query[ResultT],
    parameters: Sequence[object] = (),
) -> AsyncGenerator[AsyncIterator[ResultT], None]:
    """Give the rows one by one, of which a thousand are in memory at once.

    The connection may be used for anything else meanwhile. Outside of a transaction
    there is one as long as the rows are read.
    """
    async with AsyncExitStack() as stack:
        if connection.autocommit and _status(connection) == TransactionStatus.IDLE:
            await stack.enter_async_context(connection.transaction())
        name = stack.enter_context(reserved_name(connection))
        cursor = AsyncRawCursor(connection, row_factory=tuple_row)
        adapt(cursor.adapters, query)
        declare: LiteralString = "DECLARE " + name + " NO SCROLL CURSOR FOR "
        try:
            await cursor.execute(declare + query.sql, parameters, prepare=False)
        except Exception as error:
            explain(error, query, parameters)
        try:
            rows = _rows(cursor, query, name)
            async with aclosing(rows):
                yield rows
        finally:
            # The end of a transaction closes it as well, and a failed one has ended.
            if _status(connection) == TransactionStatus.INTRANS:
                await connection.execute("CLOSE " + name, prepare=False)


async def _rows(
    cursor: AsyncRawCursor[tuple[Any, ...]], query: Query[ResultT], name: LiteralString
) -> AsyncGenerator[ResultT, None]:
    while True:
        try:
            await cursor.execute("FETCH FORWARD 1000 FROM " + name, prepare=False)
            results = build_results(query, await cursor.fetchall(), cursor)
        except Exception as error:
            explain(error, query)
        for each in results:
            yield each
        if len(results) < 1000:
            return


def _status(connection: AsyncConnection[Any]) -> TransactionStatus:
    return connection.info.transaction_status
