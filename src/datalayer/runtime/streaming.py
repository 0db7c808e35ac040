# Derived by scripts/async_to_sync.py from aio_streaming.py; do not edit.
"""Read rows while PostgreSQL makes them, over a synchronous connection."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar

from psycopg import RawCursor
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from datalayer.runtime.cursor_names import reserved_name
from datalayer.runtime.rows import adapt, build_results, explain

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from psycopg import Connection

    from datalayer.runtime.query import Query

ResultT = TypeVar("ResultT")


@contextmanager
def iterate(
    connection: Connection[Any],
    query: Query[ResultT],
    parameters: Sequence[object] = (),
) -> Generator[Iterator[ResultT], None]:
    """Give the rows one by one, of which a thousand are in memory at once.

    The connection may be used for anything else meanwhile. Outside of a transaction
    there is one as long as the rows are read.
    """
    with ExitStack() as stack:
        if connection.autocommit and _status(connection) == TransactionStatus.IDLE:
            stack.enter_context(connection.transaction())
        name = stack.enter_context(reserved_name(connection))
        cursor = RawCursor(connection, row_factory=tuple_row)
        adapt(cursor.adapters, query)
        declare: LiteralString = "DECLARE " + name + " NO SCROLL CURSOR FOR "
        try:
            cursor.execute(declare + query.sql, parameters, prepare=False)
        except Exception as error:
            explain(error, query, parameters)
        try:
            rows = _rows(cursor, query, name)
            with closing(rows):
                yield rows
        finally:
            # The end of a transaction closes it as well, and a failed one has ended.
            if _status(connection) == TransactionStatus.INTRANS:
                connection.execute("CLOSE " + name, prepare=False)


def _rows(
    cursor: RawCursor[tuple[Any, ...]], query: Query[ResultT], name: LiteralString
) -> Generator[ResultT, None]:
    while True:
        try:
            cursor.execute("FETCH FORWARD 1000 FROM " + name, prepare=False)
            results = build_results(query, cursor.fetchall(), cursor)
        except Exception as error:
            explain(error, query)
        for each in results:
            yield each
        if len(results) < 1000:
            return


def _status(connection: Connection[Any]) -> TransactionStatus:
    return connection.info.transaction_status
