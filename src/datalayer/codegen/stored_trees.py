"""Makes PostgreSQL store its analysis of statements, and reads the trees back.

A throw-away function in SQL-standard form around the statements makes PostgreSQL store
its analysis, which is read from `pg_proc.prosqlbody`; the function is rolled back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import tuple_row

from datalayer.codegen.nodetree import Node, NodeTreeError, read_tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from datalayer.codegen.nodetree import Value

_FUNCTION = "datalayer_inference"
_BODY = """
SELECT prosqlbody::text
FROM pg_catalog.pg_proc
WHERE pronamespace = pg_catalog.pg_my_temp_schema() AND proname = 'datalayer_inference'
"""
_TYPES = """
SELECT pg_catalog.string_agg(pg_catalog.format_type(oid, NULL), ', ' ORDER BY position)
FROM pg_catalog.unnest(%s::oid[]) WITH ORDINALITY AS types(oid, position)
"""


def analysed_query(
    connection: psycopg.Connection[Any], sql: str, parameter_types: Sequence[int]
) -> Node:
    """Return the tree of a statement as PostgreSQL analysed it.

    Raises `NodeTreeError` when there is not exactly one, and psycopg's errors.
    """
    with connection.transaction(force_rollback=True):
        queries = _analyse(connection, _type_names(connection, parameter_types), sql)
    if len(queries) != 1:
        raise NodeTreeError("not exactly one statement")
    return queries[0]


def analysed_body(
    connection: psycopg.Connection[Any],
    arguments: str,
    sql: str,
    search_path: str | None = None,
) -> list[Node]:
    """Return the trees of the statements of a function.

    `arguments` are written as in CREATE FUNCTION; `search_path` is what the function
    itself sets. Raises `NodeTreeError` and psycopg's errors.
    """
    with connection.transaction(force_rollback=True):
        if search_path is not None:
            with psycopg.Cursor(connection) as cursor:
                # The temporary schema must stay in front, as it is for a session.
                cursor.execute(
                    "SELECT pg_catalog.set_config('search_path', %s, true)",
                    [search_path],
                    prepare=False,
                )
        return _analyse(connection, arguments, sql)


def read_queries(text: str) -> list[Node]:
    """Return the statements of a stored body, in order."""
    return [node for value in read_tree(text) for node in _queries(value)]


def read_expression(text: str | None) -> Node | None:
    """Return the first node of a stored tree, or None when there is none."""
    found = read_expressions(text)
    return found[0] if found else None


def read_expressions(text: str | None) -> tuple[Node, ...]:
    """Return the outermost nodes of a stored tree or list; none where it is unread."""
    try:
        values = read_tree(text or "")
    except NodeTreeError:
        return ()
    return tuple(node for value in values for node in _outermost(value))


def _outermost(value: object) -> list[Node]:
    if isinstance(value, Node):
        return [value]
    if isinstance(value, tuple):
        return [node for item in value for node in _outermost(item)]
    return []


def _analyse(
    connection: psycopg.Connection[Any], arguments: str, sql: str
) -> list[Node]:
    with psycopg.Cursor(connection, row_factory=tuple_row) as cursor:
        # The line break ends a comment at the end of the statement.
        text = (
            f"CREATE FUNCTION pg_temp.{_FUNCTION}({arguments}) RETURNS void"
            f" LANGUAGE sql BEGIN ATOMIC {sql}\n; END"
        )
        cursor.execute(text.encode(), prepare=False)
        cursor.execute(_BODY, prepare=False)
        row = cursor.fetchone()
    return read_queries(row[0]) if row else []


def _type_names(
    connection: psycopg.Connection[Any], parameter_types: Sequence[int]
) -> str:
    if not parameter_types:
        return ""
    with psycopg.Cursor(connection, row_factory=tuple_row) as cursor:
        cursor.execute(_TYPES, [list(parameter_types)], prepare=False)
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def _queries(value: Value) -> list[Node]:
    if isinstance(value, Node):
        return [value] if value.tag == "QUERY" else []
    if isinstance(value, tuple):
        return [node for item in value for node in _queries(item)]
    return []
