"""The names of cursors that are open on a connection."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, LiteralString
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Generator

    from psycopg import AsyncConnection, Connection

_OPEN: WeakKeyDictionary[Connection[Any] | AsyncConnection[Any], set[int]] = (
    WeakKeyDictionary()
)


@contextmanager
def reserved_name(
    connection: Connection[Any] | AsyncConnection[Any],
) -> Generator[LiteralString, None, None]:
    """Give a name that no other cursor of ours has on a connection.

    The same few names again and again: each is a statement to `pg_stat_statements`.
    """
    taken = _OPEN.setdefault(connection, set())
    number = next(number for number in count(1) if number not in taken)
    taken.add(number)
    try:
        name: Any = f"datalayer_{number}"
        yield name
    finally:
        taken.discard(number)
