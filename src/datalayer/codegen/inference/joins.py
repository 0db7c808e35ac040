"""Knows which join can null which relation, and which conditions hold for a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalayer.codegen.inference.outcomes import Side, World
from datalayer.codegen.nodetree import Node, Value, find_all_nodes, make_node

if TYPE_CHECKING:
    from collections.abc import Mapping

# Values of PostgreSQL's enumeration `JoinType`.
INNER, LEFT, FULL, RIGHT = range(4)
#: Values of `RTEKind` for a join, and for the grouping entry since PostgreSQL 18.
JOIN_ENTRY, GROUP_ENTRY = 2, 9
# Values of `GroupingSetKind`.
_SIMPLE, _SETS = 1, 4
_SET_RETURNING = (("FUNCEXPR", "funcretset"), ("OPEXPR", "opretset"))


@dataclass(frozen=True, slots=True)
class Join:
    """An outer join: the range-table indexes on its sides, and those it can null."""

    kind: int
    left: frozenset[int]
    right: frozenset[int]
    #: The join as it stands in FROM.
    node: Node

    @property
    def nulls_left(self) -> bool:
        """Return whether the left side can be without a match."""
        return self.kind in {FULL, RIGHT}

    @property
    def nulls_right(self) -> bool:
        """Return whether the right side can be without a match."""
        return self.kind in {FULL, LEFT}


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The names that one query can refer to."""

    query: Node
    entries: tuple[Node, ...]
    joins: Mapping[int, Join] = field(default_factory=dict)
    #: The expressions of grouping sets where they have no entry of their own (before
    #: PostgreSQL 18): whether a set can leave one out; None when two are equal.
    groups: Mapping[Node, bool | None] = field(default_factory=dict)
    #: The set-returning functions of the SELECT list, which pad each other with NULL.
    sets: tuple[Node, ...] = ()

    def entry(self, index: int) -> Node | None:
        """Return a range-table entry, which count from 1."""
        return self.entries[index - 1] if 0 < index <= len(self.entries) else None


def make_scope(query: Node) -> Scope:
    """Return the scope of a query."""
    joins: dict[int, Join] = {}
    _collect_joins(query.node("jointree"), joins)
    sets = query.nodes("groupingSets")
    return Scope(
        query=query,
        entries=query.nodes("rtable"),
        joins=joins,
        groups=_groups(query) if sets else {},
        sets=_list_sets(query.items("targetList"))
        if query.flag("hasTargetSRFs")
        else (),
    )


def table_scope(entry: Node) -> Scope:
    """Return the scope of a CHECK or a generated column: one table, numbered 1."""
    return Scope(query=entry, entries=(entry,))


def make_variable(relation: int, number: int) -> Node:
    """Return a reference to a column in a row that no outer join can null."""
    fields = {"varno": str(relation), "varattno": str(number)}
    return make_node("VAR", fields)


def computed(entry: Node | None, number: int, scope: Scope) -> Node | None:
    """Return the expression for which a column of a join or of a grouping stands."""
    labels = {JOIN_ENTRY: "joinaliasvars", GROUP_ENTRY: "groupexprs"}
    if entry is None or entry.number("rtekind") not in labels:
        return None
    if entry.number("rtekind") == GROUP_ENTRY and scope.query.items("groupingSets"):
        return None
    expressions = entry.items(labels[entry.number("rtekind")])
    found = expressions[number - 1] if number <= len(expressions) else None
    return found if isinstance(found, Node) else None


def grouped_expression(entry: Node, number: int) -> Node | None:
    """Return what a column of the grouping entry stands for; None where it is unclear.

    Of equal expressions PostgreSQL takes the first, whichever a set leaves out.
    """
    expressions = entry.items("groupexprs")
    found = expressions[number - 1] if 0 < number <= len(expressions) else None
    if not isinstance(found, Node) or expressions.count(found) > 1:
        return None
    return found


def is_unclear_group(entry: Node | None, number: int) -> bool:
    """Return whether a column of the grouping entry could be one of several."""
    if entry is None or entry.number("rtekind") != GROUP_ENTRY:
        return False
    return grouped_expression(entry, number) is None


def nulling_sides(node: Node, scope: Scope) -> list[Side | None]:
    """Return the sides whose lack of a match nulls a column reference.

    None stands for something that nulls it and is no join: a grouping set.
    """
    relation = node.number("varno")
    return [side_of(join, relation, scope) for join in node.bits("varnullingrels")]


def side_of(join: int, relation: int, scope: Scope) -> Side | None:
    """Return the side of a join on which a relation stands."""
    known = scope.joins.get(join)
    if known is None:
        return None
    if relation in known.right and known.nulls_right:
        return Side(join, right=True)
    if relation in known.left and known.nulls_left:
        return Side(join, right=False)
    return None


def nullable_sides(scope: Scope) -> list[Side]:
    """Return all sides of outer joins that can be without a match."""
    sides: list[Side] = []
    for index, join in sorted(scope.joins.items()):
        if join.nulls_left:
            sides.append(Side(index, right=False))
        if join.nulls_right:
            sides.append(Side(index, right=True))
    return sides


def sides_around(relation: int, scope: Scope) -> list[Side]:
    """Return the sides that must have matched for a relation to have a row."""
    sides = [side_of(index, relation, scope) for index in sorted(scope.joins)]
    return [side for side in sides if side is not None]


def without_match(side: Side, scope: Scope, world: World) -> World:
    """Return the world in which a side has no match, and no outer join either."""
    join = scope.joins[side.join]
    around = [
        other for other in sides_around(side.join, scope) if other.join != side.join
    ]
    if join.kind == FULL:
        # A full join never leaves both of its sides without a match.
        around.append(Side(side.join, right=not side.right))
    return world.with_present(*around).with_null(side)


def known_conditions(scope: Scope, world: World) -> list[Node]:
    """Return the WHERE and ON conditions that hold for a row in a world."""
    found: list[Node] = []
    _conditions(scope.query.node("jointree"), world, found)
    return found


def _conditions(node: Node | None, world: World, found: list[Node]) -> None:
    """Collect what holds in a part of the join tree that has a row."""
    if node is None:
        return
    if node.tag == "FROMEXPR":
        for child in node.nodes("fromlist"):
            _conditions(child, world, found)
        matched = True
    elif node.tag == "JOINEXPR":
        matched = _join_conditions(node, world, found)
    else:
        return
    quals = node.node("quals")
    if matched and quals is not None:
        found.extend(conjuncts(quals))


def _join_conditions(node: Node, world: World, found: list[Node]) -> bool:
    """Collect what holds on both sides, and return whether the ON clause does."""
    kind, index = node.number("jointype"), node.number("rtindex")
    left = kind in {INNER, LEFT} or Side(index, right=False) in world.present
    right = kind in {INNER, RIGHT} or Side(index, right=True) in world.present
    if left:
        _conditions(node.node("larg"), world, found)
    if right:
        _conditions(node.node("rarg"), world, found)
    return left and right


def conjuncts(condition: Node) -> list[Node]:
    """Return the parts of a condition that hold together when it holds."""
    if condition.tag == "BOOLEXPR" and condition.text("boolop") == "and":
        return [part for node in condition.nodes("args") for part in conjuncts(node)]
    return [condition]


def _collect_joins(node: Node | None, joins: dict[int, Join]) -> frozenset[int]:
    """Return the indexes at or below a part of the join tree."""
    if node is None:
        return frozenset()
    if node.tag == "RANGETBLREF":
        return frozenset({node.number("rtindex")})
    if node.tag == "FROMEXPR":
        parts = [_collect_joins(child, joins) for child in node.nodes("fromlist")]
        return frozenset().union(*parts)
    if node.tag != "JOINEXPR":
        return frozenset()
    left = _collect_joins(node.node("larg"), joins)
    right = _collect_joins(node.node("rarg"), joins)
    index = node.number("rtindex")
    if node.number("jointype") != INNER:
        joins[index] = Join(node.number("jointype"), left, right, node)
    return left | right | {index}


def always_grouped(query: Node) -> frozenset[int]:
    """Return the sort references of what every grouping set groups by.

    The sets of several clauses multiply: what all sets of one clause have, all have.
    """
    return frozenset().union(*(_in_all(each) for each in query.nodes("groupingSets")))


def has_empty_set(query: Node) -> bool:
    """Return whether one of the grouping sets is empty, a group even without rows."""
    return all(_may_be_empty(each) for each in query.nodes("groupingSets"))


def _in_all(clause: Node) -> frozenset[int]:
    """Return what all sets of one clause of GROUP BY have."""
    kind = clause.number("kind")
    if kind == _SIMPLE:
        return frozenset(clause.numbers("content"))
    if kind != _SETS:
        # An empty set; of ROLLUP and CUBE one is empty.
        return frozenset()
    found = [_in_all(each) for each in clause.nodes("content")]
    return frozenset.intersection(*found) if found else frozenset()


def _may_be_empty(clause: Node) -> bool:
    kind = clause.number("kind")
    if kind == _SETS:
        return any(_may_be_empty(each) for each in clause.nodes("content"))
    return kind != _SIMPLE


def _groups(query: Node) -> dict[Node, bool | None]:
    if query.flag("hasGroupRTE"):
        return {}
    grouped = {each.number("tleSortGroupRef") for each in query.nodes("groupClause")}
    always = always_grouped(query)
    found: dict[Node, bool | None] = {}
    for entry in query.nodes("targetList"):
        reference, expression = entry.number("ressortgroupref"), entry.node("expr")
        if reference in grouped and expression is not None:
            left_out = None if expression in found else reference not in always
            found[expression] = left_out
    return found


def _list_sets(values: Value) -> tuple[Node, ...]:
    return tuple(
        node
        for tag, label in _SET_RETURNING
        for node in find_all_nodes(values, tag)
        if node.flag(label)
    )
