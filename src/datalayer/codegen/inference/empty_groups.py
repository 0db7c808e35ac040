"""Proves that a group has a row: without one, a condition could not hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.inference.builtins import NEVER_NULL_AGGREGATES
from datalayer.codegen.inference.joins import conjuncts
from datalayer.codegen.inference.outcomes import TRUE, outcomes
from datalayer.codegen.inference.types import integer_constant
from datalayer.codegen.nodetree import find_all_nodes

if TYPE_CHECKING:
    from datalayer.codegen.catalog import Function
    from datalayer.codegen.inference.outcomes import Environment
    from datalayer.codegen.nodetree import Node

# Comparisons of a count with a number, and the least number that no rows fail.
_COUNT_COMPARISONS = {
    "int84eq": 1,
    "int84ge": 1,
    "int84gt": 0,
    "int8eq": 1,
    "int8ge": 1,
    "int8gt": 0,
}


def needs_a_row(condition: Node, environment: Environment) -> bool:
    """Return whether a condition on a group can only hold when the group has a row."""
    return any(_fails_without(part, environment) for part in conjuncts(condition))


def _fails_without(condition: Node, environment: Environment) -> bool:
    if _counts(condition, environment):
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


def _counts(condition: Node, environment: Environment) -> bool:
    """Return whether a condition is `count(…) > 0` or its like."""
    if condition.tag != "OPEXPR" or len(condition.nodes("args")) != 2:
        return False
    counted, limit = condition.nodes("args")
    operator = environment.session.catalog.function(condition.number("opfuncid"))
    if operator is None or not operator.builtin:
        return False
    least = _COUNT_COMPARISONS.get(operator.name)
    number = integer_constant(limit)
    if least is None or number is None or number < least:
        return False
    if counted.tag != "AGGREF" or counted.number("agglevelsup"):
        return False
    aggregate = _aggregate(counted, environment)
    return aggregate is not None and aggregate.name == "count"
