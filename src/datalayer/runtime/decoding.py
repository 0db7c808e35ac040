"""Columns read from the text that PostgreSQL sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import AsyncCursor, Cursor

    from datalayer.runtime.forms import Form


def decode_columns(
    forms: Iterable[tuple[int, Form]],
    rows: Sequence[tuple[Any, ...]],
    cursor: Cursor[Any] | AsyncCursor[Any],
) -> list[tuple[Any, ...]]:
    """Return rows with some columns as their forms read them.

    What psycopg made of them does not matter: it depends on whether somebody registered
    their types on the connection, and then the text of what is inside is lost.
    """
    result = cursor.pgresult
    assert result is not None
    encoding = cursor.connection.info.encoding
    # Not the cursor, which may be told to leave JSON as text.
    context = cursor.connection
    readers = [(column, form.reader(context)) for column, form in forms]
    decoded: list[tuple[Any, ...]] = []
    for number, row in enumerate(rows):
        values = list(row)
        for column, read in readers:
            data = result.get_value(number, column)
            values[column] = None if data is None else read(data.decode(encoding))
        decoded.append(tuple(values))
    return decoded
