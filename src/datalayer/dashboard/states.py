"""What a page says when it has nothing to show."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import errors
from psycopg_pool import PoolTimeout

from datalayer.dashboard.readiness import RELATIONS
from datalayer.dashboard.rendering import render

if TYPE_CHECKING:
    from datalayer.dashboard.source import SourceSettings

_LOGGER = logging.getLogger(__name__)

_MISSING = (errors.UndefinedColumn, errors.UndefinedFunction, errors.UndefinedTable)

#: Classes of SQLSTATE: a connection that breaks, and an operator who ends it.
_LOST = ("08", "57P")


@dataclass(frozen=True, slots=True)
class Fragment:
    """The content of a page and the status of HTTP that goes with it."""

    html: str
    status: int = 200
    #: Where to go instead.
    location: str | None = None


def bad_request(text: str, *, home: str = "/") -> Fragment:
    """Return the page for an address that cannot be understood."""
    return _state(
        400,
        heading="That address cannot be shown",
        text=f"{text[:1].upper()}{text[1:]}.",
        retry=home,
        retry_label="Start from the overview",
    )


def not_found(text: str) -> Fragment:
    """Return the page for what does not exist."""
    return _state(
        404,
        heading="Not found",
        text=text,
        retry="/",
        retry_label="Go to the overview",
    )


def failure(error: Exception, settings: SourceSettings, address: str) -> Fragment:
    """Return the page for an error of the database, and log it in one line."""
    _LOGGER.warning("%s: %s", type(error).__name__, _first_line(error))
    if isinstance(error, errors.QueryCanceled):
        return _too_slow(settings, address)
    if isinstance(error, _MISSING):
        return _without_tables(address)
    if isinstance(error, errors.InsufficientPrivilege):
        return _without_rights(settings, address)
    code = getattr(error, "sqlstate", None)
    if isinstance(error, PoolTimeout) or _is_connection_lost(error):
        return _unreachable(address)
    return _retry(
        address,
        heading="The database refused a question",
        text=f"PostgreSQL answered with the error {code or type(error).__name__}.",
        remedy="The messages of `datalayer dashboard` and the server's log say more.",
    )


def _is_connection_lost(error: Exception) -> bool:
    """Return whether the server ended the connection, or libpq without the server."""
    if not isinstance(error, psycopg.OperationalError):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(_LOST)


def _unreachable(address: str) -> Fragment:
    return _retry(
        address,
        heading="The database cannot be reached",
        text="The dashboard itself runs, but its database gives no connection.",
        remedy="Check that the server runs; this page needs no restart afterwards.",
    )


def _too_slow(settings: SourceSettings, address: str) -> Fragment:
    return _retry(
        address,
        heading="The database takes too long",
        text=f"A question was given up after {settings.statement_timeout:g} seconds.",
        remedy="Closed hours are quick to read once they are stored. "
        "Unless TimescaleDB does it by itself, store them:",
        code="datalayer maintain",
    )


def _without_tables(address: str) -> Fragment:
    return _retry(
        address,
        heading="The tables of automation are missing",
        text="The database has not, or no longer, what this page shows. Create it:",
        code="datalayer migrate up automation",
    )


def _without_rights(settings: SourceSettings, address: str) -> Fragment:
    reader = settings.role or "dashboard"
    return _retry(
        address,
        heading="The role may not read this",
        text="The dashboard needs SELECT on what it shows, and nothing else. Grant it:",
        code="GRANT SELECT ON\n    " + ",\n    ".join(RELATIONS) + f"\nTO {reader};",
    )


def _retry(
    address: str, *, heading: str, text: str, remedy: str = "", code: str = ""
) -> Fragment:
    return _state(
        503,
        heading=heading,
        text=text,
        remedy=remedy,
        code=code,
        retry=address,
        retry_label="Try again",
        kind="bad",
    )


def _state(
    status: int,
    *,
    heading: str,
    text: str,
    retry: str,
    retry_label: str,
    remedy: str = "",
    code: str = "",
    kind: str = "",
) -> Fragment:
    html = render(
        "state.html",
        heading=heading,
        text=text,
        remedy=remedy,
        code=code,
        retry=retry,
        retry_label=retry_label,
        kind=kind,
    )
    return Fragment(html, status)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]
