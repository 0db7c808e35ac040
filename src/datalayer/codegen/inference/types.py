"""Knows the type of an expression, and the number that a constant stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.catalog import FIRST_USER_OID

if TYPE_CHECKING:
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
