"""How many calls of an INSERT go as one, where that is equal to a loop of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg.rows import tuple_row

from datalayer.codegen import batching_questions as questions
from datalayer.codegen.batching_text import copy_text, unnest_text
from datalayer.codegen.describe import Description, describe
from datalayer.codegen.nodetree import NodeTreeError, find_all_nodes
from datalayer.codegen.numbering import numbered
from datalayer.codegen.stored_trees import analysed_query
from datalayer.model import Batching, TypeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from datalayer.codegen.catalog import Catalog
    from datalayer.codegen.nodetree import Node
    from datalayer.model import QueryShape, SqlType

_INSERT = 3
_DO_NOTHING = 1
_IMPLICIT_CAST = 2

#: The types that COPY takes in binary from what the runtime makes of parameters.
_BINARY = {
    "bool",
    "bytea",
    "date",
    "float4",
    "float8",
    "int2",
    "int4",
    "int8",
    "numeric",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "uuid",
    "varchar",
}
#: The expressions that call a function, and where they name it.
_CALLS = {
    "DISTINCTEXPR": "opfuncid",
    "FUNCEXPR": "funcid",
    "NULLIFEXPR": "opfuncid",
    "OPEXPR": "opfuncid",
    "SCALARARRAYOPEXPR": "opfuncid",
}
#: Kinds of types of which psycopg can send an array.
_KINDS = {TypeKind.BASE, TypeKind.COMPOSITE, TypeKind.ENUM, TypeKind.RANGE}


@dataclass(frozen=True, slots=True)
class _Insert:
    """An INSERT of the values of one row, and who can be asked about it."""

    connection: Connection[Any]
    shape: QueryShape
    described: Description
    tree: Node
    table: int

    @property
    def written(self) -> dict[int, Node]:
        """Return what is written into each column, by its number."""
        entries = self.tree.nodes("targetList")
        found = {each.number("resno"): each.node("expr") for each in entries}
        return {
            number: expression for number, expression in found.items() if expression
        }

    def ask(self, question: LiteralString, **values: object) -> list[tuple[Any, ...]]:
        with psycopg.Cursor(self.connection, row_factory=tuple_row) as cursor:
            return cursor.execute(question, values, prepare=False).fetchall()


def batching_of(
    connection: Connection[Any], catalog: Catalog, shape: QueryShape
) -> Batching:
    """Return how many sets of parameters go at once; by default in a pipeline."""
    insert = _one_row(connection, shape)
    if insert is None or not _is_like_a_loop(insert, catalog):
        return Batching()
    return _copying(insert) or _unnesting(insert) or Batching()


def _one_row(connection: Connection[Any], shape: QueryShape) -> _Insert | None:
    """Return a statement that inserts the values of one row, and does no more."""
    sql = numbered(shape.source).sql
    described = describe(connection, sql)
    if not isinstance(described, Description) or not shape.parameters:
        return None
    try:
        tree = analysed_query(connection, sql, described.parameter_oids)
    except (NodeTreeError, psycopg.DatabaseError):
        return None
    join, conflict = tree.node("jointree"), tree.node("onConflict")
    if (
        tree.number("commandType") != _INSERT
        or tree.number("override")
        or tree.flag("hasSubLinks")
        or tree.flag("hasTargetSRFs")
        or tree.items("cteList")
        or (join is not None and join.items("fromlist"))
        or (conflict is not None and conflict.number("action") != _DO_NOTHING)
    ):
        return None
    entry = tree.nodes("rtable")[tree.number("resultRelation") - 1]
    return _Insert(connection, shape, described, tree, entry.number("relid"))


def _is_like_a_loop(insert: _Insert, catalog: Catalog) -> bool:
    """Tell whether no row could notice that the one before it is there already."""
    relation = catalog.relation(insert.table)
    if relation is None or not insert.ask(questions.IS_PLAIN, table=insert.table)[0][0]:
        return False
    written = insert.written
    if any(each.tag == "SETTODEFAULT" for each in written.values()):
        return False
    rows = insert.ask(questions.COLUMNS, table=insert.table, numbers=list(written))
    if any(is_refused for _, _, is_refused, _ in rows):
        return False
    computed = [
        insert.tree,
        *(
            column.default
            for number, column in relation.columns.items()
            if column.default is not None and number not in written
        ),
    ]
    functions = [oid for node in computed for oid in _functions(node)]
    return bool(insert.ask(questions.ARE_HARMLESS, functions=functions)[0][0])


def _functions(node: Node) -> Iterator[int]:
    for tag, label in _CALLS.items():
        for call in find_all_nodes(node, tag):
            yield call.number(label)


def _copying(insert: _Insert) -> Batching | None:
    """Return the COPY of a statement that does nothing to its parameters."""
    if insert.shape.columns or insert.tree.node("onConflict") is not None:
        return None
    written = insert.written
    rows = insert.ask(questions.COLUMNS, table=insert.table, numbers=list(written))
    names = {number: name for number, name, _, _ in rows}
    types = {number: oids for number, _, _, oids in rows}
    numbers: dict[int, int] = {}
    for column, expression in written.items():
        parameter = _bare_parameter(expression)
        if parameter is None or parameter.number("paramtype") not in types[column]:
            return None
        numbers[parameter.number("paramid")] = column
    count = len(insert.described.parameter_oids)
    if len(written) != count or sorted(numbers) != list(range(1, count + 1)):
        return None
    (table,) = insert.ask(questions.TABLE_NAME, table=insert.table)[0]
    sent = _types(insert)
    binary = all(map(_is_binary, sent))
    columns = [names[numbers[number]] for number in sorted(numbers)]
    return Batching(
        copy_sql=copy_text(table, columns, binary=binary),
        copy_types=tuple(each.name for each in sent) if binary else (),
    )


def _bare_parameter(expression: Node) -> Node | None:
    """Return the parameter that is stored as it is, but for the length of its column.

    A domain is checked by COPY as well.
    """
    while expression.tag != "PARAM":
        inner = expression.node("arg")
        if expression.tag == "FUNCEXPR":
            inner = _cut_to_length(expression)
        elif expression.tag != "COERCETODOMAIN":
            return None
        if inner is None:
            return None
        expression = inner
    return expression


def _cut_to_length(call: Node) -> Node | None:
    """Return what an implicit cast to a length, with constants, is of."""
    arguments = call.nodes("args")
    if not arguments:
        return None
    first, *rest = arguments
    is_implicit = call.number("funcformat") == _IMPLICIT_CAST
    is_length = bool(rest) and {each.tag for each in rest} == {"CONST"}
    return first if is_implicit and is_length else None


def _types(insert: _Insert) -> list[SqlType]:
    """Return the types of the parameters, that of `$1` first."""
    types = {each.name: each.type for each in insert.shape.parameters}
    return [types[name] for name in numbered(insert.shape.source).order]


def _is_binary(type_: SqlType) -> bool:
    is_own = type_.schema != "pg_catalog" or type_.setting is not None
    return type_.kind is TypeKind.BASE and type_.name in _BINARY and not is_own


def _unnesting(insert: _Insert) -> Batching | None:
    """Return the statement with an array for each parameter, where it has that."""
    rows = insert.shape.row_count
    if insert.shape.columns and not (rows.at_least_one and rows.at_most_one):
        return None
    if any(each.kind not in _KINDS or each.delimiter != "," for each in _types(insert)):
        return None
    found = insert.ask(
        questions.ARRAY_TYPES, types=list(insert.described.parameter_oids)
    )
    arrays = [name for (name,) in found if name is not None]
    if len(arrays) != len(insert.described.parameter_oids):
        return None
    text = unnest_text(insert.shape.source, arrays)
    if text is None:
        return None
    described = describe(insert.connection, text)
    if not isinstance(described, Description):
        return None
    same = described.columns == insert.described.columns
    return Batching(unnest_sql=text) if same else None
