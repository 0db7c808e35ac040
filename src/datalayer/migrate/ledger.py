"""The table `datalayer_migration`: what was applied, in which form, when, by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.rows import class_row, scalar_row

from datalayer.errors import LedgerError
from datalayer.location import Location

if TYPE_CHECKING:
    from datetime import datetime

_TABLE = "datalayer_migration"

# A ledger further back in the search path goes before a new one: a schema that somebody
# put in front must not make the runner begin again.
_SCHEMA = sql.SQL("""\
SELECT coalesce(
    (
        SELECT pg_namespace.nspname
        FROM pg_catalog.pg_class
        INNER JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace
        WHERE pg_class.oid = to_regclass('datalayer_migration')
    ),
    current_schema()
)
""")
_EXISTS = sql.SQL("""\
SELECT EXISTS (
    SELECT
    FROM pg_catalog.pg_class
    INNER JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace
    WHERE pg_class.relname = %s AND pg_namespace.nspname = %s
)
""")
_CREATE = sql.SQL("""\
CREATE TABLE {table} (
    component text NOT NULL,
    version text NOT NULL,
    name text NOT NULL,
    variant text,
    profile text NOT NULL,
    bytes_sha256 text NOT NULL,
    tokens_sha256 text NOT NULL,
    sql_text text NOT NULL,
    ordinal bigint GENERATED ALWAYS AS IDENTITY,
    applied_by text NOT NULL DEFAULT session_user,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tries integer NOT NULL,
    milliseconds bigint NOT NULL,
    package_version text NOT NULL,
    statements integer,
    statements_done integer,
    statement_started_at timestamptz,
    CONSTRAINT datalayer_migration_pkey PRIMARY KEY (component, version),
    CONSTRAINT datalayer_migration_ordinal_key UNIQUE (ordinal)
)
""")
_COMMENT = sql.SQL("""\
COMMENT ON TABLE {table} IS
'The migrations that `datalayer migrate` applied; do not edit by hand.'
""")
# A ledger of an earlier version has no column for the statements of a file.
_HAS_STATEMENTS = sql.SQL("""\
SELECT EXISTS (
    SELECT
    FROM pg_catalog.pg_attribute
    WHERE
        attrelid = to_regclass(%s)
        AND attname = 'statement_started_at'
        AND NOT attisdropped
)
""")
_ADD_STATEMENTS = sql.SQL("""\
ALTER TABLE {table}
ADD COLUMN statements integer,
ADD COLUMN statements_done integer,
ADD COLUMN statement_started_at timestamptz
""")
_STATEMENTS = sql.SQL("""\
statements,
    statements_done,
    statement_started_at IS NOT NULL AS is_started\
""")
_NO_STATEMENTS = sql.SQL("""\
NULL::integer AS statements,
    NULL::integer AS statements_done,
    FALSE AS is_started\
""")
_ROWS = sql.SQL("""\
SELECT
    component,
    version,
    name,
    variant,
    profile,
    bytes_sha256 AS bytes_hash,
    tokens_sha256 AS tokens_hash,
    sql_text AS text,
    applied_by,
    applied_at,
    milliseconds,
    {statements}
FROM {table}
ORDER BY ordinal
""")
# Files on the disk are not enough: TimescaleDB must be among the preloaded libraries,
# and only then it has its settings. A database that has the extension has all it needs.
_HAS_TIMESCALEDB = sql.SQL("""\
SELECT
    EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'timescaledb')
    OR current_setting('timescaledb.disable_load', true) IS NOT NULL
""")


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One applied file."""

    component: str
    version: str
    name: str
    variant: str | None
    profile: str
    bytes_hash: str
    tokens_hash: str
    text: str
    applied_by: str
    applied_at: datetime
    milliseconds: int
    #: How many statements the file has; None if it was applied before they counted.
    statements: int | None
    statements_done: int | None
    #: Whether the statement after those was begun, outside a transaction.
    is_started: bool

    @property
    def is_applied(self) -> bool:
        """Tell whether the whole file is applied, rather than a part of it."""
        return self.statements_done == self.statements

    @property
    def number(self) -> int:
        """Return the version as the number that orders files."""
        return int(self.version)

    @property
    def file_name(self) -> str:
        """Return the name that the file had."""
        variant = "" if self.variant is None else f".{self.variant}"
        return f"{self.version}_{self.name}{variant}.sql"

    def location(self, folder: str) -> Location:
        """Return where the file was, or should be."""
        return Location(f"{folder}/{self.file_name}")


@dataclass(frozen=True, slots=True)
class Ledger:
    """The table, in the schema that was found when the run began."""

    schema: str

    @property
    def table(self) -> sql.Identifier:
        """Return the qualified name, which no `SET search_path` can turn aside."""
        return sql.Identifier(self.schema, _TABLE)


def find_ledger(connection: psycopg.Connection) -> Ledger:
    """Return the ledger of a database, be it created already or not."""
    with connection.cursor(row_factory=scalar_row) as cursor:
        schema: str | None = cursor.execute(_SCHEMA).fetchone()
    if schema is None:
        raise LedgerError(
            "no schema for `datalayer_migration`: none in `search_path` can be used",
            help="create a schema of the `search_path`, or set it in the URL: "
            "`?options=-csearch_path=app`",
        )
    return Ledger(schema)


def create_ledger(connection: psycopg.Connection, ledger: Ledger) -> None:
    """Create the table unless it exists; call this only under the lock."""
    if _exists(connection, ledger):
        _bring_up_to_date(connection, ledger)
        return
    try:
        with connection.transaction():
            connection.execute(_CREATE.format(table=ledger.table))
            connection.execute(_COMMENT.format(table=ledger.table))
    except psycopg.Error as error:
        raise LedgerError(
            f"cannot create `{ledger.schema}.{_TABLE}`: {error.diag.message_primary}",
            help=f"let the user create tables: GRANT CREATE ON SCHEMA {ledger.schema}",
        ) from error


def _bring_up_to_date(connection: psycopg.Connection, ledger: Ledger) -> None:
    if _has_statements(connection, ledger):
        return
    try:
        connection.execute(_ADD_STATEMENTS.format(table=ledger.table))
    except psycopg.Error as error:
        raise LedgerError(
            f"cannot add columns to `{ledger.schema}.{_TABLE}`: "
            f"{error.diag.message_primary}",
            help="this version writes more columns: migrate once as the owner of the "
            "table",
        ) from error


def read_ledger(connection: psycopg.Connection, ledger: Ledger) -> list[LedgerRow]:
    """Return all rows in the order of their application; none without the table."""
    if not _exists(connection, ledger):
        return []
    with connection.cursor(row_factory=class_row(LedgerRow)) as cursor:
        has_statements = _has_statements(connection, ledger)
        columns = _STATEMENTS if has_statements else _NO_STATEMENTS
        query = _ROWS.format(table=ledger.table, statements=columns)
        return cursor.execute(query).fetchall()


def has_timescaledb(connection: psycopg.Connection) -> bool:
    """Tell whether the database has the extension, or the server has it loaded."""
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(_HAS_TIMESCALEDB).fetchone() is True


def _exists(connection: psycopg.Connection, ledger: Ledger) -> bool:
    with connection.cursor(row_factory=scalar_row) as cursor:
        found = cursor.execute(_EXISTS, (_TABLE, ledger.schema)).fetchone()
    return found is True


def _has_statements(connection: psycopg.Connection, ledger: Ledger) -> bool:
    table = ledger.table.as_string(connection)
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(_HAS_STATEMENTS, (table,)).fetchone() is True
