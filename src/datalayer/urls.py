"""What a connection URL means, told without its password."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import conninfo_to_dict

from datalayer.errors import DatabaseUnreachable


def describe_target(url: str) -> str:
    """Return which database a URL means, without user and password."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return "the database"
    database = parts.get("dbname") or parts.get("user") or "the default database"
    host = parts.get("host") or parts.get("hostaddr") or "the local socket"
    return f"database `{database}` on `{host}` port {parts.get('port') or 5432}"


def unreachable(url: str, error: psycopg.Error) -> DatabaseUnreachable:
    """Return the error for a database that lets nobody in."""
    return DatabaseUnreachable(
        f"cannot connect to {describe_target(url)}: {describe_failure(url, error)}",
        help="check the URL, and that the server runs",
    )


def describe_failure(url: str, error: psycopg.Error) -> str:
    """Return on one line what went wrong, without the password."""
    reason = " ".join(str(error).split())
    try:
        password = conninfo_to_dict(url).get("password")
    except psycopg.Error:
        return "it is not a connection URL"
    return reason.replace(str(password), "…") if password else reason
