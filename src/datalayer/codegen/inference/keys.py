"""Shows that FROM and WHERE let at most one row through: unique keys that are bound.

Two different rows of the result would differ first in some relation.
That cannot be when each relation, one after the other, is identified by what is already
the same in both rows: constants, parameters, and the relations before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.codegen.inference.comparisons import written_elements
from datalayer.codegen.inference.joins import (
    FULL,
    INNER,
    RIGHT,
    Scope,
    computed,
    conjuncts,
    sides_around,
)
from datalayer.codegen.nodetree import Node, Value, find_nodes, make_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.codegen.catalog import Catalog, Relation, UniqueKey

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
    #: What stands in place of a column, whose number is then 0.
    expression: Node | None = None


@dataclass(frozen=True, slots=True)
class Equality:
    """`column = other`, as far as it identifies the column's relation."""

    relation: int
    column: Bound
    #: What the column equals; None for something fixed outside of the query.
    other: Node | None
    #: Whether it holds for every row of the result, which is then no outer join's gap.
    always: bool
    #: Whether NULL equals NULL here: `IS NOT DISTINCT FROM`, or `IS NULL`.
    null_safe: bool = False


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


def key_is_bound(
    key: UniqueKey, bound: list[Equality], table: Relation, catalog: Catalog
) -> bool:
    """Return whether each column or expression of a unique key equals something."""
    if key.columns.count(0) != len(key.expressions):
        return False
    expressions = iter(key.expressions)
    parts = [(column, None if column else next(expressions)) for column in key.columns]
    return all(
        any(
            _is_about_part(equality, column, expression)
            and (equality.column.operator in operators or _tests_null(equality))
            and agrees(equality.column.collation, collation, catalog)
            and (not equality.null_safe or _tells_nulls(key, column, table))
            for equality in bound
        )
        for (column, expression), operators, collation in zip(
            parts, key.operators, key.collations, strict=False
        )
    )


def _is_about_part(equality: Equality, column: int, expression: Node | None) -> bool:
    if expression is None:
        return equality.column.number == column
    found = equality.column.expression
    return found is not None and found == renumbered(expression, equality.relation)


def _tests_null(equality: Equality) -> bool:
    return equality.null_safe and not equality.column.operator


def _tells_nulls(key: UniqueKey, column: int, table: Relation) -> bool:
    """Return whether no two rows have NULL in a column of a key."""
    known = table.columns.get(column)
    return key.nulls_equal or (known is not None and known.not_null)


def renumbered(value: Node, relation: int) -> Node:
    """Return an expression over a table in which the table has another number."""

    def put(child: Value) -> Value:
        if isinstance(child, Node):
            return renumbered(child, relation)
        if isinstance(child, tuple):
            return tuple(put(item) for item in child)
        return child

    fields = {label: put(child) for label, child in value.fields.items()}
    if value.tag == "VAR":
        fields["varno"] = str(relation)
    return make_node(value.tag, fields)


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
        null_safe = _null_safe(condition)
        for one, other in _sides(null_safe or condition):
            found = _place(one, scope)
            if found is None or found[0] not in allowed:
                continue
            relation, number, expression = found
            operator = (null_safe or condition).number("opno")
            collation = (null_safe or condition).number("inputcollid")
            column = Bound(number, operator, collation, expression)
            # A gap of an outer join may pass a test for NULL, or give an expression.
            certain = always and null_safe is None and expression is None
            yield Equality(relation, column, other, certain, null_safe is not None)


def _null_safe(condition: Node) -> Node | None:
    """Return what stands in `NOT (a IS DISTINCT FROM b)` or `a IS NULL`."""
    if condition.tag == "NULLTEST" and condition.number("nulltesttype") == 0:
        return None if condition.flag("argisrow") else condition
    if condition.tag != "BOOLEXPR" or condition.text("boolop") != "not":
        return None
    inner = condition.nodes("args")[0]
    return inner if inner.tag == "DISTINCTEXPR" else None


def _sides(condition: Node) -> list[tuple[Node | None, Node | None]]:
    """Return what equals what in a condition; None is something fixed."""
    if condition.tag == "NULLTEST":
        return [(condition.node("arg"), None)]
    arguments = condition.nodes("args")
    if condition.tag == "SCALARARRAYOPEXPR" and condition.flag("useOr"):
        elements = written_elements(arguments[1]) or ()
        return [(arguments[0], elements[0])] if len(elements) == 1 else []
    if condition.tag not in {"DISTINCTEXPR", "OPEXPR"} or len(arguments) != 2:
        return []
    first, second = arguments
    return [(first, second), (second, first)]


def _place(node: Node | None, scope: Scope) -> tuple[int, int, Node | None] | None:
    """Return the relation and the column of it, or the expression over it."""
    column = _column(node, scope)
    if column is not None:
        return (*column, None)
    while node is not None and node.tag == "RELABELTYPE":
        node = node.node("arg")
    if node is None or node.tag in {"CONST", "PARAM", "VAR"}:
        return None
    relations = {
        variable.number("varno")
        for variable in find_nodes(node, "VAR")
        if not variable.number("varlevelsup")
    }
    return (relations.pop(), 0, node) if len(relations) == 1 else None


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
