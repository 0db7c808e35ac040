"""What may have been meant by a name that PostgreSQL does not know."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg.rows import tuple_row

if TYPE_CHECKING:
    from typing import Any

    from psycopg import Connection

    from datalayer.codegen.describe import Refusal


@dataclass(frozen=True, slots=True)
class _Kind:
    """How PostgreSQL says that it does not know something, and what there is."""

    said: re.Pattern[str]
    noun: str
    question: LiteralString


_KINDS = {
    # undefined_table
    "42P01": _Kind(
        re.compile(r'relation "(?:.*\.)?(?P<name>[^"]+)" does not exist'),
        "relation",
        "SELECT relname::text FROM pg_catalog.pg_class"
        " WHERE relkind IN ('r', 'p', 'v', 'm', 'f')"
        " AND pg_catalog.pg_table_is_visible(oid)",
    ),
    # undefined_function
    "42883": _Kind(
        re.compile(r"(?:function|procedure) (?:.*\.)?(?P<name>[^.(]+)\("),
        "function",
        "SELECT DISTINCT proname::text FROM pg_catalog.pg_proc"
        " WHERE pg_catalog.pg_function_is_visible(oid)",
    ),
    # undefined_object
    "42704": _Kind(
        re.compile(r'type "(?:.*\.)?(?P<name>[^"]+)" does not exist'),
        "type",
        # By the names that people write, and without the types of arrays and rows.
        "SELECT pg_catalog.format_type(oid, NULL) FROM pg_catalog.pg_type"
        " WHERE pg_catalog.pg_type_is_visible(oid) AND typelem = 0 AND typtype <> 'p'",
    ),
    # undefined_column; PostgreSQL itself knows those of the tables in the query.
    "42703": _Kind(
        re.compile(r'column "?(?:.*\.)?(?P<name>[^".]+)"? does not exist'),
        "column",
        "SELECT DISTINCT pg_class.relname || '.' || attname::text"
        " FROM pg_catalog.pg_attribute"
        " INNER JOIN pg_catalog.pg_class ON pg_class.oid = attrelid"
        " WHERE attnum > 0 AND NOT attisdropped"
        " AND relnamespace::regnamespace::text NOT IN"
        " ('pg_catalog', 'pg_toast', 'information_schema')"
        " AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition",
    ),
}


def suggest(connection: Connection[Any], refusal: Refusal) -> str | None:
    """Return the name that comes nearest to one that does not exist, if any does."""
    kind = _KINDS.get(refusal.sqlstate)
    found = kind.said.search(refusal.message) if kind else None
    if kind is None or found is None:
        return None
    with psycopg.Cursor(connection, row_factory=tuple_row) as cursor:
        rows = cursor.execute(kind.question, prepare=False).fetchall()
    # A column is known by its table, too: only its own name is compared.
    candidates = {str(row[0]).rpartition(".")[2]: str(row[0]) for row in sorted(rows)}
    name = found["name"]
    if name in candidates and kind.noun != "column":
        # It exists: the types of its arguments are what does not fit.
        return None
    if name in candidates:
        return f"`{candidates[name]}` is the column of a table that is not in FROM"
    near = difflib.get_close_matches(name, sorted(candidates), n=1, cutoff=0.7)
    return f"there is a {kind.noun} `{candidates[near[0]]}`" if near else None
