"""What applying a file needs, and what each session is set to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalayer.lexer import Statement
    from datalayer.migrate.events import Event
    from datalayer.migrate.files import MigrationFile
    from datalayer.migrate.ledger import Ledger
    from datalayer.migrate.lock import Lock

#: Waiting for a lock keeps everybody else waiting behind us: give up soon, try again.
LOCK_TIMEOUT = "2s"
_FIRST_WITH_TRANSACTION_TIMEOUT = 170000
_SET = """\
SELECT set_config(setting.name, setting.value, %s)
FROM unnest(%s::text [], %s::text []) AS setting (name, value)
"""


@dataclass(frozen=True, slots=True)
class Session:
    """Where files are applied, under which lock, and whom to tell."""

    connection: psycopg.Connection
    lock: Lock
    ledger: Ledger
    profile: str
    tell: Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """A statement that the server refused."""

    statement: Statement
    error: psycopg.Error


def set_timeouts(
    connection: psycopg.Connection, *, lock_timeout: str, is_local: bool
) -> None:
    """Set the runner's own limits, for the transaction or for the session.

    A role's `statement_timeout` is meant for queries, not for a long ALTER.
    """
    settings = {
        "idle_in_transaction_session_timeout": "0",
        "lock_timeout": lock_timeout,
        "statement_timeout": "0",
    }
    if connection.info.server_version >= _FIRST_WITH_TRANSACTION_TIMEOUT:
        settings["transaction_timeout"] = "0"
    if not is_local:
        # What COMMITs and goes on is in a transaction that nobody began in this way.
        settings["default_transaction_isolation"] = "read committed"
        settings["default_transaction_read_only"] = "off"
    connection.execute(_SET, (is_local, list(settings), list(settings.values())))


def run_statement(
    connection: psycopg.Connection, file: MigrationFile, statement: Statement
) -> Failure | None:
    """Run one statement as it is written, so that positions can be mapped back."""
    return run_text(connection, file.text[statement.start : statement.end], statement)


def run_text(
    connection: psycopg.Connection, text: str, statement: Statement
) -> Failure | None:
    """Run what a statement says, in words of the same length."""
    try:
        connection.execute(text.encode())
    except psycopg.Error as error:
        return Failure(statement, error)
    return None


def reset_session(connection: psycopg.Connection) -> None:
    """Forget what a file set, so that files depend on nothing but the database."""
    connection.execute("DISCARD ALL")


def reset_identity(connection: psycopg.Connection) -> None:
    """Be again who connected, whatever a file set, to write the ledger."""
    connection.execute("RESET SESSION AUTHORIZATION")
    connection.execute("RESET ROLE")
