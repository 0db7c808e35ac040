"""Knows the type of an expression."""

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


def type_of(expression: Node | None) -> int:
    """Return the type of an expression; an unknown one counts as a user's."""
    if expression is None:
        return FIRST_USER_OID
    for label in _TYPE_LABELS:
        if label in expression.fields:
            return expression.number(label)
    return FIRST_USER_OID
