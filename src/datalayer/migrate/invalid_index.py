"""Invalid indexes, which a failed `CREATE INDEX CONCURRENTLY` leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.rows import scalar_row

if TYPE_CHECKING:
    import psycopg

    from datalayer.migrate.statements import ConcurrentIndex

# `format` quotes as PostgreSQL does, so that names read as people write them.
_FIND = """\
SELECT format('%%I.%%I', index_schema.nspname, index_class.relname)
FROM pg_catalog.pg_index
INNER JOIN pg_catalog.pg_class AS index_class ON index_class.oid = pg_index.indexrelid
INNER JOIN pg_catalog.pg_namespace AS index_schema
    ON index_schema.oid = index_class.relnamespace
WHERE
    pg_index.indrelid = to_regclass(%s)
    AND NOT pg_index.indisvalid
    AND index_class.relname = (parse_ident(%s))[1]
"""


def find_invalid_index(
    connection: psycopg.Connection, index: ConcurrentIndex
) -> str | None:
    """Return the qualified and quoted name of the index if it exists and is invalid."""
    with connection.cursor(row_factory=scalar_row) as cursor:
        found: str | None = cursor.execute(_FIND, (index.table, index.name)).fetchone()
    return found


def drop_index(connection: psycopg.Connection, name: str) -> None:
    """Drop an index by its qualified and quoted name, without blocking anybody."""
    # The server itself quoted the name.
    connection.execute(b"DROP INDEX CONCURRENTLY IF EXISTS " + name.encode())
