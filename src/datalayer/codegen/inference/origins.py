"""Follows a column to the expressions that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from datalayer.codegen.inference.joins import GROUP_ENTRY, computed, make_scope
from datalayer.codegen.inference.outcomes import (
    Environment,
    ancestor,
    bare,
    rows_environment,
)
from datalayer.codegen.inference.query_columns import (
    output_environment,
    output_expression,
)
from datalayer.codegen.inference.sources import (
    CTE,
    FUNCTION,
    SUBQUERY,
    TABLE,
    VALUES,
    cte_definition,
)
from datalayer.codegen.nodetree import Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.codegen.inference.outcomes import Session

#: An expression, and what is known where it stands.
Origin: TypeAlias = "tuple[Node, Environment]"
#: All expressions whose values a column holds; None when there may be others.
Origins: TypeAlias = "Sequence[Origin] | None"

_VIEWS = frozenset({"v", "m"})


def origins(variable: Node, environment: Environment) -> Origins:
    """Return what a column stands for; that it can be NULL is no part of it."""
    home = ancestor(environment, variable.number("varlevelsup"))
    relation, number = variable.number("varno"), variable.number("varattno")
    entry = home.scope.entry(relation) if home else None
    if home is None or entry is None or number <= 0:
        return None
    if home.returning is not None and relation == home.returning.target:
        return None
    expression = computed(entry, number, home.scope)
    if expression is not None:
        return [(expression, home)]
    return _of_entry(entry, number, home)


def _of_entry(entry: Node, number: int, home: Environment) -> Origins:
    kind = entry.number("rtekind")
    if kind == GROUP_ENTRY:
        grouped = entry.items("groupexprs")
        expression = grouped[number - 1] if number <= len(grouped) else None
        inside = rows_environment(home)
        return [(expression, inside)] if isinstance(expression, Node) else None
    if kind == SUBQUERY:
        parent = home if entry.flag("lateral") else bare(home)
        return _of_query(entry.node("subquery"), number, parent, home.session)
    if kind == CTE:
        return _of_with_query(entry, number, home)
    if kind == TABLE and entry.text("relkind") in _VIEWS:
        view = home.session.catalog.view(entry.number("relid"))
        return _of_query(view, number, None, home.session)
    if kind == VALUES:
        return _of_values(entry, number, home)
    return _of_function(entry, number, home) if kind == FUNCTION else None


def _of_with_query(entry: Node, number: int, home: Environment) -> Origins:
    named = ancestor(home, entry.number("ctelevelsup"))
    definition = cte_definition(entry, named)
    if named is None or definition is None or definition.flag("cterecursive"):
        return None
    return _of_query(definition.node("ctequery"), number, bare(named), named.session)


def _of_values(entry: Node, number: int, home: Environment) -> Origins:
    found: list[Origin] = []
    for row in entry.items("values_lists"):
        value = row[number - 1] if isinstance(row, tuple) and number <= len(row) else 0
        if not isinstance(value, Node):
            return None
        found.append((value, home))
    return found


def _of_function(entry: Node, number: int, home: Environment) -> Origins:
    """Return the call in `FROM f(x)` when it gives one value."""
    functions = entry.nodes("functions")
    call = functions[0].node("funcexpr") if len(functions) == 1 else None
    if call is None or call.flag("funcretset"):
        return None
    is_value = number == 1 and functions[0].number("funccolcount") == 1
    return [(call, home)] if is_value else None


def _of_query(
    query: Node | None, number: int, parent: Environment | None, session: Session
) -> Origins:
    return None if query is None else query_origins(query, number, parent, session)


def query_origins(
    query: Node, number: int, parent: Environment | None, session: Session
) -> Origins:
    """Return what a column of a query stands for, in each arm of a UNION."""
    operation = query.node("setOperations")
    if operation is not None:
        inside = Environment(session, make_scope(query), parent, joined=False)
        return _of_arms(operation, number, inside)
    expression = output_expression(query, number)
    if expression is None:
        return None
    return [(expression, output_environment(query, parent, session))]


def _of_arms(operation: Node, number: int, environment: Environment) -> Origins:
    if operation.tag == "RANGETBLREF":
        entry = environment.scope.entry(operation.number("rtindex"))
        query = entry.node("subquery") if entry else None
        return _of_query(query, number, environment, environment.session)
    found: list[Origin] = []
    for label in ("larg", "rarg"):
        arm = operation.node(label)
        each = _of_arms(arm, number, environment) if arm else None
        if each is None:
            return None
        found += each
    return found
