"""Shows that an outer join finds a match: a foreign key says that there is one.

Only in statements that read one snapshot and change or lock nothing: a locked row may
be a newer one than the rows that it is joined with, and inside of a function that a
statement calls, keys may be checked later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.joins import conjuncts
from datalayer.codegen.inference.outcomes import NULL, Side, outcomes
from datalayer.codegen.nodetree import find_all_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.codegen.catalog import Catalog, Reference, Relation
    from datalayer.codegen.inference.outcomes import Environment
    from datalayer.codegen.nodetree import Node

_TABLE, _SELECT = 0, 1
_PARTITIONED = "p"
_VIEW, _STORED_VIEW = "v", "m"


def reads_one_snapshot(query: Node, catalog: Catalog) -> bool:
    """Return whether a statement and its views only read, and lock nothing.

    What a materialised view shows was read long ago, before a key perhaps.
    """
    return all(_only_reads(each) for each in _with_views(query, catalog, set()))


def _only_reads(node: Node) -> bool:
    if node.tag == "RANGETBLENTRY":
        return node.text("relkind") != _STORED_VIEW
    return node.number("commandType") == _SELECT and not node.items("rowMarks")


def _with_views(query: Node, catalog: Catalog, seen: set[int]) -> Iterator[Node]:
    """Yield all queries and range-table entries of a statement and of its views."""
    yield from find_all_nodes(query, "QUERY")
    for entry in find_all_nodes(query, "RANGETBLENTRY"):
        yield entry
        oid = entry.number("relid")
        if entry.text("relkind") == _VIEW and oid not in seen:
            seen.add(oid)
            view = catalog.view(oid)
            if view is not None:
                yield from _with_views(view, catalog, seen)


def referenced_sides(environment: Environment) -> list[Side]:
    """Return the sides of outer joins that a foreign key has a match for."""
    session = environment.session
    if session.called or not session.one_snapshot:
        return []
    return [
        side
        for index, join in sorted(environment.scope.joins.items())
        for side, label, is_nulled in (
            (Side(index, right=True), "rarg", join.nulls_right),
            (Side(index, right=False), "larg", join.nulls_left),
        )
        if is_nulled and _is_referenced(join.node, label, environment)
    ]


def _is_referenced(join: Node, label: str, environment: Environment) -> bool:
    """Return whether a join does nothing but follow a foreign key to one side of it."""
    target, condition = join.node(label), join.node("quals")
    if target is None or target.tag != "RANGETBLREF" or condition is None:
        return False
    index = target.number("rtindex")
    oid = _complete_table(index, environment)
    pairs = [_pair(part, index) for part in conjuncts(condition)]
    if oid is None or None in pairs:
        return False
    equal = [pair for pair in pairs if pair is not None]
    referring = {variable.number("varno") for variable, _, _ in equal}
    if len(referring) != 1:
        return False
    if any(outcomes(variable, environment) & NULL for variable, _, _ in equal):
        return False
    table = _table_of(referring.pop(), environment)
    wanted = {(v.number("varattno"), number): operator for v, number, operator in equal}
    return table is not None and any(
        reference.target == oid and _follows(reference, table, wanted)
        for reference in table.references
    )


def _complete_table(index: int, environment: Environment) -> int | None:
    """Return the table behind a range-table entry if all of its rows are seen."""
    entry = environment.scope.entry(index)
    if entry is None or entry.number("rtekind") != _TABLE:
        return None
    oid = entry.number("relid")
    table = environment.session.catalog.relation(oid)
    if table is None or table.has_policies or entry.node("tablesample") is not None:
        return None
    return None if table.kind == _PARTITIONED and not entry.flag("inh") else oid


def _pair(condition: Node, target: int) -> tuple[Node, int, int] | None:
    """Return the referring column, the number of the other one, and the operator."""
    if condition.tag != "OPEXPR" or len(condition.nodes("args")) != 2:
        return None
    variables = [_variable(argument) for argument in condition.nodes("args")]
    sides = [None if v is None else v.number("varno") == target for v in variables]
    if sides not in ([True, False], [False, True]):
        return None
    referring, referred = variables[sides.index(False)], variables[sides.index(True)]
    if referring is None or referred is None:
        return None
    return referring, referred.number("varattno"), condition.number("opno")


def _variable(node: Node | None) -> Node | None:
    while node is not None and node.tag == "RELABELTYPE":
        node = node.node("arg")
    if node is None or node.tag != "VAR" or node.number("varlevelsup"):
        return None
    return node


def _table_of(index: int, environment: Environment) -> Relation | None:
    """Return the table of whose rows a foreign key holds, children included."""
    entry = environment.scope.entry(index)
    if entry is None or entry.number("rtekind") != _TABLE:
        return None
    table = environment.session.catalog.relation(entry.number("relid"))
    if table is None or table.rules:
        return None
    inherits = table.has_children and table.kind != _PARTITIONED and entry.flag("inh")
    return None if inherits else table


def _follows(
    reference: Reference, table: Relation, wanted: dict[tuple[int, int], int]
) -> bool:
    """Return whether equalities are those of a foreign key, all of them and no more."""
    if reference.actions & table.row_triggers:
        return False
    columns = zip(reference.columns, reference.target_columns, strict=True)
    operators = dict(zip(columns, reference.operators, strict=True))
    return operators.keys() == wanted.keys() and all(
        operator in operators[pair] for pair, operator in wanted.items()
    )
