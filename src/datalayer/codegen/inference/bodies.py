"""Looks into the bodies of SQL functions: what a call of one can return."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.catalog import FIRST_USER_OID
from datalayer.codegen.inference.outcomes import (
    ANY,
    NOTHING,
    NULL,
    VALUE,
    Environment,
    Outcome,
    Session,
    elements,
    outcomes,
)
from datalayer.codegen.inference.types import type_of
from datalayer.model import ColumnInference, ParameterInference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.codegen.catalog import Function, FunctionBody
    from datalayer.codegen.nodetree import Node

#: Functions that call each other are not followed deeper.
_DEEPEST = 8
_SELECT = 1
# The text form of JSON may become NULL on its way into another type.
_JSON = frozenset({114, 3802})


def body_call(
    function: Function, arguments: Sequence[Node], environment: Environment
) -> Outcome:
    """Answer for the call of a SQL function that returns one value."""
    found = [outcomes(argument, environment) for argument in arguments]
    if function.strict and any(part == NULL for part in found):
        return NULL
    body = _enter(function, arguments, environment.session)
    if body is None:
        return ANY
    inner = _inside(function, arguments, environment)
    skipped = NULL if function.strict and any(p & NULL for p in found) else NOTHING
    if not _has_row(body, inner):
        return ANY
    if len(_output(body.query)) > 1:
        # Several columns are the fields of one composite value.
        return VALUE | skipped
    column = body_column(function, 1, arguments, environment)
    return (ANY if column.nullable else VALUE) | skipped


def body_column(
    function: Function,
    number: int,
    arguments: Sequence[Node],
    environment: Environment,
) -> ColumnInference:
    """Answer for a column of the rows that a SQL function returns."""
    body = _enter(function, arguments, environment.session)
    if body is None or number > len(body.types):
        return ColumnInference()
    output = _output(body.query)
    if len(output) != len(body.types):
        # One column that holds the whole row.
        return ColumnInference()
    given = type_of(output[number - 1].node("expr"))
    wanted = body.types[number - 1]
    if given != wanted and not _converts(given, wanted):
        return ColumnInference()
    inner = _inside(function, arguments, environment)
    return inner.rules.query(body.query, number, None, inner)


def body_gives_rows(
    function: Function, arguments: Sequence[Node], environment: Environment
) -> bool:
    """Return whether a SQL function that returns a set returns at least one row."""
    body = _enter(function, arguments, environment.session)
    if body is None:
        return False
    if function.strict and any(outcomes(a, environment) & NULL for a in arguments):
        return False
    inner = _inside(function, arguments, environment)
    return _has_row(body, inner)


def _has_row(body: FunctionBody, inner: Session) -> bool:
    return inner.rules.rows(body.query, None, inner).at_least_one


def _enter(
    function: Function, arguments: Sequence[Node], session: Session
) -> FunctionBody | None:
    """Return the body of a function; None where it is not to be looked into."""
    if function.builtin or function.oid in session.called:
        return None
    if len(session.called) >= _DEEPEST:
        return None
    if len(arguments) != len(function.arguments):
        return None
    return session.catalog.body(function.oid)


def _inside(
    function: Function, arguments: Sequence[Node], environment: Environment
) -> Session:
    """Return the analysis of a body, whose parameters are the arguments of a call."""
    session = environment.session
    parameters = tuple(
        ParameterInference(
            nullable=not function.strict
            and bool(outcomes(argument, environment) & NULL),
            elements_nullable=bool(elements(argument, environment) & NULL),
        )
        for argument in arguments
    )
    called = (*session.called, function.oid)
    return replace(session, parameters=parameters, memory={}, called=called)


def _output(query: Node) -> tuple[Node, ...]:
    select = query.number("commandType") == _SELECT
    entries = query.nodes("targetList" if select else "returningList")
    return tuple(entry for entry in entries if not entry.flag("resjunk"))


def _converts(given: int, wanted: int) -> bool:
    """Return whether a value stays one when PostgreSQL itself converts it."""
    return max(given, wanted) < FIRST_USER_OID and given not in _JSON
