"""Which columns the parameters of a statement are compared with or stored in."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg

from datalayer.codegen.nodetree import Node, NodeTreeError
from datalayer.codegen.stored_trees import analysed_query
from datalayer.proving import questions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from psycopg import Connection

    from datalayer.codegen.catalog import Catalog
    from datalayer.codegen.nodetree import Value

#: A column: its table, or that which it is a partition of, and its name.
Column: TypeAlias = tuple[int, str]
#: What a part of a statement goes back to: columns, and parameters by their numbers.
Leaf: TypeAlias = Column | int
#: The queries around a place, the innermost last.
Scopes: TypeAlias = tuple[Node, ...]

# Values of `RTEKind`, of `ParamKind`, and of `CmdType`.
_TABLE, _SUBQUERY, _JOIN, _FUNCTION, _VALUES, _CTE, _GROUP = 0, 1, 2, 3, 5, 6, 9
_EXTERNAL = 0
_SELECT, _UPDATE, _INSERT = 1, 2, 3
_VIEWS = frozenset({"v", "m"})
_COMPARISONS = frozenset({"DISTINCTEXPR", "OPEXPR", "SCALARARRAYOPEXPR"})
#: Conditions of a branch, which are not what comes out of it.
_CONDITIONS = frozenset({("CASEEXPR", "arg"), ("CASEWHEN", "expr")})
_DEPTH = 24


@dataclass(slots=True)
class Bindings:
    """What the conditions of a statement say of parameters and columns."""

    #: By the number of a parameter, the columns that are to be equal to it, and those
    #: that it is compared with otherwise.
    equal: dict[int, set[Column]] = field(default_factory=dict)
    near: dict[int, set[Column]] = field(default_factory=lambda: defaultdict(set))
    #: Pairs of columns that are to be equal.
    links: set[tuple[Column, Column]] = field(default_factory=set)

    def of(self, number: int) -> frozenset[Column]:
        """Return the columns whose values a parameter should have."""
        return frozenset(self.equal.get(number) or self.near.get(number) or ())


def read_bindings(
    connection: Connection[Any],
    catalog: Catalog,
    sql: str,
    parameter_types: Sequence[int],
) -> Bindings:
    """Return what a statement says; nothing if PostgreSQL does not analyse it."""
    try:
        query = analysed_query(connection, sql, parameter_types)
    except (psycopg.DatabaseError, NodeTreeError):
        return Bindings()
    reader = _Reader(connection, catalog)
    reader.visit(query, ())
    return reader.bindings()


class _Reader:
    """Reads one tree, and the trees of the views in it."""

    def __init__(self, connection: Connection[Any], catalog: Catalog) -> None:
        self._connection = connection
        self._catalog = catalog
        self._columns: dict[int, tuple[int, dict[int, str]]] = {}
        self._equalities: dict[int, bool] = {}
        self._pairs: list[tuple[set[Leaf], set[Leaf]]] = []
        self._near: list[tuple[set[Leaf], set[Leaf]]] = []

    def bindings(self) -> Bindings:
        """Return what was found, equal to equal being equal."""
        found = Bindings()
        for left, right in self._pairs:
            pairs = list(itertools.product(_columns(left), _columns(right)))
            found.links |= {*pairs, *((other, one) for one, other in pairs)}
        for group in _merged(left | right for left, right in self._pairs):
            for number in _numbers(group):
                found.equal[number] = _columns(group)
        for left, right in self._near:
            for number in _numbers(left | right):
                found.near[number] |= _columns(left | right)
        return found

    def visit(self, value: Value, scopes: Scopes) -> None:
        """Note the comparisons and assignments of a part of a statement."""
        if isinstance(value, tuple):
            for each in value:
                self.visit(each, scopes)
        elif isinstance(value, Node):
            if value.tag == "QUERY":
                scopes = (*scopes, value)
                self._note_assignments(value, scopes)
            elif value.tag in _COMPARISONS:
                self._note_comparison(value, scopes)
            elif value.tag == "SUBLINK":
                self._note_sublink(value, scopes)
            for each in value.fields.values():
                self.visit(each, scopes)

    def _note_comparison(self, node: Node, scopes: Scopes) -> None:
        arguments = node.nodes("args")
        if len(arguments) != 2:
            return
        left, right = (set(self._leaves(each, scopes)) for each in arguments)
        known = self._pairs if self._is_equality(node.number("opno")) else self._near
        known.append((left, right))

    def _note_sublink(self, node: Node, scopes: Scopes) -> None:
        query, test = node.node("subselect"), node.node("testexpr")
        if query is None or test is None:
            return
        inside = (*scopes, query)
        columns = [each.node("expr") for each in query.nodes("targetList")]
        for place, expression in enumerate(_operands(test)):
            if place < len(columns):
                left = set(self._leaves(expression, scopes))
                self._pairs.append((left, set(self._leaves(columns[place], inside))))

    def _note_assignments(self, query: Node, scopes: Scopes) -> None:
        if query.number("commandType") not in (_UPDATE, _INSERT):
            return
        entries = query.nodes("rtable")
        entry = entries[query.number("resultRelation") - 1]
        for target in query.nodes("targetList"):
            column = self._column(entry.number("relid"), target.number("resno"))
            if column is not None:
                leaves = set(self._leaves(target.node("expr"), scopes))
                self._pairs.append(({column}, leaves))

    def _leaves(self, node: Value, scopes: Scopes, depth: int = 0) -> Iterator[Leaf]:
        if not isinstance(node, Node):
            for each in node if isinstance(node, tuple) else ():
                yield from self._leaves(each, scopes, depth)
        elif node.tag == "QUERY" or depth > _DEPTH or _is_internal(node):
            return
        elif node.tag == "PARAM":
            yield node.number("paramid")
        elif node.tag == "VAR":
            yield from self._of_variable(node, scopes, depth + 1)
        elif node.tag == "SUBLINK":
            yield from self._of_query(node.node("subselect"), 1, scopes, depth + 1)
        else:
            for each in _results(node):
                yield from self._leaves(each, scopes, depth + 1)

    def _of_variable(self, node: Node, scopes: Scopes, depth: int) -> Iterator[Leaf]:
        up, number = node.number("varlevelsup"), node.number("varattno")
        home = scopes[: max(0, len(scopes) - up)]
        entries = home[-1].nodes("rtable") if home else ()
        if number <= 0 or not 0 < node.number("varno") <= len(entries):
            return iter(())
        entry = entries[node.number("varno") - 1]
        kind = entry.number("rtekind")
        if kind == _TABLE:
            return self._of_table(entry, number, depth)
        if kind == _SUBQUERY:
            return self._of_query(entry.node("subquery"), number, home, depth)
        if kind == _CTE:
            return self._of_common(entry, number, home, depth)
        return self._leaves(_expressions(entry, kind, number), home, depth)

    def _of_table(self, entry: Node, number: int, depth: int) -> Iterator[Leaf]:
        oid = entry.number("relid")
        if entry.text("relkind") in _VIEWS:
            yield from self._of_query(self._catalog.view(oid), number, (), depth)
            return
        column = self._column(oid, number)
        if column is not None:
            yield column

    def _of_common(
        self, entry: Node, number: int, scopes: Scopes, depth: int
    ) -> Iterator[Leaf]:
        up = entry.number("ctelevelsup")
        if up >= len(scopes):
            return
        home = scopes[: len(scopes) - up]
        for definition in home[-1].nodes("cteList"):
            if definition.text("ctename") == entry.text("ctename"):
                query = definition.node("ctequery")
                yield from self._of_query(query, number, home, depth)

    def _of_query(
        self, query: Node | None, number: int, scopes: Scopes, depth: int
    ) -> Iterator[Leaf]:
        """Yield what a column of a query goes back to, in all arms of a union."""
        if query is None or depth > _DEPTH:
            return
        inside = (*scopes, query)
        if query.node("setOperations") is not None:
            for entry in query.nodes("rtable"):
                arm = entry.node("subquery")
                yield from self._of_query(arm, number, inside, depth + 4)
            return
        label = (
            "targetList" if query.number("commandType") == _SELECT else "returningList"
        )
        targets = query.nodes(label)
        if number <= len(targets):
            yield from self._leaves(targets[number - 1].node("expr"), inside, depth)

    def _column(self, oid: int, number: int) -> Column | None:
        if oid not in self._columns:
            rows = self._connection.execute(questions.NUMBERED_COLUMNS, (oid,))
            found = rows.fetchall()
            names = {number: name for _, number, name in found}
            self._columns[oid] = (found[0][0] if found else oid, names)
        root, names = self._columns[oid]
        return (root, names[number]) if number in names else None

    def _is_equality(self, oid: int) -> bool:
        if oid not in self._equalities:
            row = self._connection.execute(questions.IS_EQUALITY, (oid,)).fetchone()
            self._equalities[oid] = row is not None and bool(row[0])
        return self._equalities[oid]


def _columns(leaves: Iterable[Leaf]) -> set[Column]:
    return {leaf for leaf in leaves if isinstance(leaf, tuple)}


def _numbers(leaves: Iterable[Leaf]) -> set[int]:
    return {leaf for leaf in leaves if isinstance(leaf, int)}


def _merged(sets: Iterable[set[Leaf]]) -> list[set[Leaf]]:
    """Return sets that have nothing in common, of all that have something."""
    groups: list[set[Leaf]] = []
    for each in sets:
        apart = [group for group in groups if not group & each]
        groups = [*apart, each.union(*(group for group in groups if group & each))]
    return groups


def _expressions(entry: Node, kind: int, number: int) -> tuple[Value, ...]:
    """Return what a column of VALUES, of a join or of a function is made of."""
    if kind == _FUNCTION:
        return entry.items("functions")
    if kind == _VALUES:
        rows = [row for row in entry.items("values_lists") if isinstance(row, tuple)]
        return tuple(row[number - 1] for row in rows if number <= len(row))
    label = {_JOIN: "joinaliasvars", _GROUP: "groupexprs"}.get(kind, "")
    return entry.items(label)[number - 1 : number]


def _results(node: Node) -> Iterator[Value]:
    """Yield the parts of an expression that its value is made of."""
    for label, part in node.fields.items():
        if (node.tag, label) not in _CONDITIONS:
            yield part


def _is_internal(node: Node) -> bool:
    return node.tag == "PARAM" and node.number("paramkind") != _EXTERNAL


def _operands(test: Node) -> list[Node]:
    """Return what a subquery's columns are compared with, in their order."""
    if test.tag == "BOOLEXPR":
        return [each for part in test.nodes("args") for each in _operands(part)]
    return list(test.nodes("args")[:1])
