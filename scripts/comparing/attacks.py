"""Changes to tables that leave joins unmatched and put NULL wherever it may be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

_MOST_TABLES = 3
#: Of a larger table only that many rows are changed.
_MOST_ROWS = 500
_VIEW = """
SELECT pg_get_viewdef(pg_class.oid)
FROM pg_class
WHERE relkind = 'v' AND relname = ANY (%s) AND pg_table_is_visible(pg_class.oid)
    AND relnamespace <> 'pg_catalog'::regnamespace
"""
_TABLES = """
SELECT
    pg_class.oid::regclass::text,
    coalesce(array_agg(quote_ident(attname)) FILTER (
        WHERE NOT attnotnull AND attgenerated = ''), '{}')
FROM pg_class
INNER JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
WHERE relkind IN ('r', 'p') AND relname = ANY (%s)
    AND pg_table_is_visible(pg_class.oid)
    AND relnamespace <> 'pg_catalog'::regnamespace
GROUP BY pg_class.oid
ORDER BY pg_class.oid
"""


def attacks(connection: Connection, statement: str) -> list[list[str]]:
    """Return lists of statements, each to be run before the statement in turn.

    What cannot be done, such as NULL that a constraint refuses, may fail by itself.
    """
    tables = _tables(connection, statement)[:_MOST_TABLES]
    found: list[list[str]] = []
    for table, columns in tables:
        found.append([f"DELETE FROM {table}"])  # noqa: S608  (a quoted name)
        if columns:
            found.append([_erase(table, columns)])
            found.append([_erase(table, [column]) for column in columns])
    if len(tables) > 1:
        found.append([_erase(*table) for table in tables if table[1]])
    return found


def _erase(table: str, columns: Sequence[str]) -> str:
    changes = ", ".join(f"{column} = NULL" for column in columns)
    # Names that the server quoted.
    return (
        f"UPDATE {table} SET {changes} WHERE ctid = ANY (ARRAY("  # noqa: S608
        f"SELECT ctid FROM {table} LIMIT {_MOST_ROWS}))"
    )


def _tables(connection: Connection, statement: str) -> list[tuple[str, list[str]]]:
    words = set(re.findall(r"\w+", statement.lower()))
    for _ in range(3):
        for (definition,) in connection.execute(_VIEW, [sorted(words)]).fetchall():
            words |= set(re.findall(r"\w+", definition.lower()))
    return connection.execute(_TABLES, [sorted(words)]).fetchall()


def applied(connection: Connection, statements: Sequence[str]) -> bool:
    """Run what can be run; return whether anything was."""
    done = False
    for statement in statements:
        try:
            with connection.transaction():
                connection.execute(statement.encode())
            done = True
        except psycopg.Error:
            continue
    return done
