"""The connections of a run: one that holds the lock, one that applies."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import conninfo_to_dict

from datalayer.errors import DatabaseUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATION_NAME = "datalayer migrate"


@contextmanager
def connect(url: str) -> Iterator[psycopg.Connection]:
    """Yield a connection in autocommit mode, closed at the end whatever happens."""
    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            prepare_threshold=None,  # a pooler may move us between servers
            application_name=APPLICATION_NAME,
            client_encoding="utf8",
        )
    except psycopg.Error as error:
        raise DatabaseUnreachable(
            f"cannot connect to {_place(url)}: {' '.join(str(error).split())}",
            help="check the URL, and that the server runs",
        ) from error
    try:
        yield connection
    finally:
        # Not `with`: that would commit or wait; an unfinished file must roll back.
        connection.close()


def _place(url: str) -> str:
    """Return where a URL leads to, without user and password."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return "the database"
    host = parts.get("host") or parts.get("hostaddr") or "the local server"
    return f"`{parts.get('dbname') or 'the default database'}` on `{host}`"
