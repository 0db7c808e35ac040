"""Looks into the bodies of SQL functions: what a call of one can return."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

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
from datalayer.codegen.inference.types import expression_type
from datalayer.codegen.nodetree import find_all_nodes, make_node
from datalayer.codegen.type_catalog import FIRST_USER_OID
from datalayer.model import ColumnInference, ParameterInference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.codegen.function_catalog import Function, FunctionBody
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
    skipped = NULL if function.strict and any(p & NULL for p in found) else NOTHING
    if function.oid in environment.session.assumed:
        return VALUE | skipped
    body = _enter(function, arguments, environment.session)
    if body is None:
        return ANY
    given = _value(body, _inside(function, arguments, environment))
    if given & NULL and _calls_itself(body, function):
        given = _value(body, _assuming_itself(function, environment.session))
    return given | skipped


def body_keeps_values(
    function: Function, types: tuple[int, ...], session: Session
) -> bool:
    """Return whether a SQL function gives a value for all arguments that are not NULL.

    `types` are those of the arguments.
    """
    if function.builtin or function.oid in session.called:
        return False
    known = types if function.polymorphic else ()
    body = session.catalog.body(function.oid, known)
    if body is None:
        return False
    sure = (ParameterInference(elements_nullable=True),) * len(function.arguments)
    called = (*session.called, function.oid)
    inner = replace(session, parameters=sure, memory={}, called=called)
    return not _value(body, inner) & NULL


def body_column(
    function: Function,
    number: int,
    arguments: Sequence[Node],
    environment: Environment,
) -> ColumnInference:
    """Answer for a column of the rows that a SQL function returns."""
    body = _enter(function, arguments, environment.session)
    if body is None:
        return ColumnInference()
    inner = _inside(function, arguments, environment)
    output = _output(body.query)
    if len(output) == 1 and inner.catalog.is_row(body.returned):
        return _field_of_row(body, number, inner)
    place = _place(body, number)
    if not 0 < place <= len(output):
        return ColumnInference()
    if not _stays_value(output[place - 1], body.types[number - 1]):
        return ColumnInference()
    return inner.rules.query(body.query, place, None, inner)


def _place(body: FunctionBody, number: int) -> int:
    """Return which column of a body a column of the declared rows is; 0 for none.

    What was dropped from a table has a number, but is not in its rows.
    """
    if number > len(body.types) or not body.types[number - 1]:
        return 0
    return sum(1 for type_ in body.types[:number] if type_)


def _value(body: FunctionBody, inner: Session) -> Outcome:
    """Return what a function gives that returns one value, which may be a row."""
    if not _has_row(body, inner):
        return ANY
    output = _output(body.query)
    if len(output) != 1:
        # Several columns are the fields of one composite value.
        return VALUE
    if not _stays_value(output[0], body.returned):
        return ANY
    column = inner.rules.query(body.query, 1, None, inner)
    return ANY if column.nullable else VALUE


def _field_of_row(body: FunctionBody, number: int, inner: Session) -> ColumnInference:
    """Answer for a column of rows that a body returns as whole ones."""
    row = _output(body.query)[0].node("expr")
    united = body.query.node("setOperations") or body.query.items("groupingSets")
    if row is None or united or expression_type(row) != body.returned:
        return ColumnInference()
    field = make_node("FIELDSELECT", {"arg": row, "fieldnum": str(number)})
    return ColumnInference(nullable=inner.rules.result(field, body.query, inner))


def _calls_itself(body: FunctionBody, function: Function) -> bool:
    """Return whether the same function, for the same types, is called in its body."""
    return not function.polymorphic and any(
        call.number("funcid") == function.oid
        for call in find_all_nodes(body.query, "FUNCEXPR")
    )


def _assuming_itself(function: Function, session: Session) -> Session:
    """Return the analysis of a body, called with anything, whose own calls give values.

    What each call gives is made of what deeper ones give, and the deepest make none.
    """
    anything = ParameterInference(not function.strict, elements_nullable=True)
    return replace(
        session,
        parameters=(anything,) * len(function.arguments),
        memory={},
        called=(*session.called, function.oid),
        assumed=session.assumed | {function.oid},
    )


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
    types = tuple(map(expression_type, arguments)) if function.polymorphic else ()
    return session.catalog.body(function.oid, types)


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


def _stays_value(entry: Node, wanted: int) -> bool:
    """Return whether what a body computes stays a value in the declared type."""
    expression = entry.node("expr")
    given = expression_type(expression) if expression else 0
    if not given or given == wanted:
        return bool(given)
    return max(given, wanted) < FIRST_USER_OID and given not in _JSON
