"""From tuples of psycopg to the results of a query."""

from __future__ import annotations

import dataclasses
from itertools import starmap
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from psycopg import IntegrityError
from psycopg.types.json import Json, Jsonb

from datalayer.errors import (
    ConstraintViolation,
    DataLayerError,
    DuplicateKey,
    JsonMismatchError,
    NoRowError,
    TooManyRowsError,
)
from datalayer.runtime.decoding import decode_columns
from datalayer.runtime.documents import JsonReader, leave_json_text
from datalayer.runtime.documents.unfit import Unfit, spell_path
from datalayer.runtime.intervals import interval_value, refuse_infinity
from datalayer.runtime.nesting import build_nested, path_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import AsyncCursor, Cursor
    from psycopg.adapt import AdaptersMap

    from datalayer.runtime.query import Query

KeyT = TypeVar("KeyT")
ResultT = TypeVar("ResultT")
ValueT = TypeVar("ValueT")

#: The attribute of an error that tells which of many items it is about.
_POSITION = "datalayer_item_position"


def adapt(adapters: AdaptersMap, query: Query[Any]) -> None:
    """Let a cursor return what the converters of a query take."""
    if any(isinstance(convert, JsonReader) for _, convert in query.convert):
        leave_json_text(adapters)
    if any(convert is interval_value for _, convert in query.convert):
        refuse_infinity(adapters)


def build_results(
    query: Query[ResultT],
    rows: Sequence[tuple[Any, ...]],
    cursor: Cursor[Any] | AsyncCursor[Any],
) -> list[ResultT]:
    """Return an object, or a value, for each row that was fetched by a cursor."""
    if query.decode:
        rows = decode_columns(query.decode, rows, cursor)
    if query.convert:
        rows = [_converted(query, row) for row in rows]
    if query.row is None:
        return [row[0] for row in rows]
    if query.nest is not None:
        return build_nested(query.nest, rows)
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


def explain(
    error: Exception,
    query: Query[Any],
    parameters: Sequence[object] = (),
    *,
    position: int | None = None,
) -> NoReturn:
    """Raise an error again, with a note in which query it happened.

    The violation of a constraint that the query names becomes the class it is given.
    `position` tells which of many items it was, from 0.
    """
    if isinstance(error, IntegrityError):
        name = error.diag.constraint_name
        cls = dict(query.raises).get(name or "")
        if cls is not None:
            values = map(_unwrapped, parameters)
            raise cls(
                query=query.name,
                source=query.source,
                constraint=name or "",
                values=dict(zip(query.names, values, strict=False)),
                position=position,
            ) from error
    if position is not None:
        vars(error)[_POSITION] = position
        error.add_note(f"in query {query.name} ({query.source}), item {position}")
    elif not isinstance(error, DataLayerError):
        error.add_note(f"in query {query.name} ({query.source})")
    raise error


def item_position(error: BaseException) -> int | None:
    """Return which of many items an error is about, from 0; None for any other."""
    if isinstance(error, ConstraintViolation):
        return error.position
    position: int | None = vars(error).get(_POSITION)
    return position


def by_key(
    query: Query[Any], pairs: Iterable[tuple[KeyT, ValueT]]
) -> dict[KeyT, ValueT]:
    """Return values by their keys; raise `DuplicateKey` for one that comes twice."""
    found: dict[KeyT, ValueT] = {}
    for key, value in pairs:
        if key in found:
            raise DuplicateKey(query.name, query.source, key)
        found[key] = value
    return found


def _unwrapped(value: object) -> object:
    return value.obj if isinstance(value, Json | Jsonb) else value


def _converted(query: Query[Any], row: tuple[Any, ...]) -> tuple[Any, ...]:
    values = list(row)
    for column, convert in query.convert:
        if values[column] is not None:
            try:
                values[column] = convert(values[column])
            except Unfit as reason:
                raise _mismatch(query, column, convert, reason) from reason.__cause__
    return tuple(values)


def _mismatch(
    query: Query[Any], column: int, convert: object, reason: Unfit
) -> JsonMismatchError:
    return JsonMismatchError(
        query=query.name,
        source=query.source,
        column=_attribute(query, column),
        type_name=convert.name if isinstance(convert, JsonReader) else "JSON",
        path=spell_path(reason.path),
        why=reason.reason,
    )


def _attribute(query: Query[Any], column: int) -> str:
    """Return where a column is to be found in an object."""
    if query.nest is not None:
        return path_of(query.nest, column)
    fields = dataclasses.fields(query.row) if isinstance(query.row, type) else ()
    return fields[column].name if fields else "its value"
