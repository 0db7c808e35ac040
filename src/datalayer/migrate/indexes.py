"""Indexes built concurrently, which are invalid where that failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row

if TYPE_CHECKING:
    import psycopg

    from datalayer.migrate.statements import ConcurrentIndex

# `format` quotes as PostgreSQL does, so that names read as people write them; `name`
# cuts what is too long as PostgreSQL does.
_FIND = """\
SELECT
    format('%%I.%%I', index_schema.nspname, index_class.relname) AS name,
    pg_index.indisvalid AS is_valid
FROM pg_catalog.pg_index
INNER JOIN pg_catalog.pg_class AS index_class ON index_class.oid = pg_index.indexrelid
INNER JOIN pg_catalog.pg_namespace AS index_schema
    ON index_schema.oid = index_class.relnamespace
WHERE
    pg_index.indrelid = to_regclass(%s)
    AND index_class.relname = (parse_ident(%s))[1]::name
"""


@dataclass(frozen=True, slots=True)
class Index:
    """An index that is there."""

    #: Qualified and quoted.
    name: str
    is_valid: bool


def find_index(connection: psycopg.Connection, index: ConcurrentIndex) -> Index | None:
    """Return the index that a statement names if there is one on its table."""
    with connection.cursor(row_factory=class_row(Index)) as cursor:
        return cursor.execute(_FIND, (index.table, index.name)).fetchone()


def drop_index(connection: psycopg.Connection, name: str) -> None:
    """Drop an index by its qualified and quoted name, without blocking anybody."""
    # The server itself quoted the name.
    connection.execute(b"DROP INDEX CONCURRENTLY IF EXISTS " + name.encode())
