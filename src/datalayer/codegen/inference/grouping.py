"""Knows what `grouping(…)` can be: it tells which expressions a grouping set left out.

An expression that is not NULL was not left out. One that is NULL was, where it cannot
be NULL by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.joins import GROUP_ENTRY
from datalayer.codegen.inference.outcomes import NULL, outcomes, rows_environment
from datalayer.codegen.nodetree import Node

if TYPE_CHECKING:
    from datalayer.codegen.inference.outcomes import Environment

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
    entry = environment.scope.entry(grouped.number("varno")) if grouped else None
    if grouped is None or entry is None or entry.number("rtekind") != GROUP_ENTRY:
        return _UNKNOWN
    if grouped in environment.world.present:
        return frozenset({0})
    expressions, number = entry.items("groupexprs"), grouped.number("varattno")
    expression = expressions[number - 1] if number <= len(expressions) else None
    # Of equal expressions PostgreSQL always takes the first.
    if not isinstance(expression, Node) or expressions.count(expression) > 1:
        return _UNKNOWN
    if grouped not in environment.world.null:
        return _UNKNOWN
    by_itself = outcomes(expression, rows_environment(environment))
    return _UNKNOWN if by_itself & NULL else frozenset({1})


def _grouped(reference: int, environment: Environment) -> Node | None:
    """Return the column that stands for an expression of GROUP BY."""
    for entry in environment.scope.query.nodes("targetList"):
        expression = entry.node("expr")
        if entry.number("ressortgroupref") == reference and expression is not None:
            return expression if expression.tag == "VAR" else None
    return None
