"""Looks into a whole query: what its columns can hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.inference.joins import make_scope
from datalayer.codegen.inference.narrow import may_be_null, settle
from datalayer.codegen.inference.outcomes import (
    EMPTY,
    NULL,
    Environment,
    elements,
    recursing,
    worlds,
)
from datalayer.codegen.inference.returning import returning_environment
from datalayer.codegen.inference.sources import UNKNOWN
from datalayer.codegen.inference.types import type_of
from datalayer.codegen.type_catalog import FIRST_USER_OID
from datalayer.model import ColumnInference

if TYPE_CHECKING:
    from datalayer.codegen.inference.outcomes import Session
    from datalayer.codegen.nodetree import Node

SELECT = 1
# Values of `SetOperation`.
_UNION, _INTERSECT, _EXCEPT = 1, 2, 3


def query_column(
    query: Node, number: int, parent: Environment | None, session: Session
) -> ColumnInference:
    """Return whether a column of a query and its elements can be NULL."""
    if recursing(parent):
        return _query_column(query, number, parent, session)
    key = ("column", id(query), number, worlds(parent))
    if key not in session.memory:
        session.memory[key] = _query_column(query, number, parent, session)
    found = session.memory[key]
    return found if isinstance(found, ColumnInference) else UNKNOWN


def _query_column(
    query: Node, number: int, parent: Environment | None, session: Session
) -> ColumnInference:
    operation = query.node("setOperations")
    if operation is not None:
        environment = Environment(session, make_scope(query), parent, joined=False)
        return _set_column(operation, number, environment)
    expression = output_expression(query, number)
    if expression is None:
        return UNKNOWN
    environment = output_environment(query, parent, session)
    return ColumnInference(
        nullable=may_be_null(expression, environment),
        elements_nullable=bool(elements(expression, environment) & NULL),
    )


def result_may_be_null(expression: Node, query: Node, session: Session) -> bool:
    """Return whether an expression can be NULL where a query's result is computed."""
    return may_be_null(expression, output_environment(query, None, session))


def output_expression(query: Node, number: int) -> Node | None:
    """Return the expression of a column of a query's result."""
    for entry in output_entries(query):
        if entry.number("resno") == number:
            return entry.node("expr")
    return None


def output_entries(query: Node) -> tuple[Node, ...]:
    """Return the entries of a query's result, in order."""
    select = query.number("commandType") == SELECT
    entries = query.nodes("targetList" if select else "returningList")
    return tuple(entry for entry in entries if not entry.flag("resjunk"))


def output_environment(
    query: Node, parent: Environment | None, session: Session
) -> Environment:
    """Return what is known where the result of a query is computed."""
    environment = row_environment(query, parent, session)
    if query.number("commandType") != SELECT:
        return _remembered_returning(query, environment)
    if not is_grouped(query):
        return environment
    keyed = bool(query.items("groupClause")) and not query.items("groupingSets")
    having = query.node("havingQual")
    return settled(
        replace(
            environment,
            world=environment.rows if keyed else EMPTY,
            joined=keyed,
            conditions=() if having is None else (having,),
            grouped=True,
        )
    )


def _remembered_returning(query: Node, environment: Environment) -> Environment:
    """Return what RETURNING knows, the same for each of its columns."""
    if recursing(environment):
        return returning_environment(environment)
    memory = environment.session.memory
    key = ("returning", id(query), worlds(environment))
    if key not in memory:
        memory[key] = returning_environment(environment)
    found = memory[key]
    if isinstance(found, Environment):
        return replace(found, parent=environment.parent)
    return returning_environment(environment)


def row_environment(
    query: Node, parent: Environment | None, session: Session
) -> Environment:
    """Return what is known of each row that FROM and WHERE of a query let through."""
    if recursing(parent):
        return _row_environment(query, parent, session)
    key = ("rows", id(query), worlds(parent))
    if key not in session.memory:
        session.memory[key] = _row_environment(query, parent, session)
    found = session.memory[key]
    if isinstance(found, Environment):
        # The answer is the same for each parent with this world; the parent is not.
        return replace(found, parent=parent)
    return _row_environment(query, parent, session)


def _row_environment(
    query: Node, parent: Environment | None, session: Session
) -> Environment:
    found = settled(_matched(Environment(session, make_scope(query), parent)))
    while (matched := _matched(found)).world != found.world:
        # What conditions prove may make another match certain.
        found = settled(matched)
    return replace(found, rows=found.world)


def _matched(environment: Environment) -> Environment:
    """Return the environment in which matches that are certain are present."""
    if not environment.scope.joins:
        return environment
    sides = environment.session.rules.matched_sides(environment)
    return replace(environment, world=environment.world.with_present(*sides))


def settled(environment: Environment) -> Environment:
    """Return an environment with all that it proves, as facts about its rows."""
    found = settle(environment)
    return replace(found, facts=found.world)


def is_grouped(query: Node) -> bool:
    """Return whether a query's result rows stand for groups of rows."""
    labels = ("groupClause", "groupingSets")
    return (
        query.flag("hasAggs")
        or query.node("havingQual") is not None
        or any(query.items(label) for label in labels)
    )


def _set_column(
    operation: Node, number: int, environment: Environment
) -> ColumnInference:
    """Return what a column of UNION, INTERSECT or EXCEPT can hold."""
    if operation.tag == "RANGETBLREF":
        entry = environment.scope.entry(operation.number("rtindex"))
        query = entry.node("subquery") if entry else None
        if query is None:
            return UNKNOWN
        return query_column(query, number, environment, environment.session)
    kind = operation.number("op")
    arms = [
        _converted(arm, operation, number, environment)
        for label in ("larg", "rarg")
        if (arm := operation.node(label)) is not None
    ]
    if len(arms) != 2 or kind not in {_UNION, _INTERSECT, _EXCEPT}:
        return UNKNOWN
    if kind == _EXCEPT:
        return arms[0]
    combined = any if kind == _UNION else all
    return ColumnInference(
        nullable=combined(arm.nullable for arm in arms),
        elements_nullable=combined(arm.elements_nullable for arm in arms),
    )


def _converted(
    arm: Node, operation: Node, number: int, environment: Environment
) -> ColumnInference:
    """Return what an arm's column holds as the type of the set operation.

    The conversion happens later, so it is not in the tree; one that PostgreSQL did not
    bring itself could return NULL.
    """
    found = _set_column(arm, number, environment)
    target = operation.numbers("colTypes")
    given = _column_type(arm, number, environment)
    wanted = target[number - 1] if number <= len(target) else 0
    if given != wanted and max(given, wanted) >= FIRST_USER_OID:
        return UNKNOWN
    return found


def _column_type(arm: Node, number: int, environment: Environment) -> int:
    """Return the type of a column of an arm; an unknown one counts as a user's."""
    if arm.tag != "RANGETBLREF":
        types = arm.numbers("colTypes")
        return types[number - 1] if number <= len(types) else FIRST_USER_OID
    entry = environment.scope.entry(arm.number("rtindex"))
    query = entry.node("subquery") if entry else None
    expression = output_expression(query, number) if query else None
    return type_of(expression)
