"""Knows the type of an expression, and the number that a constant stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.type_catalog import FIRST_USER_OID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datalayer.codegen.nodetree import Node

_TYPE_LABELS = (
    "vartype",
    "consttype",
    "paramtype",
    "funcresulttype",
    "opresulttype",
    "resulttype",
    "aggtype",
    "wintype",
    "casetype",
    "coalescetype",
    "minmaxtype",
    "array_typeid",
)


# int8, int2 and int4.
_INTEGERS = frozenset({20, 21, 23})


def integer_constant(node: Node) -> int | None:
    """Return the number of an integer constant; None for anything else."""
    value = node.fields.get("constvalue")
    if node.number("consttype") not in _INTEGERS or not isinstance(value, bytes):
        return None
    return int.from_bytes(value[: node.number("constlen")], "little", signed=True)


def type_of(expression: Node | None) -> int:
    """Return the type of an expression; an unknown one counts as a user's."""
    return declared_type(expression) or FIRST_USER_OID


def declared_type(expression: Node | None) -> int:
    """Return the type of an expression, also a domain; 0 when nothing says it."""
    if expression is None:
        return 0
    for label in _TYPE_LABELS:
        if label in expression.fields:
            return expression.number(label)
    return 0


_BOOLEANS = frozenset(
    {
        "BOOLEANTEST",
        "BOOLEXPR",
        "JSONISPREDICATE",
        "NULLTEST",
        "ROWCOMPAREEXPR",
        "SCALARARRAYOPEXPR",
    }
)
_BOOLEAN = 16
_SCALAR_SUBLINK, _ARRAY_SUBLINK = 4, 6
_INT4 = 23


def expression_type(node: Node) -> int:
    """Return the type of an expression of any kind; 0 when nothing says it."""
    rule = _TYPE_RULES.get(node.tag)
    if rule is not None:
        return rule(node)
    if node.tag in _BOOLEANS:
        return _BOOLEAN
    return declared_type(node)


def _argument_type(node: Node) -> int:
    argument = node.node("arg")
    return expression_type(argument) if argument else 0


def _returning_type(node: Node) -> int:
    returning = node.node("returning")
    return returning.number("typid") if returning else 0


def _json_input_type(node: Node) -> int:
    value = node.node("formatted_expr") or node.node("raw_expr")
    return expression_type(value) if value else 0


def _sublink_type(node: Node) -> int:
    """Return the type of a subquery; that of an array is known by its elements."""
    kind, query = node.number("subLinkType"), node.node("subselect")
    if kind == _ARRAY_SUBLINK or query is None:
        return 0
    entries = query.nodes("targetList")
    value = entries[0].node("expr") if entries else None
    if kind == _SCALAR_SUBLINK:
        return expression_type(value) if value else 0
    return _BOOLEAN


_TYPE_RULES: Mapping[str, Callable[[Node], int]] = {
    "COLLATEEXPR": _argument_type,
    "GROUPINGFUNC": lambda node: _INT4,
    "JSONCONSTRUCTOREXPR": _returning_type,
    "JSONEXPR": _returning_type,
    "JSONVALUEEXPR": _json_input_type,
    "ROWEXPR": lambda node: node.number("row_typeid"),
    "SQLVALUEFUNCTION": lambda node: node.number("type"),
    "SUBLINK": _sublink_type,
    "SUBSCRIPTINGREF": lambda node: node.number("refrestype"),
}
