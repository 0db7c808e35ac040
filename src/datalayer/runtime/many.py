# Derived by scripts/async_to_sync.py from aio_many.py; do not edit.
"""Run a query for many sets of parameters, over a synchronous connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from psycopg import OperationalError, RawCursor
from psycopg.pq import PipelineStatus
from psycopg.rows import tuple_row

from datalayer.runtime.many_values import UnevenResult, are_small, arrays_of, sets_of
from datalayer.runtime.pipelines import synchronise
from datalayer.runtime.rows import (
    adapt,
    at_most_one,
    build_results,
    exactly_one,
    explain,
    item_position,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection

    from datalayer.runtime.query import Copying, Query

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

Items: TypeAlias = Iterable[ItemT]
_Source: TypeAlias = Iterator[ItemT]

#: How many items are in memory at once: of any kind, and of those that take little.
#: Each batch is a savepoint and some round trips, which is most of what COPY costs.
BATCH_SIZE = 1000
SMALL_BATCH_SIZE = 8000


@dataclass(slots=True)
class _Done(Generic[ResultT]):
    """What came of some items."""

    affected: int
    #: The rows of each item, where the statement returns some.
    results: list[list[ResultT]]


def execute_many(
    connection: Connection[Any],
    query: Query[None],
    items: Items[ItemT],
    values: Callable[[ItemT], Sequence[object]],
) -> int:
    """Run a query for each item, or for none if one fails.

    Returns the number of affected rows. Consumes the items batch by batch.
    """
    return (_run(connection, query, items, values)).affected


def fetch_each(
    connection: Connection[Any],
    query: Query[ResultT],
    items: Items[ItemT],
    values: Callable[[ItemT], Sequence[object]],
) -> list[ResultT]:
    """Run a query for each item, or for none; return the row of each, in order."""
    done = _run(connection, query, items, values, check=exactly_one)
    return [rows[0] for rows in done.results]


def fetch_each_optional(
    connection: Connection[Any],
    query: Query[ResultT],
    items: Items[ItemT],
    values: Callable[[ItemT], Sequence[object]],
) -> list[ResultT | None]:
    """Run a query for each item, or for none; return the row of each, or None."""
    done = _run(connection, query, items, values, check=at_most_one)
    return [rows[0] if rows else None for rows in done.results]


def _run(
    connection: Connection[Any],
    query: Query[ResultT],
    items: Items[ItemT],
    values: Callable[[ItemT], Sequence[object]],
    *,
    check: Callable[[Query[ResultT], list[ResultT]], object] | None = None,
) -> _Done[ResultT]:
    total = _Done[ResultT](0, [])
    source = _iterator(items)
    together, first, size = True, 0, BATCH_SIZE
    try:
        with connection.transaction():
            while batch := _take(source, size):
                sets, failure = sets_of(batch, values)
                done = None
                if together and len(sets) > 1:
                    done = _try_together(connection, query, sets, check)
                    together = done is not None
                if done is None:
                    done = _one_by_one(connection, query, sets, check, first)
                total.affected += done.affected
                total.results += done.results
                first += len(sets)
                size = SMALL_BATCH_SIZE if are_small(sets) else BATCH_SIZE
                if failure is not None:
                    explain(failure, query, position=first)
                del batch, sets  # before the next ones are made
    except Exception as error:
        if item_position(error) is not None:
            raise
        explain(error, query)
    return total


def _iterator(items: Items[ItemT]) -> _Source[ItemT]:
    return iter(items)


def _take(source: _Source[ItemT], size: int) -> list[ItemT]:
    return list(islice(source, size))


def _try_together(
    connection: Connection[Any],
    query: Query[ResultT],
    sets: list[Sequence[object]],
    check: Callable[[Query[ResultT], list[ResultT]], object] | None,
) -> _Done[ResultT] | None:
    """Run a query for a batch in the fastest way; None if it was taken back.

    Then one item after the other tells which was at fault, or whether any was.
    """
    try:
        with connection.transaction():
            done = _together(connection, query, sets, returns=check is not None)
            if check is not None:
                for rows in done.results:
                    check(query, rows)
            return done
    except OperationalError:
        # Nothing that an item did: a deadlock, a timeout, a lost connection.
        raise
    except Exception:
        return None


def _together(
    connection: Connection[Any],
    query: Query[ResultT],
    sets: list[Sequence[object]],
    *,
    returns: bool,
) -> _Done[ResultT]:
    cursor = RawCursor(connection, row_factory=tuple_row)
    adapt(cursor.adapters, query)
    in_pipeline = connection.info.pipeline_status != PipelineStatus.OFF
    if query.copying is not None and not in_pipeline:
        return _Done(_copy(cursor, query.copying, sets), [])
    if query.unnesting is not None:
        cursor.execute(query.unnesting, arrays_of(sets))
        if not returns:
            synchronise(connection)
            return _Done(max(cursor.rowcount, 0), [])
        found = build_results(query, cursor.fetchall(), cursor)
        if len(found) != len(sets):
            raise UnevenResult
        return _Done(len(found), [[row] for row in found])
    cursor.executemany(query.sql, sets, returning=returns)
    synchronise(connection)
    affected, results = max(cursor.rowcount, 0), list[list[ResultT]]()
    for _ in sets if returns else ():
        results.append(build_results(query, cursor.fetchall(), cursor))
        cursor.nextset()
    return _Done(affected, results)


def _copy(
    cursor: RawCursor[Any], copying: Copying, sets: list[Sequence[object]]
) -> int:
    with cursor.copy(copying.sql) as copy:
        if copying.types:
            copy.set_types(copying.types)
        for values in sets:
            copy.write_row(values)
    return cursor.rowcount


def _one_by_one(
    connection: Connection[Any],
    query: Query[ResultT],
    sets: list[Sequence[object]],
    check: Callable[[Query[ResultT], list[ResultT]], object] | None,
    first: int,
) -> _Done[ResultT]:
    total = _Done[ResultT](0, [])
    cursor = RawCursor(connection, row_factory=tuple_row)
    adapt(cursor.adapters, query)
    for position, parameters in enumerate(sets, first):
        try:
            cursor.execute(query.sql, parameters)
            synchronise(connection)
            total.affected += max(cursor.rowcount, 0)
            if check is not None:
                rows = build_results(query, cursor.fetchall(), cursor)
                check(query, rows)
                total.results.append(rows)
        except Exception as error:
            explain(error, query, parameters, position=position)
    return total
