"""Runs the analysis of one statement and collects the conclusions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.inference.arrays import ELEMENTS
from datalayer.codegen.inference.calls import CALLS
from datalayer.codegen.inference.composites import COMPOSITES
from datalayer.codegen.inference.documents import DOCUMENTS
from datalayer.codegen.inference.expressions import EXPRESSIONS
from datalayer.codegen.inference.json_functions import (
    JSON_FUNCTIONS,
    TABLE_FUNCTIONS,
)
from datalayer.codegen.inference.json_values import result_document
from datalayer.codegen.inference.nesting import infer_nesting
from datalayer.codegen.inference.outcomes import Rules, Session
from datalayer.codegen.inference.parameters import infer_parameters
from datalayer.codegen.inference.query_columns import (
    output_entries,
    query_column,
    result_may_be_null,
)
from datalayer.codegen.inference.references import reads_one_snapshot
from datalayer.codegen.inference.rows import input_rows, matched_sides, query_rows
from datalayer.codegen.inference.sources import SOURCES, VARIABLES
from datalayer.codegen.inference.subscripts import SUBSCRIPTS
from datalayer.codegen.inference.types import declared_type
from datalayer.codegen.nodetree import NodeTreeError
from datalayer.codegen.stored_trees import analysed_query
from datalayer.errors import AnalysisServerTooOld
from datalayer.model import ColumnInference, Inference, ParameterInference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from datalayer.codegen.nodetree import Node
    from datalayer.nesting import NestDirective

#: Since this version the tree says which outer joins can null a column.
_OLDEST = 160000

RULES = Rules(
    expressions={
        **EXPRESSIONS,
        **CALLS,
        **VARIABLES,
        **COMPOSITES,
        **JSON_FUNCTIONS,
        **SUBSCRIPTS,
    },
    elements=ELEMENTS,
    sources={**SOURCES, **TABLE_FUNCTIONS},
    query=query_column,
    result=result_may_be_null,
    rows=query_rows,
    input_rows=input_rows,
    matched_sides=matched_sides,
    documents=DOCUMENTS,
)


def infer(
    connection: psycopg.Connection[Any],
    sql: str,
    parameter_types: Sequence[int],
    *,
    catalog: Catalog | None = None,
    declared: Sequence[ParameterInference] | None = None,
    nests: Sequence[NestDirective] = (),
    rules: Rules = RULES,
) -> Inference:
    """Return what the server's analysis of one statement proves.

    `sql` has placeholders `$1`, whose types are OIDs as the server described them.
    `declared` says what the parameters accept where an author overruled that; what a
    parameter accepts decides whether a column made of it can be NULL.
    `nests` say which columns are of nested objects, where they are then what they are
    in an object that is there; `NestingRefused` tells that this cannot be.
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
    one_snapshot = reads_one_snapshot(query, catalog)
    session = Session(catalog, rules, one_snapshot=one_snapshot)
    return _conclude(query, len(parameter_types), declared, nests, session)


def _conclude(
    query: Node,
    count: int,
    declared: Sequence[ParameterInference] | None,
    nests: Sequence[NestDirective],
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
    types = tuple(declared_type(entry.node("expr")) for entry in output_entries(query))
    documents = tuple(
        result_document(query, entry.number("resno"), session)
        for entry in output_entries(query)
    )
    nesting = None
    if nests:
        nesting, held = infer_nesting(query, nests, session)
        columns = tuple(held.get(i, column) for i, column in enumerate(columns))
        if nesting.groups:
            single = rows.at_most_one or nesting.at_most_one
            rows = replace(rows, at_most_one=single)
    unknown = tuple(session.unknown)
    return Inference(columns, parameters, rows, unknown, types, documents, nesting)


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
