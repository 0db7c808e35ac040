"""Proves that a group has a row: without one, a condition could not hold."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.inference.builtins import NEVER_NULL_AGGREGATES
from datalayer.codegen.inference.joins import conjuncts
from datalayer.codegen.inference.outcomes import TRUE, outcomes
from datalayer.codegen.inference.types import integer_constant
from datalayer.codegen.nodetree import find_all_nodes

if TYPE_CHECKING:
    from datalayer.codegen.function_catalog import Function
    from datalayer.codegen.inference.outcomes import Environment
    from datalayer.codegen.nodetree import Node

_COUNTING = re.compile(r"int(?:8|84|48|82|28)(eq|ne|lt|le|gt|ge)")
_HOLDS: dict[str, Callable[[int, int], bool]] = {
    "eq": operator.eq,
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
    "ne": operator.ne,
}
_NOT = "not"


def needs_a_row(condition: Node, environment: Environment) -> bool:
    """Return whether a condition on a group can only hold when the group has a row."""
    return any(_fails_without(part, environment) for part in conjuncts(condition))


def _fails_without(condition: Node, environment: Environment) -> bool:
    if _without_rows(condition, environment) is False:
        return True
    aggregates = [
        node
        for node in find_all_nodes(condition, "AGGREF")
        if not node.number("agglevelsup") and _is_null_when_empty(node, environment)
    ]
    if not aggregates:
        return False
    # Without conditions: this one must not count on itself.
    world = environment.world.with_null(*aggregates)
    empty = replace(environment, world=world, conditions=())
    return TRUE not in outcomes(condition, empty)


def _is_null_when_empty(node: Node, environment: Environment) -> bool:
    function = _aggregate(node, environment)
    return function is not None and function.name not in NEVER_NULL_AGGREGATES


def _aggregate(node: Node, environment: Environment) -> Function | None:
    """Return an aggregate of PostgreSQL; others can give anything for no rows."""
    function = environment.session.catalog.function(node.number("aggfnoid"))
    return function if function is not None and function.builtin else None


def _without_rows(condition: Node, environment: Environment) -> bool | None:
    """Return whether `count(…) > 0` or its like holds for no rows, or its contrary."""
    arguments = condition.nodes("args")
    if condition.tag == "BOOLEXPR" and condition.text("boolop") == _NOT:
        found = _without_rows(arguments[0], environment)
        return None if found is None else not found
    if condition.tag != "OPEXPR" or len(arguments) != 2:
        return None
    function = environment.session.catalog.function(condition.number("opfuncid"))
    if function is None or not function.builtin:
        return None
    name = _COUNTING.fullmatch(function.name)
    left, right = (_number_without_rows(each, environment) for each in arguments)
    if name is None or left is None or right is None:
        return None
    return _HOLDS[name[1]](left, right)


def _number_without_rows(node: Node, environment: Environment) -> int | None:
    """Return what a constant or a count is when there are no rows."""
    if node.tag != "AGGREF":
        return integer_constant(node)
    aggregate = _aggregate(node, environment)
    if node.number("agglevelsup") or aggregate is None:
        return None
    return 0 if aggregate.name == "count" else None
