"""Databases on a server: created, dropped, or for a moment."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from datalayer.errors import NotEnoughRights
from datalayer.urls import unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator


def create_database(server_url: str, name: str, template: str | None = None) -> str:
    """Create a database, empty or as a copy, and return its URL."""
    # template0: what an administrator put into template1 must not change results.
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(template or "template0")
    )
    with _connect(server_url) as connection:
        try:
            connection.execute(statement + _strategy(connection))
        except psycopg.errors.InsufficientPrivilege as error:
            raise NotEnoughRights(
                f"user `{connection.info.user}` may not create databases: "
                f"{error.diag.message_primary}",
                help="`ALTER ROLE … CREATEDB` lets it, or name another user in the URL",
            ) from error
    return database_url(server_url, name)


def _strategy(connection: psycopg.Connection[tuple[object, ...]]) -> sql.Composable:
    """Return the faster way to copy a template on a server."""
    (fsync,) = connection.execute("SHOW fsync").fetchone() or ("on",)
    # Its two checkpoints are costly only where they wait for the disk.
    return sql.SQL(" STRATEGY file_copy" if fsync == "off" else "")


def drop_database(server_url: str, name: str) -> None:
    """Drop a database if it exists, and end the connections to it."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
        sql.Identifier(name)
    )
    with _connect(server_url) as connection:
        connection.execute(statement)


def database_url(server_url: str, name: str) -> str:
    """Return the URL of another database on the same server."""
    if "://" not in server_url:
        return make_conninfo(server_url, dbname=name)
    parts = urlsplit(server_url)
    options = [(k, v) for k, v in parse_qsl(parts.query) if k != "dbname"]
    # `urlunsplit` would drop the slashes of a URL without a host.
    url = f"{parts.scheme}://{parts.netloc}/{quote(name, safe='')}"
    return url + ("?" + urlencode(options, quote_via=quote) if options else "")


@contextmanager
def scratch_database(server_url: str, template: str | None = None) -> Iterator[str]:
    """Create a database with a random name, yield its URL, and drop it."""
    name = f"scratch_{uuid.uuid4().hex[:16]}"
    url = create_database(server_url, name, template)
    try:
        yield url
    finally:
        drop_database(server_url, name)


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    try:
        return psycopg.connect(url, autocommit=True)
    except psycopg.Error as error:
        raise unreachable(url, error) from error
