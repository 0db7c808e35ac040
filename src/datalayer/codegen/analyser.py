"""From a query as written to its shape, by asking PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg

from datalayer.codegen.batching import batching_of
from datalayer.codegen.catalog import Catalog
from datalayer.codegen.constraints import check_raises
from datalayer.codegen.describe import Description, Refusal, describe, plan
from datalayer.codegen.inference import NestingRefused, infer
from datalayer.codegen.nested_shapes import as_directive_error, check_nesting
from datalayer.codegen.numbering import NumberedStatement, numbered
from datalayer.codegen.paging import check_keys, check_pages
from datalayer.codegen.pieces import variants_of
from datalayer.codegen.refusals import located, refused
from datalayer.codegen.rules import finding_of
from datalayer.codegen.shape_checks import check_shape
from datalayer.codegen.type_catalog import TypeCatalog
from datalayer.codegen.variants import in_order, of_variant, weaker
from datalayer.errors import LocatedError
from datalayer.lexer import significant_tokens
from datalayer.model import (
    Column,
    ColumnDirective,
    Finding,
    Inference,
    Operation,
    Parameter,
    ParameterDirective,
    ParameterInference,
    QueryShape,
    QuerySource,
    Variant,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from psycopg import Connection

#: Statements that refuse to run inside a transaction, and so cannot be tried.
_ACTIVE_TRANSACTION = "25001"
#: What the target of ON CONFLICT is when there is no such unique key.
_INVALID_COLUMN_REFERENCE = "42P10"


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """The shapes of the accepted queries, the problems of the others."""

    shapes: tuple[QueryShape, ...]
    problems: tuple[LocatedError, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A connection, and what was learnt over it while the schema stays the same."""

    connection: Connection[Any]
    types: TypeCatalog
    catalog: Catalog


def open_session(
    connection: Connection[Any], types: Mapping[str, str] | None = None
) -> Session:
    """Begin to analyse in the database of a connection, which is in autocommit mode.

    `types` are the settings of `[tool.datalayer.types]`.
    """
    return Session(connection, TypeCatalog(connection, types), Catalog(connection))


def analyse(session: Session, sources: Iterable[QuerySource]) -> AnalysisResult:
    """Describe and infer each query; nothing that is run stays."""
    shapes: list[QueryShape] = []
    problems: list[LocatedError] = []
    for source in sources:
        try:
            shape = _analyse_one(session, source)
        except LocatedError as problem:
            problems.append(problem)
            continue
        found = check_shape(shape)
        problems.extend(found.problems)
        shapes.append(found.shape)
    return AnalysisResult(tuple(shapes), tuple(problems))


def _analyse_one(session: Session, source: QuerySource) -> QueryShape:
    if source.operation is Operation.SCRIPT:
        _try_script(session.connection, source)
        return QueryShape(source)
    check_raises(session.connection, source)
    _check_orders(session, source)
    first, *others = variants_of(source)
    shape = _analyse_variant(session, source, first)
    for variant in others:
        shape = weaker(shape, _analyse_variant(session, source, variant), variant)
    shape = replace(shape, parameters=in_order(source, shape.parameters))
    shape = check_nesting(shape)
    if source.operation is Operation.MANY_PARAMETERS:
        batching = batching_of(session.connection, session.catalog, shape)
        return replace(shape, batching=batching)
    return check_pages(session.connection, session.catalog, shape)


def _check_orders(session: Session, source: QuerySource) -> None:
    """Try each order of pages as it is written, and find its keys in the result."""
    ordering = source.ordering
    if ordering is None or ordering.page is None:
        return
    plain = replace(source, ordering=replace(ordering, page=None))
    everything = variants_of(plain)[0]
    for name, keys in ordering.keys:
        variant = replace(everything, order=name or None)
        shape = _analyse_variant(session, plain, variant)
        check_keys(session.connection, shape, variant, keys)


def _analyse_variant(
    session: Session, source: QuerySource, variant: Variant
) -> QueryShape:
    statement = numbered(source, variant)
    described = describe(session.connection, statement.sql)
    if isinstance(described, Refusal):
        problem = refused(session.connection, source, statement, described)
        raise of_variant(source, variant, problem)
    _check_conflict_target(session.connection, source, statement)
    inference = _infer(session, source, statement, described)
    return QueryShape(
        source=source,
        parameters=_parameters(session, source, statement, described, inference),
        columns=_columns(session, source, described, inference),
        row_count=inference.row_count,
        findings=_findings(source, described, inference),
        nesting=inference.nesting,
    )


def _check_conflict_target(
    connection: Connection[Any], source: QuerySource, statement: NumberedStatement
) -> None:
    """Refuse an upsert whose target is no unique key: each call of it would fail."""
    words = significant_tokens(statement.sql)
    place = next((token.start for token in words if token.is_word("conflict")), None)
    refusal = plan(connection, statement.sql) if place is not None else None
    if refusal is not None and refusal.sqlstate == _INVALID_COLUMN_REFERENCE:
        raise refused(connection, source, statement, replace(refusal, offset=place))


def _findings(
    source: QuerySource, described: Description, inference: Inference
) -> tuple[Finding, ...]:
    return (
        *_not_understood(source, inference),
        *_needless(source, described, inference),
    )


def _needless(
    source: QuerySource, described: Description, inference: Inference
) -> Iterator[Finding]:
    """Find directives about columns that say what is proven."""
    proven = {
        result.name: concluded
        for result, concluded in zip(described.columns, inference.columns, strict=True)
    }
    for said in source.column_directives:
        found = proven.get(said.name)
        if found is None:
            continue
        if said.nullable is False and not found.nullable:
            said_as, rest = said.name, "not null"
        elif said.elements_nullable is False and not found.elements_nullable:
            said_as, rest = f"{said.name}[]", "not null"
        else:
            continue
        yield finding_of(
            "needless-override",
            said.location,
            f"`@column {said_as} {rest}` says what is proven already",
        )


def _not_understood(source: QuerySource, inference: Inference) -> tuple[Finding, ...]:
    if not (inference.unknown and inference.columns):
        return ()
    unknown = ", ".join(inference.unknown)
    return (
        finding_of(
            "not-understood",
            source.location,
            f"not understood in `{source.name}`: {unknown}; what depends on it counts"
            " as nullable",
        ),
    )


def _infer(
    session: Session,
    source: QuerySource,
    statement: NumberedStatement,
    described: Description,
) -> Inference:
    """Infer a statement, again if its author overruled what a parameter accepts."""
    ask = partial(
        infer,
        session.connection,
        statement.sql,
        described.parameter_oids,
        catalog=session.catalog,
        nests=source.nests,
    )
    try:
        inference = ask()
        declared = _declared(source, statement, inference)
        same = declared == inference.parameters
        return inference if same else ask(declared=declared)
    except NestingRefused as refusal:
        raise as_directive_error(source, refusal) from None


def _declared(
    source: QuerySource, statement: NumberedStatement, inference: Inference
) -> tuple[ParameterInference, ...]:
    said = {directive.name: directive for directive in source.parameter_directives}
    return tuple(
        ParameterInference(
            # `= NULL` says that NULL is welcome.
            _overruled(
                # NULL is no number, so that no maximum holds for it.
                False if said[name].maximum is not None else said[name].nullable,
                concluded.nullable or _defaults_to_null(said[name]),
            ),
            _overruled(said[name].elements_nullable, concluded.elements_nullable),
        )
        if name in said
        else concluded
        for name, concluded in zip(statement.order, inference.parameters, strict=True)
    )


def _defaults_to_null(directive: ParameterDirective) -> bool:
    return directive.has_default and directive.default is None


def _columns(
    session: Session,
    source: QuerySource,
    described: Description,
    inference: Inference,
) -> tuple[Column, ...]:
    said = {directive.name: directive for directive in source.column_directives}
    types = {directive.name: directive for directive in source.type_directives}
    columns = []
    known = inference.column_types or (0,) * len(described.columns)
    documents = inference.documents or (None,) * len(described.columns)
    for result, concluded, oid, document in zip(
        described.columns, inference.columns, known, documents, strict=True
    ):
        directive = said.get(result.name, ColumnDirective("", source.location))
        of_type = types.get(result.name)
        columns.append(
            Column(
                name=result.name,
                type=session.types.domain_or(result.type_oid, oid),
                nullable=_overruled(directive.nullable, concluded.nullable),
                elements_nullable=_overruled(
                    directive.elements_nullable, concluded.elements_nullable
                ),
                python_type=of_type.dotted if of_type else None,
                validated=of_type is not None and of_type.validated,
                document=None if of_type else document,
            )
        )
    return tuple(columns)


def _parameters(
    session: Session,
    source: QuerySource,
    statement: NumberedStatement,
    described: Description,
    inference: Inference,
) -> tuple[Parameter, ...]:
    said = {directive.name: directive for directive in source.parameter_directives}
    types = {directive.name: directive.dotted for directive in source.type_directives}
    parameters = []
    for index, name in enumerate(statement.order):
        if name not in source.parameters:
            continue  # a value of a cursor
        accepted = inference.parameters[index]
        directive = said.get(name)
        parameters.append(
            Parameter(
                name=name,
                type=session.types.find(described.parameter_oids[index]),
                nullable=accepted.nullable,
                elements_nullable=accepted.elements_nullable,
                has_default=bool(directive and directive.has_default),
                default=directive.default if directive else None,
                maximum=directive.maximum if directive else None,
                python_type=types.get(name),
            )
        )
    return tuple(parameters)


def _overruled(said: bool | None, concluded: bool) -> bool:
    return concluded if said is None else said


def _try_script(connection: Connection[Any], source: QuerySource) -> None:
    """Run a script and take it back; one that forbids this is taken on trust."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(source.sql.encode())
    except psycopg.Error as error:
        if error.sqlstate == _ACTIVE_TRANSACTION:
            return
        position = error.diag.statement_position
        refusal = Refusal(
            message=error.diag.message_primary or str(error),
            sqlstate=error.sqlstate or "",
            offset=int(position) - 1 if position else None,
            hint=error.diag.message_hint,
            detail=error.diag.message_detail,
        )
        raise located(connection, source, refusal) from None
