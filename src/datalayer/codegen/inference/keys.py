"""Shows that FROM and WHERE let at most one row through: unique keys that are bound.

Two different rows of the result would differ first in some relation.
That cannot be when each relation, one after the other, is identified by what is already
the same in both rows: constants, parameters, and the relations before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.codegen.inference.joins import (
    FULL,
    INNER,
    RIGHT,
    Scope,
    computed,
    conjuncts,
    sides_around,
)
from datalayer.codegen.nodetree import Node, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.codegen.catalog import Catalog, UniqueKey

_VOLATILE_LABELS = {
    "FUNCEXPR": "funcid",
    "NULLIFEXPR": "opfuncid",
    "OPEXPR": "opfuncid",
    "SCALARARRAYOPEXPR": "opfuncid",
}
_MANY_ROWS = frozenset({"AGGREF", "GROUPINGFUNC", "WINDOWFUNC"})


@dataclass(frozen=True, slots=True)
class Bound:
    """A column of a query's result that equals something fixed."""

    number: int
    operator: int
    collation: int


@dataclass(frozen=True, slots=True)
class Equality:
    """`column = other`, as far as it identifies the column's relation."""

    relation: int
    column: Bound
    #: What the column equals; None for something fixed outside of the query.
    other: Node | None
    #: Whether it holds for every row of the result, which is then no outer join's gap.
    always: bool


def equalities(scope: Scope) -> list[Equality]:
    """Return the equalities in WHERE and ON that can identify a relation."""
    found: list[Equality] = []
    _collect(scope.query.node("jointree"), scope, found)
    return found


def bound_columns(scope: Scope, bound: tuple[Bound, ...]) -> list[Equality]:
    """Return the equalities that columns of the result being fixed amount to."""
    found: list[Equality] = []
    for column in bound:
        for entry in scope.query.nodes("targetList"):
            if entry.number("resno") == column.number:
                place = _column(entry.node("expr"), scope)
                if place is not None:
                    inner = Bound(place[1], column.operator, column.collation)
                    found.append(Equality(place[0], inner, None, always=True))
    return found


def relations_of(scope: Scope) -> frozenset[int]:
    """Return the indexes of the relations, joins aside, that FROM brings together."""
    return _relations(scope.query.node("jointree"))


def usable(
    relation: int,
    known: list[Equality],
    single: frozenset[int],
    scope: Scope,
    catalog: Catalog,
) -> list[Equality]:
    """Return the equalities that bind a relation to what is already the same."""
    return [
        equality
        for equality in known
        if equality.relation == relation
        and (equality.other is None or is_fixed(equality.other, single, catalog))
    ]


def gaps_agree(relation: int, single: frozenset[int], scope: Scope) -> bool:
    """Return whether two rows agree on whether an outer join left a relation out."""
    for side in sides_around(relation, scope):
        join = scope.joins[side.join]
        kept = join.left if side.right else join.right
        if not kept - _join_entries(scope) <= single:
            return False
    return True


def key_is_bound(key: UniqueKey, bound: list[Equality], catalog: Catalog) -> bool:
    """Return whether each column of a unique key equals something."""
    parts = zip(key.columns, key.operators, key.collations, strict=False)
    return all(
        any(
            equality.column.number == column
            and equality.column.operator in operators
            and agrees(equality.column.collation, collation, catalog)
            for equality in bound
        )
        for column, operators, collation in parts
    )


def agrees(used: int, collation: int, catalog: Catalog) -> bool:
    """Return whether equality under one collation is not wider than under another."""
    return used in {0, collation} or catalog.deterministic(used)


def is_fixed(value: Value, single: frozenset[int], catalog: Catalog) -> bool:
    """Return whether an expression has one value while some relations do."""
    return _is_fixed(value, single, catalog, 0)


def _is_fixed(
    value: Value, single: frozenset[int], catalog: Catalog, depth: int
) -> bool:
    if isinstance(value, tuple):
        return all(_is_fixed(item, single, catalog, depth) for item in value)
    if not isinstance(value, Node):
        return True
    if value.tag == "VAR":
        level = value.number("varlevelsup")
        return level != depth or value.number("varno") in single
    if value.tag in _MANY_ROWS and depth == 0:
        return False
    label = _VOLATILE_LABELS.get(value.tag)
    if label:
        function = catalog.function(value.number(label))
        if function is None or function.volatile or function.returns_set:
            return False
    inner = depth + (value.tag == "QUERY")
    return all(
        _is_fixed(child, single, catalog, inner) for child in value.fields.values()
    )


def outer_relations(value: Value, depth: int) -> Iterator[int]:
    """Yield the relations of the query around that a lateral entry refers to."""
    if isinstance(value, tuple):
        for item in value:
            yield from outer_relations(item, depth)
    elif isinstance(value, Node):
        if value.tag == "VAR" and value.number("varlevelsup") == depth:
            yield value.number("varno")
        inner = depth + (value.tag == "QUERY")
        for child in value.fields.values():
            yield from outer_relations(child, inner)


def _join_entries(scope: Scope) -> frozenset[int]:
    """Return the indexes of range-table entries that are joins, not relations."""
    return frozenset(
        index
        for index, entry in enumerate(scope.entries, 1)
        if entry.number("rtekind") == 2
    )


def _relations(node: Node | None) -> frozenset[int]:
    if node is None:
        return frozenset()
    if node.tag == "RANGETBLREF":
        return frozenset({node.number("rtindex")})
    parts = [*node.nodes("fromlist"), node.node("larg"), node.node("rarg")]
    return frozenset().union(*(_relations(part) for part in parts if part))


def _collect(node: Node | None, scope: Scope, found: list[Equality]) -> None:
    if node is None or node.tag == "RANGETBLREF":
        return
    quals = node.node("quals")
    if node.tag == "FROMEXPR":
        for child in node.nodes("fromlist"):
            _collect(child, scope, found)
        everything = _relations(node)
        found += _equalities(quals, everything, scope, always=True)
        return
    left, right = node.node("larg"), node.node("rarg")
    _collect(left, scope, found)
    _collect(right, scope, found)
    kind = node.number("jointype")
    if kind == INNER:
        allowed = _relations(node)
    elif kind == FULL:
        allowed = frozenset()
    else:
        allowed = _relations(left if kind == RIGHT else right)
    found += _equalities(quals, allowed, scope, always=False)


def _equalities(
    quals: Node | None, allowed: frozenset[int], scope: Scope, *, always: bool
) -> Iterator[Equality]:
    for condition in conjuncts(quals) if quals else ():
        if condition.tag != "OPEXPR" or len(condition.nodes("args")) != 2:
            continue
        first, second = condition.nodes("args")
        operator = condition.number("opno")
        collation = condition.number("inputcollid")
        for one, other in ((first, second), (second, first)):
            place = _column(one, scope)
            if place is not None and place[0] in allowed:
                column = Bound(place[1], operator, collation)
                yield Equality(place[0], column, other, always)


def _column(node: Node | None, scope: Scope) -> tuple[int, int] | None:
    """Return the relation and number of a plain column."""
    while node is not None and node.tag == "RELABELTYPE":
        node = node.node("arg")
    if node is None or node.tag != "VAR" or node.number("varlevelsup"):
        return None
    relation, number = node.number("varno"), node.number("varattno")
    stands_for = computed(scope.entry(relation), number, scope)
    if stands_for is not None:
        return _column(stands_for, scope)
    return (relation, number) if number > 0 else None
