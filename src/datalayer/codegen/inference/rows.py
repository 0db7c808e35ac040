"""How many rows a query returns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.inference.arguments import call_arguments
from datalayer.codegen.inference.bodies import body_gives_rows
from datalayer.codegen.inference.joins import FULL, INNER, RIGHT, make_scope
from datalayer.codegen.inference.outcomes import (
    TRUE,
    Environment,
    Side,
    ancestor,
    bare,
    outcomes,
)
from datalayer.codegen.inference.query_columns import (
    SELECT,
    is_grouped,
    output_environment,
)
from datalayer.codegen.inference.references import referenced_sides
from datalayer.codegen.inference.singles import at_most_one, limit_of
from datalayer.codegen.inference.sources import (
    CTE,
    FUNCTION,
    SUBQUERY,
    TABLE,
    VALUES,
    cte_definition,
)
from datalayer.codegen.inference.writes import written_rows
from datalayer.model import RowCount

if TYPE_CHECKING:
    from datalayer.codegen.inference.outcomes import Session
    from datalayer.codegen.nodetree import Node

_UNION = 1
_VIEWS = frozenset({"v", "m"})


def query_rows(query: Node, parent: Environment | None, session: Session) -> RowCount:
    """Return what is certain about the number of rows of a query."""
    if query.number("commandType") != SELECT:
        return written_rows(query, parent, session)
    return RowCount(
        at_least_one=_at_least_one(query, parent, session),
        at_most_one=at_most_one(query, parent, session),
    )


def input_rows(query: Node, parent: Environment | None, session: Session) -> RowCount:
    """Return what is certain about the rows that FROM and WHERE let through."""
    tree = query.node("jointree")
    environment = Environment(session, make_scope(query), parent, joined=False)
    return RowCount(at_least_one=tree is not None and _part(tree, environment))


def matched_sides(environment: Environment) -> list[Side]:
    """Return the sides of outer joins that have a match for every row.

    Such as the one row of an aggregate in `LEFT JOIN LATERAL (…) ON true`.
    """
    plain = replace(bare(environment), joined=False)
    found = referenced_sides(environment)
    for index, join in sorted(plain.scope.joins.items()):
        quals = join.node.node("quals")
        if quals is not None and outcomes(quals, plain) != TRUE:
            continue
        for side, label in ((True, "rarg"), (False, "larg")):
            part = join.node.node(label)
            is_nulled = join.nulls_right if side else join.nulls_left
            if is_nulled and part is not None and _part(part, plain):
                found.append(Side(index, right=side))
    return found


def _at_least_one(query: Node, parent: Environment | None, session: Session) -> bool:
    environment = Environment(session, make_scope(query), parent, joined=False)
    if not _limits_keep_a_row(query) or query.flag("hasTargetSRFs"):
        return False
    operation = query.node("setOperations")
    if operation is not None:
        return _operation(operation, environment)
    if query.items("rowMarks") and _reads(query):
        return False
    having = query.node("havingQual")
    if having is not None and not _certain(having, query, parent, session):
        return False
    if is_grouped(query) and not query.items("groupClause"):
        return not query.items("groupingSets")
    return input_rows(query, parent, session).at_least_one


def _certain(
    having: Node, query: Node, parent: Environment | None, session: Session
) -> bool:
    """Return whether HAVING holds for every group, not counting on itself."""
    environment = output_environment(query, parent, session)
    rows = replace(bare(environment), rows=environment.rows)
    return outcomes(having, rows) == TRUE


def _limits_keep_a_row(query: Node) -> bool:
    offset, limit = query.node("limitOffset"), query.node("limitCount")
    if offset is not None and limit_of(offset) != 0:
        return False
    return limit is None or (limit_of(limit) or 0) > 0


def _reads(query: Node) -> bool:
    tree = query.node("jointree")
    return tree is not None and bool(tree.items("fromlist"))


def _operation(operation: Node, environment: Environment) -> bool:
    """Return whether an arm of UNION has a row."""
    if operation.tag == "RANGETBLREF":
        return _relation(operation.number("rtindex"), environment)
    arms = [operation.node("larg"), operation.node("rarg")]
    union = operation.number("op") == _UNION
    return union and any(_operation(arm, environment) for arm in arms if arm)


def _part(node: Node, environment: Environment) -> bool:
    """Return whether a part of FROM has at least one row."""
    if node.tag == "RANGETBLREF":
        return _relation(node.number("rtindex"), environment)
    quals = node.node("quals")
    holds = quals is None or outcomes(quals, environment) == TRUE
    if node.tag == "FROMEXPR":
        children = node.nodes("fromlist")
        return holds and all(_part(child, environment) for child in children)
    left, right = node.node("larg"), node.node("rarg")
    if left is None or right is None:
        return False
    kind = node.number("jointype")
    if kind == INNER:
        return holds and _part(left, environment) and _part(right, environment)
    if kind == FULL:
        return _part(left, environment) or _part(right, environment)
    return _part(right if kind == RIGHT else left, environment)


def _relation(index: int, environment: Environment) -> bool:
    """Return whether a relation has at least one row."""
    entry = environment.scope.entry(index)
    if entry is None or entry.node("tablesample") is not None:
        return False
    kind, session = entry.number("rtekind"), environment.session
    if kind == SUBQUERY:
        query = entry.node("subquery")
        return (
            query is not None and query_rows(query, environment, session).at_least_one
        )
    if kind == CTE:
        return _with_query(entry, environment)
    if kind == TABLE and entry.text("relkind") in _VIEWS:
        query = session.catalog.view(entry.number("relid"))
        return query is not None and query_rows(query, None, session).at_least_one
    if kind == FUNCTION:
        parts = entry.nodes("functions")
        return any(_gives_one_row(part, environment) for part in parts)
    return kind == VALUES


def _gives_one_row(part: Node, environment: Environment) -> bool:
    call = part.node("funcexpr")
    if call is None or not call.flag("funcretset"):
        return call is not None
    function = environment.session.catalog.function(call.number("funcid"))
    if function is None:
        return False
    catalog = environment.session.catalog
    given = call_arguments(function, call.nodes("args"), catalog)
    return given is not None and body_gives_rows(function, given, environment)


def _with_query(entry: Node, environment: Environment) -> bool:
    home = ancestor(environment, entry.number("ctelevelsup"))
    definition = cte_definition(entry, home)
    query = definition.node("ctequery") if definition else None
    if home is None or definition is None or query is None:
        return False
    if definition.flag("cterecursive"):
        # The first arm has no reference to the query itself.
        operation = query.node("setOperations")
        first = operation.node("larg") if operation else None
        inner = Environment(home.session, make_scope(query), bare(home), joined=False)
        return (
            first is not None
            and not query.node("limitCount")
            and not query.node("limitOffset")
            and _operation(first, inner)
        )
    return query_rows(query, bare(home), home.session).at_least_one
