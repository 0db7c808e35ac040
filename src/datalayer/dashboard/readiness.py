"""Whether a database has what the pages read, and whether the role may read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from datalayer.dashboard.errors import DashboardRightsMissing, DashboardTablesMissing
from datalayer.opening import check_server_version
from datalayer.urls import describe_target, unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import LiteralString

#: The relations that the pages read; the hourly ones need no rights on raw tables.
RELATIONS = (
    "enforcement_volume_hourly",
    "event_volume_hourly",
    "execution",
    "execution_history",
    "execution_status_hourly",
    "execution_throughput_hourly",
    "worker",
    "worker_history",
)

_MISSING = "SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NULL"

_UNREADABLE = """
SELECT name FROM unnest(%s::text[]) AS name
WHERE NOT has_table_privilege(to_regclass(name), 'SELECT')
"""


def check_database(url: str, *, role: str | None = None) -> int:
    """Return how many connections the database takes: 1, or 0 for any number.

    Raises `DatabaseUnreachable`, `ServerTooOld`, `DashboardTablesMissing`, and
    `DashboardRightsMissing` for a role that is unknown or may not read enough.
    """
    try:
        connection = psycopg.connect(url, autocommit=True)
    except psycopg.Error as error:
        raise unreachable(url, error) from error
    with connection:
        check_server_version(connection.info.server_version)
        _take_role(connection, role)
        missing = _names(connection, _MISSING)
        if missing:
            raise DashboardTablesMissing(
                f"{describe_target(url)} has no `{missing[0]}`",
                help="`datalayer migrate up automation` creates what the pages show",
            )
        _check_rights(connection, _names(connection, _UNREADABLE))
        # A server in WebAssembly: it has no processes, and takes one client at a time.
        return 1 if connection.info.backend_pid == 0 else 0


def _take_role(connection: psycopg.Connection, role: str | None) -> None:
    if role is None:
        return
    try:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    except psycopg.Error as error:
        raise DashboardRightsMissing(
            f"cannot take on the role `{role}`: {str(error).splitlines()[0].lower()}",
            help=f"create it, and grant `{role}` to the user of the URL",
        ) from error


def _names(connection: psycopg.Connection, question: LiteralString) -> list[str]:
    rows = connection.execute(question, (list(RELATIONS),)).fetchall()
    return [name for (name,) in rows]


def _check_rights(connection: psycopg.Connection, unreadable: Sequence[str]) -> None:
    if not unreadable:
        return
    row = connection.execute("SELECT quote_ident(current_user)").fetchone()
    reader = row[0] if row else "the role"
    raise DashboardRightsMissing(
        f"{reader} may not read {', '.join(f'`{name}`' for name in unreadable)}",
        help=f"GRANT SELECT ON {', '.join(unreadable)} TO {reader}",
    )
