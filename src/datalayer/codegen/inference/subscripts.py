"""Rules for subscripts of arrays, and of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.expressions import strict_on
from datalayer.codegen.inference.outcomes import ANY, NULL, VALUE, elements, outcomes
from datalayer.codegen.inference.types import integer_constant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalayer.codegen.inference.outcomes import (
        Environment,
        ExpressionRule,
        Outcome,
    )
    from datalayer.codegen.nodetree import Node

_JSONB = 3802
#: Where the functions of aggregates and windows stand.
_AGGREGATES = {"AGGREF": "aggfnoid", "WINDOWFUNC": "winfnoid"}


def subscript(node: Node, environment: Environment) -> Outcome:
    """Answer for `a[1]` and `a[1:2]`.

    There may be no such element, but a slice without elements is an empty array.
    """
    container = node.node("refexpr")
    if node.node("refassgnexpr") is not None:
        return _assigned(node, environment)
    if container is None:
        return ANY
    if not node.items("reflowerindexpr"):
        return _element(container, node, environment)
    type_ = environment.session.catalog.type(node.number("refcontainertype"))
    if type_ is None or not type_.slices:
        return ANY
    bounds = [*node.nodes("refupperindexpr"), *node.nodes("reflowerindexpr")]
    return strict_on([outcomes(part, environment) for part in (container, *bounds)])


def _element(container: Node, node: Node, environment: Environment) -> Outcome:
    """Answer for an element, which is known where the array is written out."""
    positions = node.nodes("refupperindexpr")
    if len(positions) != 1 or len(node.items("refupperindexpr")) != 1:
        return ANY
    position = integer_constant(positions[0])
    if container.tag in _AGGREGATES:
        return _first(container, environment) if position == 1 else ANY
    if container.tag != "ARRAYEXPR" or container.flag("multidims"):
        return ANY
    parts = container.nodes("elements")
    if position is None or not 0 < position <= len(parts):
        return ANY
    return outcomes(parts[position - 1], environment)


def _first(container: Node, environment: Environment) -> Outcome:
    """Answer for `(array_agg(x))[1]`, which is there as soon as a row arrives."""
    label = _AGGREGATES[container.tag]
    function = environment.session.catalog.function(container.number(label))
    if function is None or not function.builtin or function.name != "array_agg":
        return ANY
    # Of arrays, `array_agg` makes one of more dimensions.
    if function.arguments != ("anynonarray",):
        return ANY
    if outcomes(container, environment) & NULL:
        return ANY
    return elements(container, environment)


def _assigned(node: Node, environment: Environment) -> Outcome:
    """Answer for `SET a[1] = …`: a NULL array becomes one, even without elements."""
    container = node.number("refcontainertype")
    type_ = environment.session.catalog.type(container)
    if type_ is None:
        return ANY
    return VALUE if type_.slices or container == _JSONB else ANY


SUBSCRIPTS: Mapping[str, ExpressionRule] = {"SUBSCRIPTINGREF": subscript}
