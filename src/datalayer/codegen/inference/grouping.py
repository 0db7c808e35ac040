"""Knows what `grouping(…)` can be: it tells which expressions a grouping set left out.

An expression that is not NULL was not left out. One that is NULL was, where it cannot
be NULL by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.joins import GROUP_ENTRY, grouped_expression
from datalayer.codegen.inference.outcomes import (
    NULL,
    is_group,
    outcomes,
    rows_environment,
)

if TYPE_CHECKING:
    from datalayer.codegen.inference.outcomes import Environment
    from datalayer.codegen.nodetree import Node

_UNKNOWN = frozenset({0, 1})
_MOST_EXPRESSIONS = 4


def grouping_numbers(node: Node, environment: Environment) -> frozenset[int]:
    """Return the numbers that a call can give; none when nothing is known."""
    references = node.numbers("refs")
    if node.number("agglevelsup") or len(references) > _MOST_EXPRESSIONS:
        return frozenset()
    found = frozenset({0})
    for reference in references:
        bits = _bits(reference, environment)
        found = frozenset(2 * number + bit for number in found for bit in bits)
    return found


def _bits(reference: int, environment: Environment) -> frozenset[int]:
    """Return whether an expression, by its reference, was left out (1) or not (0)."""
    grouped = _grouped(reference, environment)
    if grouped is None:
        return _UNKNOWN
    if grouped in environment.world.present:
        return frozenset({0})
    expression = _computed(grouped, environment)
    if expression is None or grouped not in environment.world.null:
        return _UNKNOWN
    by_itself = outcomes(expression, rows_environment(environment))
    return _UNKNOWN if by_itself & NULL else frozenset({1})


def _computed(grouped: Node, environment: Environment) -> Node | None:
    """Return what is computed of each row; None when nothing tells."""
    if is_group(grouped, environment):
        return None if environment.scope.groups[grouped] is None else grouped
    entry = environment.scope.entry(grouped.number("varno"))
    if grouped.tag != "VAR" or entry is None:
        return None
    if entry.number("rtekind") != GROUP_ENTRY:
        return None
    return grouped_expression(entry, grouped.number("varattno"))


def _grouped(reference: int, environment: Environment) -> Node | None:
    """Return what stands for an expression of GROUP BY."""
    for entry in environment.scope.query.nodes("targetList"):
        if entry.number("ressortgroupref") == reference:
            return entry.node("expr")
    return None
