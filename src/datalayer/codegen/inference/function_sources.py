"""Rules for the columns of functions in FROM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.arguments import call_arguments
from datalayer.codegen.inference.bodies import body_column
from datalayer.codegen.inference.calls import set_column
from datalayer.codegen.inference.outcomes import NULL, Environment, outcomes
from datalayer.codegen.inference.set_lengths import is_longest
from datalayer.codegen.inference.types import expression_type
from datalayer.model import ColumnInference

if TYPE_CHECKING:
    from datalayer.codegen.nodetree import Node


def function_column(
    entry: Node, number: int, environment: Environment
) -> ColumnInference:
    """Answer for a column of a function in FROM."""
    functions = entry.nodes("functions")
    width = sum(part.number("funccolcount") for part in functions)
    if entry.flag("funcordinality") and number == width + 1:
        return ColumnInference(nullable=False)
    for part in functions:
        count = part.number("funccolcount")
        if number <= count:
            return _column_of_function(part, number, functions, environment)
        number -= count
    return ColumnInference()


def _column_of_function(
    part: Node, number: int, beside: tuple[Node, ...], environment: Environment
) -> ColumnInference:
    """Answer for a column of one of the functions that stand side by side."""
    call, catalog = part.node("funcexpr"), environment.session.catalog
    others = [other.node("funcexpr") for other in beside if other is not part]
    if call is None or not is_longest(call, [o for o in others if o], catalog):
        return ColumnInference()
    if call.tag != "FUNCEXPR" or not call.flag("funcretset"):
        return _column_of_value(call, number, environment)
    function = catalog.function(call.number("funcid"))
    if function is None:
        return ColumnInference()
    return ColumnInference(
        nullable=bool(set_column(call, function, number, environment) & NULL)
    )


def _column_of_value(
    call: Node, number: int, environment: Environment
) -> ColumnInference:
    """Answer for a function that gives one value, which becomes a row, or is one."""
    catalog = environment.session.catalog
    is_null = bool(outcomes(call, environment) & NULL)
    if not catalog.is_row(expression_type(call)):
        return ColumnInference(nullable=is_null)
    function = catalog.function(call.number("funcid"))
    if is_null or function is None or call.tag != "FUNCEXPR":
        return ColumnInference()
    given = call_arguments(function, call.nodes("args"), catalog)
    if given is None:
        return ColumnInference()
    return body_column(function, number, given, environment)
