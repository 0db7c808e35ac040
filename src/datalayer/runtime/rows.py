"""From tuples of psycopg to the results of a query."""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING, Any, TypeVar

from datalayer.errors import NoRowError, TooManyRowsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.runtime.query import Query

ResultT = TypeVar("ResultT")


def build_results(
    query: Query[ResultT], rows: Sequence[tuple[Any, ...]]
) -> list[ResultT]:
    """Return an object, or a value, for each row."""
    if query.convert:
        rows = [_converted(query, row) for row in rows]
    if query.row is None:
        return [row[0] for row in rows]
    return list(starmap(query.row, rows))


def at_most_one(query: Query[ResultT], results: list[ResultT]) -> ResultT | None:
    """Return the only result or None; raise `TooManyRowsError` for a second one."""
    if len(results) > 1:
        raise TooManyRowsError(query.name, query.source, len(results))
    return results[0] if results else None


def exactly_one(query: Query[ResultT], results: list[ResultT]) -> ResultT:
    """Return the only result; raise `NoRowError` or `TooManyRowsError`."""
    if len(results) == 1:
        return results[0]
    if results:
        raise TooManyRowsError(query.name, query.source, len(results))
    raise NoRowError(query.name, query.source)


def annotate(error: Exception, query: Query[Any]) -> None:
    """Note on an error in which query it happened."""
    error.add_note(f"in query {query.name} ({query.source})")


def _converted(query: Query[Any], row: tuple[Any, ...]) -> tuple[Any, ...]:
    values = list(row)
    for column, convert in query.convert:
        if values[column] is not None:
            values[column] = convert(values[column])
    return tuple(values)
