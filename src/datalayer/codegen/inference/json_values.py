"""What an expression becomes where it is put into a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.json_numbers import number_shape
from datalayer.codegen.inference.json_types import is_json, type_shape
from datalayer.codegen.inference.narrow import assuming, may_be_null
from datalayer.codegen.inference.origins import origins, query_origins
from datalayer.codegen.inference.outcomes import (
    NULL as NULL_OUTCOME,
)
from datalayer.codegen.inference.outcomes import (
    Environment,
    ancestor,
    document,
    elements,
    rows_environment,
)
from datalayer.codegen.inference.query_columns import output_expression
from datalayer.codegen.inference.sources import CTE, JOIN, SUBQUERY, TABLE, VALUES
from datalayer.codegen.inference.types import expression_type
from datalayer.codegen.nodetree import Node, make_node
from datalayer.json_shapes import (
    ANYTHING,
    NEVER,
    NULL,
    JsonField,
    JsonShape,
    array_of,
    joined,
    object_of,
)
from datalayer.model import SqlType, TypeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from datalayer.codegen.inference.origins import Origins
    from datalayer.codegen.inference.outcomes import Session

_ARRAY_SUBLINK = 6
_RECORD = "record"
_KNOWN_ROWS = frozenset({TABLE, SUBQUERY, JOIN, VALUES, CTE})


def result_document(query: Node, number: int, session: Session) -> JsonShape | None:
    """Return what the documents in a column of a result are, or in its arrays.

    None for a column of another type, and where nothing is known.
    """
    shape = _of_all(query_origins(query, number, None, session), _own_document)
    if shape is None or shape.is_anything or shape == NEVER:
        return None
    return shape


def _own_document(node: Node, environment: Environment) -> JsonShape:
    """Return the shape of a document, or of each in an array of them."""
    catalog = environment.session.catalog
    if _is_array_sublink(node):
        query = node.node("subselect")
        column = output_expression(query, 1) if query else None
        oid = expression_type(column) if column else 0
        is_array = bool(oid) and is_json(catalog.sql_type(oid))
        return _subquery_elements(node, environment) if is_array else ANYTHING
    oid = expression_type(node)
    type_ = catalog.sql_type(oid) if oid else None
    if type_ is None:
        return ANYTHING
    if is_json(type_):
        return document(node, environment)
    if type_.element is None or not is_json(type_.element):
        return ANYTHING
    return element_shape(node, type_.element, environment)


def _is_array_sublink(node: Node) -> bool:
    return node.tag == "SUBLINK" and node.number("subLinkType") == _ARRAY_SUBLINK


def value_shape(node: Node | None, environment: Environment) -> JsonShape:
    """Return what the value of an expression is in a document; NULL is null there."""
    found = present_shape(node, environment)
    return joined(found, NULL) if may_be_null(node, environment) else found


def present_shape(node: Node | None, environment: Environment) -> JsonShape:
    """Return what the value of an expression is in a document, unless it is NULL."""
    if node is None:
        return ANYTHING
    if _is_array_sublink(node):
        return array_of(_subquery_elements(node, environment))
    catalog = environment.session.catalog
    oid = expression_type(node)
    if not oid:
        return ANYTHING
    type_ = catalog.sql_type(oid)
    if is_json(type_):
        return document(node, environment)
    if type_.kind is TypeKind.ARRAY and type_.element is not None:
        return array_of(element_shape(node, type_.element, environment))
    if type_.kind is TypeKind.COMPOSITE or type_.name == _RECORD:
        return _row_shape(node, type_, environment)
    if type_.name == "numeric" and type_.schema == "pg_catalog":
        return number_shape(node, environment)
    return type_shape(type_, catalog)


def element_shape(node: Node, element: SqlType, environment: Environment) -> JsonShape:
    """Return what the elements of an array are in a document."""
    rule = _ELEMENTS.get(node.tag)
    found = rule(node, element, environment) if rule else None
    if found is not None:
        return found
    shape = type_shape(element, environment.session.catalog)
    return _with_null(shape, node, environment)


def _with_null(shape: JsonShape, node: Node, environment: Environment) -> JsonShape:
    is_certain = not elements(node, environment) & NULL_OUTCOME
    return shape if is_certain else joined(shape, NULL)


def _written_elements(
    node: Node, element: SqlType, environment: Environment
) -> JsonShape:
    parts = node.nodes("elements")
    if node.flag("multidims"):
        inner = (element_shape(part, element, environment) for part in parts)
        return array_of(joined(*inner))
    return joined(*(value_shape(part, environment) for part in parts))


def _subquery_elements(node: Node, environment: Environment) -> JsonShape:
    query = node.node("subselect")
    if query is None:
        return ANYTHING
    found = query_origins(query, 1, environment, environment.session)
    return _of_all(found, value_shape) or ANYTHING


def _aggregated_elements(
    node: Node, element: SqlType, environment: Environment
) -> JsonShape | None:
    function = environment.session.catalog.function(node.number("aggfnoid"))
    arguments = node.nodes("args")
    if function is None or not function.builtin or function.name != "array_agg":
        return None
    if node.number("agglevelsup") or not arguments:
        return None
    inside = aggregated_rows(node, environment)
    expression = arguments[0].node("expr")
    if function.arguments == ("anyarray",):
        return (
            array_of(element_shape(expression, element, inside))
            if (expression)
            else None
        )
    return value_shape(expression, inside)


def aggregated_rows(node: Node, environment: Environment) -> Environment:
    """Return what is known of each row that an aggregate takes in."""
    inside = rows_environment(environment)
    condition = node.node("aggfilter")
    return inside if condition is None else assuming(inside, condition)


def _followed_elements(
    node: Node, element: SqlType, environment: Environment
) -> JsonShape | None:
    return _of_all(
        _unconverted(node, environment),
        lambda each, inside: (
            _subquery_elements(each, inside)
            if _is_array_sublink(each)
            else element_shape(each, element, inside)
        ),
    )


def _unconverted(node: Node, environment: Environment) -> Origins:
    """Return what a column stands for; None where UNION converts to its type."""
    found = origins(node, environment)
    types = {expression_type(each) for each, _ in found or ()}
    # What has no type of its own is an array of a subquery.
    return found if types <= {expression_type(node), 0} else None


def _any_elements(node: Node, element: SqlType, environment: Environment) -> JsonShape:
    parts = node.nodes("args")
    return joined(*(element_shape(part, element, environment) for part in parts))


_ELEMENTS: dict[str, Callable[[Node, SqlType, Environment], JsonShape | None]] = {
    "AGGREF": _aggregated_elements,
    "ARRAYEXPR": _written_elements,
    "COALESCEEXPR": _any_elements,
    "VAR": _followed_elements,
}


def _of_all(
    found: Origins, shape_of: Callable[[Node, Environment], JsonShape]
) -> JsonShape | None:
    if found is None:
        return None
    return joined(*(shape_of(node, inside) for node, inside in found))


def _row_shape(node: Node, type_: SqlType, environment: Environment) -> JsonShape:
    """Return the shape of a row or another composite value."""
    found = None
    if node.tag == "ROWEXPR":
        found = _written_row(node, type_, environment)
    elif node.tag == "VAR" and not node.number("varattno"):
        found = _whole_row(node, type_, environment)
    elif node.tag == "VAR":
        found = _of_all(_unconverted(node, environment), present_shape)
    return found or type_shape(type_, environment.session.catalog)


def _written_row(
    node: Node, type_: SqlType, environment: Environment
) -> JsonShape | None:
    values = node.nodes("args")
    names: Iterable[object] = (
        [field.name for field in type_.fields]
        if type_.kind is TypeKind.COMPOSITE
        else node.items("colnames")
    )
    shapes = [value_shape(value, environment) for value in values]
    return _object([str(name) for name in names], shapes)


def _whole_row(
    node: Node, type_: SqlType, environment: Environment
) -> JsonShape | None:
    """Return the shape of a row of FROM, each column with what is known of it."""
    home = ancestor(environment, node.number("varlevelsup"))
    entry = home.scope.entry(node.number("varno")) if home else None
    if home is None or entry is None or entry.number("rtekind") not in _KNOWN_ROWS:
        return None
    if entry.number("rtekind") == JOIN and node.bits("varnullingrels"):
        # Before PostgreSQL 16 it is a row of NULLs where there is no match.
        return None
    alias = entry.node("eref")
    names = [str(name or "") for name in alias.items("colnames")] if alias else []
    variables = [
        _column_of(node, number, column_type)
        for number, name in enumerate(names, 1)
        # A dropped column has no name.
        if name and (column_type := _column_type(entry, number, home))
    ]
    shapes = [value_shape(variable, environment) for variable in variables]
    kept = [name for name in names if name]
    if type_.kind is TypeKind.COMPOSITE:
        # An alias renames columns of the query, but not those of the type.
        kept = [field.name for field in type_.fields]
    return _object(kept, shapes)


def _object(names: list[str], shapes: list[JsonShape]) -> JsonShape | None:
    if len(names) != len(shapes) or len(set(names)) != len(names):
        return None
    fields = map(JsonField, names, shapes)
    return object_of(tuple(fields))


def _column_of(row: Node, number: int, column_type: int) -> Node:
    """Return a column of a row that is there: no outer join nulls it."""
    fields = {
        **row.fields,
        "varattno": str(number),
        "vartype": str(column_type),
        "varnullingrels": frozenset[int](),
    }
    return make_node("VAR", fields)


def _column_type(entry: Node, number: int, home: Environment) -> int:
    """Return the type of a column of a range-table entry; 0 when nothing says it."""
    kind = entry.number("rtekind")
    if kind == TABLE:
        table = home.session.catalog.relation(entry.number("relid"))
        column = table.columns.get(number) if table else None
        return column.type if column else 0
    if kind == JOIN:
        merged = entry.items("joinaliasvars")
        found = merged[number - 1] if number <= len(merged) else None
        return expression_type(found) if isinstance(found, Node) else 0
    if kind != SUBQUERY:
        types = entry.numbers("coltypes")
        return types[number - 1] if number <= len(types) else 0
    query = entry.node("subquery")
    operation = query.node("setOperations") if query else None
    if operation is not None:
        types = operation.numbers("colTypes")
        return types[number - 1] if number <= len(types) else 0
    expression = output_expression(query, number) if query else None
    return expression_type(expression) if expression else 0
