# Derived by scripts/async_to_sync.py from aio.py; do not edit.
"""Run queries over a synchronous connection."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from psycopg import RawCursor, sql
from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from datalayer.errors import TransactionInProgress
from datalayer.runtime.many import Items as Items
from datalayer.runtime.many import execute_many as execute_many
from datalayer.runtime.many import fetch_each as fetch_each
from datalayer.runtime.many import fetch_each_optional as fetch_each_optional
from datalayer.runtime.paging import page_of, page_values
from datalayer.runtime.pipelines import synchronise
from datalayer.runtime.query import NO_ROW, NoRow
from datalayer.runtime.rows import (
    adapt,
    at_most_one,
    build_results,
    by_key,
    exactly_one,
    explain,
)
from datalayer.runtime.streaming import iterate as iterate
from datalayer.runtime.waiting import pause_before, sleep_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from psycopg import Connection

    from datalayer.runtime.paging import Page
    from datalayer.runtime.query import Query
    from datalayer.runtime.varied import VariedQuery

KeyT = TypeVar("KeyT")
ResultT = TypeVar("ResultT")
ValueT = TypeVar("ValueT")


def fetch_all(
    connection: Connection[Any],
    query: Query[ResultT],
    parameters: Sequence[object] = (),
) -> list[ResultT]:
    """Return all rows."""
    cursor = RawCursor(connection, row_factory=tuple_row)
    adapt(cursor.adapters, query)
    try:
        cursor.execute(query.sql, parameters)
        return build_results(query, cursor.fetchall(), cursor)
    except Exception as error:
        explain(error, query, parameters)


def fetch_map(
    connection: Connection[Any],
    query: Query[ResultT],
    parameters: Sequence[object],
    key: Callable[[ResultT], KeyT],
) -> dict[KeyT, ResultT]:
    """Return all rows by a key; raise `DuplicateKey` for one that comes twice."""
    rows = fetch_all(connection, query, parameters)
    return by_key(query, ((key(row), row) for row in rows))


def fetch_value_map(
    connection: Connection[Any],
    query: Query[ResultT],
    parameters: Sequence[object],
    key: Callable[[ResultT], KeyT],
    value: Callable[[ResultT], ValueT],
) -> dict[KeyT, ValueT]:
    """Return a value of each row by its key; raise `DuplicateKey` for one twice."""
    rows = fetch_all(connection, query, parameters)
    return by_key(query, ((key(row), value(row)) for row in rows))


def fetch_page(
    connection: Connection[Any],
    query: VariedQuery[ResultT],
    values: Mapping[str, object],
    *,
    limit: int,
    cursor: str | None,
    order: str = "",
) -> Page[ResultT]:
    """Return the first page, or the one behind a cursor."""
    name, paging = query.name, query.paging
    assert paging is not None  # what the generator calls this for has one
    values = page_values(name, paging, values, limit=limit, cursor=cursor, order=order)
    rows = fetch_all(connection, *query.given(values, order=order))
    return page_of(name, paging, rows, limit=limit, order=order)


def fetch_one(
    connection: Connection[Any],
    query: Query[ResultT],
    parameters: Sequence[object] = (),
) -> ResultT:
    """Return the only row; raise `NoRowError` or `TooManyRowsError`."""
    return exactly_one(query, fetch_all(connection, query, parameters))


def fetch_optional(
    connection: Connection[Any],
    query: Query[ResultT],
    parameters: Sequence[object] = (),
) -> ResultT | None:
    """Return the only row, or None; raise `TooManyRowsError` for a second one."""
    return at_most_one(query, fetch_all(connection, query, parameters))


def fetch_or_no_row(
    connection: Connection[Any],
    query: Query[ResultT],
    parameters: Sequence[object] = (),
) -> ResultT | NoRow:
    """Return the value of the only row, also a NULL, or `NO_ROW` without a row."""
    values = fetch_all(connection, query, parameters)
    return exactly_one(query, values) if values else NO_ROW


def execute(
    connection: Connection[Any],
    query: Query[None],
    parameters: Sequence[object] = (),
) -> int:
    """Return the number of affected rows."""
    cursor = RawCursor(connection, row_factory=tuple_row)
    try:
        cursor.execute(query.sql, parameters)
        synchronise(connection)
    except Exception as error:
        explain(error, query, parameters)
    return max(cursor.rowcount, 0)


def retry_transaction(
    connection: Connection[Any],
    work: Callable[[Connection[Any]], ResultT],
    *,
    attempts: int = 10,
) -> ResultT:
    """Run a unit of work in a transaction, again after what another one caused.

    That is a serialisation failure or a deadlock: PostgreSQL took everything back, and
    all of the work is done again, a little later. The last failure is raised.
    Raises `TransactionInProgress` inside of a transaction, of which this is a part.
    """
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise TransactionInProgress(
            "a transaction is under way, and cannot be retried in part",
            help="retry the whole of it, on a connection that is in none",
        )
    for attempt in count(2):
        try:
            with connection.transaction():
                return work(connection)
        except (DeadlockDetected, SerializationFailure) as error:
            if attempt > attempts:
                error.add_note(f"gave up after {attempt - 1} attempts")
                raise
        sleep_here(pause_before(attempt))
    raise AssertionError("unreachable")


def execute_script(connection: Connection[Any], query: Query[None]) -> None:
    """Run all statements of a script."""
    cursor = RawCursor(connection, row_factory=tuple_row)
    try:
        # Without parameters and never prepared, so that several statements may go.
        cursor.execute(query.sql, prepare=False)
    except Exception as error:
        explain(error, query)


def copy_rows(
    connection: Connection[Any],
    *,
    table: str,
    columns: Mapping[str, str],
    rows: Iterable[Sequence[object]],
) -> int:
    """Store rows by COPY, all or none, and return their number.

    `columns` tells the type of each column in the rows. There is no faster way, but it
    knows no ON CONFLICT, and psycopg takes a value of any type that can be made to fit.
    """
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    cursor = connection.cursor()
    with cursor.copy(command) as copy:
        copy.set_types(list(columns.values()))
        for row in rows:
            copy.write_row(row)
    return cursor.rowcount
