"""Shows that a SELECT returns at most one row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.inference.choices import known_to_hold
from datalayer.codegen.inference.joins import (
    Scope,
    conjuncts,
    make_scope,
    sides_around,
)
from datalayer.codegen.inference.keys import (
    Bound,
    Equality,
    agrees,
    bound_columns,
    equalities,
    gaps_agree,
    key_is_bound,
    outer_relations,
    relations_of,
    renumbered,
    usable,
)
from datalayer.codegen.inference.narrow import may_be_null
from datalayer.codegen.inference.outcomes import EMPTY, Environment, ancestor, bare
from datalayer.codegen.inference.query_columns import SELECT, is_grouped
from datalayer.codegen.inference.sources import (
    CTE,
    FUNCTION,
    SUBQUERY,
    TABLE,
    VALUES,
    cte_definition,
)
from datalayer.codegen.nodetree import make_node

if TYPE_CHECKING:
    from datalayer.codegen.inference.outcomes import Session
    from datalayer.codegen.nodetree import Node

_VIEWS = frozenset({"v", "m"})
_INTERSECT, _EXCEPT = 2, 3
_IMPLICIT_CAST = 2
_INTEGERS = frozenset({20, 21, 23})


def limit_of(node: Node) -> int | None:
    """Return a constant LIMIT or OFFSET; None for NULL and for what is not constant."""
    while node.tag == "FUNCEXPR" and node.number("funcformat") == _IMPLICIT_CAST:
        node = node.nodes("args")[0]
    value = node.fields.get("constvalue")
    if node.tag != "CONST" or node.number("consttype") not in _INTEGERS:
        return None
    if not isinstance(value, bytes):
        return None
    return int.from_bytes(value[: node.number("constlen")], "little", signed=True)


def at_most_one(
    query: Node,
    parent: Environment | None,
    session: Session,
    bound: tuple[Bound, ...] = (),
) -> bool:
    """Return whether a SELECT returns at most one row.

    `bound` are columns of its result that equal something fixed.
    """
    if query.number("commandType") != SELECT:
        return session.rules.rows(query, parent, session).at_most_one
    limit = query.node("limitCount")
    if limit is not None and not query.number("limitOption"):
        count = limit_of(limit)
        if count is not None and count <= 1:
            return True
    if query.flag("hasTargetSRFs") or query.items("groupingSets"):
        return False
    environment = Environment(session, make_scope(query), parent, joined=False)
    operation = query.node("setOperations")
    if operation is not None:
        return _operation(operation, environment)
    if is_grouped(query):
        return _groups(query, environment, bound)
    return _distinct(query, bound, session) or input_at_most_one(environment, bound)


def _operation(operation: Node, environment: Environment) -> bool:
    if operation.tag == "RANGETBLREF":
        index = operation.number("rtindex")
        return _alone(index, (), environment)
    left, right = operation.node("larg"), operation.node("rarg")
    if left is None or right is None:
        return False
    kind = operation.number("op")
    if kind == _EXCEPT:
        return _operation(left, environment)
    if kind == _INTERSECT:
        return _operation(left, environment) or _operation(right, environment)
    return False


def _groups(query: Node, environment: Environment, bound: tuple[Bound, ...]) -> bool:
    clauses = query.nodes("groupClause")
    if not clauses or _covered(clauses, query, bound, environment.session):
        return True
    return input_at_most_one(environment, ())


def _distinct(query: Node, bound: tuple[Bound, ...], session: Session) -> bool:
    clauses = query.nodes("distinctClause")
    return bool(clauses) and _covered(clauses, query, bound, session)


def _covered(
    clauses: tuple[Node, ...],
    query: Node,
    bound: tuple[Bound, ...],
    session: Session,
) -> bool:
    """Return whether all columns by which rows are told apart are fixed."""
    numbers = {
        entry.number("ressortgroupref"): entry.number("resno")
        for entry in query.nodes("targetList")
        if not entry.flag("resjunk")
    }
    return all(
        any(
            column.number == numbers.get(clause.number("tleSortGroupRef"))
            and column.operator == clause.number("eqop")
            and agrees(column.collation, 0, session.catalog)
            for column in bound
        )
        for clause in clauses
    )


def input_at_most_one(environment: Environment, bound: tuple[Bound, ...]) -> bool:
    """Return whether FROM and WHERE let at most one row through."""
    everything = relations_of(environment.scope)
    return identified(everything, environment, bound)


def target_at_most_one(environment: Environment) -> bool:
    """Return whether an UPDATE or DELETE changes at most one row of its table."""
    target = environment.scope.query.number("resultRelation")
    return identified(frozenset({target}), environment, ())


def identified(
    wanted: frozenset[int], environment: Environment, bound: tuple[Bound, ...]
) -> bool:
    """Return whether some relations have the same row in every row of the result.

    `bound` are columns of the result that equal something fixed.
    """
    scope = environment.scope
    known = [*equalities(scope), *bound_columns(scope, bound)]
    everything = relations_of(scope)
    single: frozenset[int] = frozenset()
    while not wanted <= single:
        more = {
            relation
            for relation in everything - single
            if _is_single(relation, known, single, environment)
        }
        if not more:
            return False
        # One at a time: each may count only on those before it.
        single |= {min(more)}
    return True


def _is_single(
    relation: int,
    known: list[Equality],
    single: frozenset[int],
    environment: Environment,
) -> bool:
    scope, catalog = environment.scope, environment.session.catalog
    bound = usable(relation, known, single, scope, catalog)
    never_left_out = any(equality.always for equality in bound)
    if not never_left_out and not gaps_agree(relation, single, scope):
        return False
    if not _references_agree(relation, single, scope):
        return False
    columns = tuple(equality.column for equality in bound if not equality.null_safe)
    if _alone(relation, columns, environment):
        return True
    return _has_bound_key(relation, bound, environment)


def _references_agree(relation: int, single: frozenset[int], scope: Scope) -> bool:
    """Return whether a lateral entry refers only to what is already the same."""
    entry = scope.entry(relation)
    if entry is None:
        return False
    if not entry.flag("lateral"):
        return True
    used = {*outer_relations(entry.node("subquery"), 0)}
    for label in ("functions", "values_lists"):
        used |= {*outer_relations(entry.items(label), 0)}
    return used <= single


def _has_bound_key(
    relation: int, bound: list[Equality], environment: Environment
) -> bool:
    entry, catalog = environment.scope.entry(relation), environment.session.catalog
    if entry is None or entry.number("rtekind") != TABLE:
        return False
    table = catalog.relation(entry.number("relid"))
    if table is None or (
        table.has_children and table.kind != "p" and entry.flag("inh")
    ):
        return False
    return any(
        key_is_bound(key, bound, table, catalog)
        and _covers(key.predicate, relation, environment)
        for key in table.keys
    )


def _covers(predicate: Node | None, relation: int, environment: Environment) -> bool:
    """Return whether each row of the result belongs to a partial index."""
    if predicate is None:
        return True
    around = sides_around(relation, environment.scope)
    matched = replace(
        environment, joined=True, conditions=(), world=EMPTY.with_present(*around)
    )
    condition = renumbered(predicate, relation)
    known = known_to_hold(matched)
    return all(part in known or _holds(part, matched) for part in conjuncts(condition))


def _holds(condition: Node, environment: Environment) -> bool:
    """Return whether a condition is true of every row: no CASE on it gives NULL."""
    branch = make_node("CASEWHEN", {"expr": condition, "result": condition})
    case = make_node("CASEEXPR", {"args": (branch,)})
    return not may_be_null(case, environment)


def _alone(relation: int, bound: tuple[Bound, ...], environment: Environment) -> bool:
    """Return whether a relation has at most one row with some of its columns fixed."""
    entry, session = environment.scope.entry(relation), environment.session
    if entry is None:
        return False
    kind = entry.number("rtekind")
    if kind == FUNCTION:
        calls = [part.node("funcexpr") for part in entry.nodes("functions")]
        return not any(call is None or call.flag("funcretset") for call in calls)
    if kind == VALUES:
        return len(entry.items("values_lists")) <= 1
    query, parent = _query_of(entry, environment)
    return query is not None and at_most_one(query, parent, session, bound)


def _query_of(
    entry: Node, environment: Environment
) -> tuple[Node | None, Environment | None]:
    """Return the query behind a subquery, a WITH query or a view."""
    kind = entry.number("rtekind")
    if kind == SUBQUERY:
        return entry.node("subquery"), environment
    if kind == TABLE and entry.text("relkind") in _VIEWS:
        return environment.session.catalog.view(entry.number("relid")), None
    if kind != CTE:
        return None, None
    home = ancestor(environment, entry.number("ctelevelsup"))
    definition = cte_definition(entry, home)
    if home is None or definition is None or definition.flag("cterecursive"):
        return None, None
    return definition.node("ctequery"), bare(home)
