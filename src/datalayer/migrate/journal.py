"""What a run writes into the ledger, file by file and statement by statement."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    import psycopg

    from datalayer.migrate.files import MigrationFile
    from datalayer.migrate.ledger import Ledger

_INSERT = sql.SQL("""\
INSERT INTO {table} (
    component,
    version,
    name,
    variant,
    profile,
    bytes_sha256,
    tokens_sha256,
    sql_text,
    tries,
    milliseconds,
    package_version,
    statements,
    statements_done
)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
""")
_JOURNAL = sql.SQL("""\
INSERT INTO {table} AS ledger (
    component,
    version,
    name,
    variant,
    profile,
    bytes_sha256,
    tokens_sha256,
    sql_text,
    tries,
    milliseconds,
    package_version,
    statements,
    statements_done,
    statement_started_at
)
VALUES (
    %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
    CASE WHEN %s THEN clock_timestamp() END
)
ON CONFLICT (component, version) DO UPDATE SET
    name = excluded.name,
    variant = excluded.variant,
    bytes_sha256 = excluded.bytes_sha256,
    tokens_sha256 = excluded.tokens_sha256,
    sql_text = excluded.sql_text,
    package_version = excluded.package_version,
    statements = excluded.statements,
    statements_done = excluded.statements_done,
    statement_started_at = excluded.statement_started_at
""")
_ADVANCE = sql.SQL("""\
UPDATE {table} SET
    statements_done = %s,
    statement_started_at = NULL,
    tries = tries + %s,
    milliseconds = milliseconds + %s,
    applied_at = clock_timestamp()
WHERE component = %s AND version = %s
""")
_SETTLE = sql.SQL("""\
UPDATE {table} SET statement_started_at = NULL
WHERE component = %s AND version = %s
""")
_FORGET = sql.SQL("""\
DELETE FROM {table} WHERE component = %s AND version = %s
""")


def record(
    connection: psycopg.Connection,
    ledger: Ledger,
    file: MigrationFile,
    *,
    profile: str,
    tries: int,
    milliseconds: int,
) -> None:
    """Write the row of a file in the transaction of its first statements."""
    row = _row(file, file.version, profile, tries, milliseconds)
    connection.execute(_INSERT.format(table=ledger.table), (*row, file.inside))


def journal(
    connection: psycopg.Connection,
    ledger: Ledger,
    file: MigrationFile,
    *,
    version: str,
    profile: str,
    done: int,
    is_started: bool,
) -> None:
    """Write how many statements are done, and whether the next one is begun.

    `version` is how the row writes it, if there is one. The row takes on the text that
    the file has now.
    """
    connection.execute(
        _JOURNAL.format(table=ledger.table),
        (*_row(file, version, profile, 1, 0), done, is_started),
    )


def advance(
    connection: psycopg.Connection,
    ledger: Ledger,
    key: tuple[str, str],
    *,
    done: int,
    retries: int,
    milliseconds: int,
) -> None:
    """Write that one more statement of a component and version is done."""
    connection.execute(
        _ADVANCE.format(table=ledger.table), (done, retries, milliseconds, *key)
    )


def settle(
    connection: psycopg.Connection, ledger: Ledger, key: tuple[str, str]
) -> None:
    """Write that the statement that was begun has left nothing."""
    connection.execute(_SETTLE.format(table=ledger.table), key)


def forget(
    connection: psycopg.Connection, ledger: Ledger, key: tuple[str, str]
) -> None:
    """Remove the row of a file of which nothing is applied."""
    connection.execute(_FORGET.format(table=ledger.table), key)


def _row(
    file: MigrationFile, version: str, profile: str, tries: int, milliseconds: int
) -> tuple[object, ...]:
    return (
        file.component,
        version,
        file.name,
        file.variant,
        profile,
        file.bytes_hash,
        file.tokens_hash,
        file.text,
        tries,
        milliseconds,
        _package_version(),
        len(file.statements),
    )


def _package_version() -> str:
    try:
        return metadata.version("datalayer")
    except metadata.PackageNotFoundError:
        return "unknown"
