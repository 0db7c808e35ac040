"""Runs the analysis of one statement and collects the conclusions.

A throw-away function in SQL-standard form around the statement makes PostgreSQL store
its analysis, which is read from `pg_proc.prosqlbody`; the function is rolled back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import tuple_row

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.inference.arrays import ELEMENTS
from datalayer.codegen.inference.calls import CALLS
from datalayer.codegen.inference.expressions import EXPRESSIONS
from datalayer.codegen.inference.outcomes import Rules, Session
from datalayer.codegen.inference.parameters import infer_parameters
from datalayer.codegen.inference.query_columns import output_entries, query_column
from datalayer.codegen.inference.rows import input_rows, query_rows
from datalayer.codegen.inference.sources import SOURCES, VARIABLES
from datalayer.codegen.nodetree import Node, NodeTreeError, read_tree
from datalayer.errors import AnalysisServerTooOld
from datalayer.model import ColumnInference, Inference, ParameterInference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from datalayer.codegen.nodetree import Value

#: Since this version the tree says which outer joins can null a column.
_OLDEST = 160000
_FUNCTION = "datalayer_inference"

RULES = Rules(
    expressions={**EXPRESSIONS, **CALLS, **VARIABLES},
    elements=ELEMENTS,
    sources=SOURCES,
    query=query_column,
    rows=query_rows,
    input_rows=input_rows,
)


def infer(
    connection: psycopg.Connection[Any],
    sql: str,
    parameter_types: Sequence[int],
    *,
    catalog: Catalog | None = None,
    declared: Sequence[ParameterInference] | None = None,
    rules: Rules = RULES,
) -> Inference:
    """Return what the server's analysis of one statement proves.

    `sql` has placeholders `$1`, whose types are OIDs as the server described them.
    `declared` says what the parameters accept where an author overruled that; what a
    parameter accepts decides whether a column made of it can be NULL.
    The connection's transaction is left as it was.
    A statement that PostgreSQL does not analyse in a function (`SHOW`, `CALL`, …) gives
    nullable columns, and `unknown` tells why.
    Raises `AnalysisServerTooOld` before PostgreSQL 16.
    """
    version = connection.info.server_version
    if version < _OLDEST:
        raise AnalysisServerTooOld(version)
    if catalog is None:
        catalog = Catalog(connection)
    try:
        query = analysed_query(connection, sql, parameter_types)
    except (NodeTreeError, psycopg.DatabaseError) as error:
        return _nothing(connection, sql, parameter_types, str(error).partition("\n")[0])
    return _conclude(query, len(parameter_types), declared, Session(catalog, rules))


def analysed_query(
    connection: psycopg.Connection[Any], sql: str, parameter_types: Sequence[int]
) -> Node:
    """Return the tree of a statement as PostgreSQL analysed it.

    Raises `NodeTreeError` when there is not exactly one, and psycopg's errors.
    """
    with (
        connection.transaction(force_rollback=True),
        psycopg.Cursor(connection, row_factory=tuple_row) as cursor,
    ):
        types = _type_names(cursor, parameter_types)
        # The line break ends a comment at the end of the statement.
        text = (
            f"CREATE FUNCTION pg_temp.{_FUNCTION}({types}) RETURNS void LANGUAGE sql"
            f" BEGIN ATOMIC {sql}\n; END"
        )
        cursor.execute(text.encode(), prepare=False)
        cursor.execute(_BODY, prepare=False)
        row = cursor.fetchone()
    queries = (
        [node for value in read_tree(row[0]) for node in _queries(value)] if row else []
    )
    if len(queries) != 1:
        raise NodeTreeError("not exactly one statement")
    return queries[0]


_BODY = """
SELECT prosqlbody::text
FROM pg_catalog.pg_proc
WHERE pronamespace = pg_catalog.pg_my_temp_schema() AND proname = 'datalayer_inference'
"""


def _type_names(cursor: psycopg.Cursor[Any], parameter_types: Sequence[int]) -> str:
    if not parameter_types:
        return ""
    question = (
        "SELECT pg_catalog.string_agg(pg_catalog.format_type(oid, NULL), ', '"
        " ORDER BY position)"
        " FROM pg_catalog.unnest(%s::oid[]) WITH ORDINALITY AS types(oid, position)"
    )
    row = cursor.execute(question, [list(parameter_types)], prepare=False).fetchone()
    return str(row[0]) if row else ""


def _queries(value: Value) -> list[Node]:
    if isinstance(value, Node):
        return [value] if value.tag == "QUERY" else []
    if isinstance(value, tuple):
        return [node for item in value for node in _queries(item)]
    return []


def _conclude(
    query: Node,
    count: int,
    declared: Sequence[ParameterInference] | None,
    session: Session,
) -> Inference:
    parameters = (
        infer_parameters(query, count, session) if declared is None else tuple(declared)
    )
    # What was remembered counts on parameters that accept anything.
    session = replace(session, parameters=parameters, memory={})
    columns = tuple(
        query_column(query, entry.number("resno"), None, session)
        for entry in output_entries(query)
    )
    rows = query_rows(query, None, session)
    return Inference(columns, parameters, rows, tuple(session.unknown))


def _nothing(
    connection: psycopg.Connection[Any],
    sql: str,
    parameter_types: Sequence[int],
    reason: str,
) -> Inference:
    """Return that nothing is known, for as many columns as the statement has."""
    with connection.transaction(force_rollback=True):
        connection.pgconn.prepare(b"", sql.encode(), list(parameter_types))
        described = connection.pgconn.describe_prepared(b"")
    return Inference(
        columns=(ColumnInference(),) * described.nfields,
        parameters=(ParameterInference(),) * len(parameter_types),
        unknown=(reason,),
    )
