"""Rules for the fields of composite values.

A stored composite value can hold NULL in any field: the constraints of a table do not
hold for values of its row type. So only values that are made in the query count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.arguments import call_arguments
from datalayer.codegen.inference.bodies import body_column
from datalayer.codegen.inference.calls import set_column, sets_pad
from datalayer.codegen.inference.joins import nulling_sides
from datalayer.codegen.inference.origins import origins
from datalayer.codegen.inference.outcomes import (
    ANY,
    NOTHING,
    NULL,
    VALUE,
    Environment,
    Outcome,
    Side,
    ancestor,
    combine,
    outcomes,
)
from datalayer.codegen.inference.types import expression_type
from datalayer.codegen.nodetree import make_node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalayer.codegen.inference.outcomes import ExpressionRule
    from datalayer.codegen.nodetree import Node


def selected_field(node: Node, environment: Environment) -> Outcome:
    """Answer for `(row).field`."""
    row = node.node("arg")
    return ANY if row is None else _field(row, node.number("fieldnum"), environment)


def _field(row: Node, number: int, environment: Environment) -> Outcome:
    if row.tag == "ROWEXPR":
        fields = row.nodes("args")
        found = fields[number - 1] if 0 < number <= len(fields) else None
        return outcomes(found, environment)
    if row.tag == "FUNCEXPR":
        return _field_of_call(row, number, environment)
    if row.tag == "VAR":
        return _field_of_variable(row, number, environment)
    return ANY


def _field_of_call(row: Node, number: int, environment: Environment) -> Outcome:
    """Answer for `(f(x)).field`, whose value may itself be NULL."""
    function = environment.session.catalog.function(row.number("funcid"))
    if function is None:
        return ANY
    if row.flag("funcretset"):
        if sets_pad(row, environment):
            return ANY
        return set_column(row, function, number, environment)
    whole = outcomes(row, environment)
    arguments = call_arguments(function, row.nodes("args"), environment.session.catalog)
    if arguments is None or function.builtin:
        return ANY
    column = body_column(function, number, arguments, environment)
    return (ANY if column.nullable else VALUE) | (whole & NULL)


def _field_of_variable(row: Node, number: int, environment: Environment) -> Outcome:
    """Answer for a field of a whole row, also of one that other queries hand on."""
    if not row.number("varattno"):
        fields = {**row.fields, "varattno": str(number)}
        return outcomes(make_node("VAR", fields), environment)
    home = ancestor(environment, row.number("varlevelsup"))
    found = origins(row, environment)
    if home is None or found is None or home.scope.groups:
        # Before PostgreSQL 18 a row that grouping sets leave out looks like any other.
        return ANY
    parts = [_field_of_origin(row, each, number, inside) for each, inside in found]
    return combine(parts) | (NOTHING if _is_matched(row, home) else NULL)


def _field_of_origin(
    row: Node, expression: Node, number: int, inside: Environment
) -> Outcome:
    """Answer for a field of a row where it is made."""
    # A row of another type was converted on its way.
    same = expression_type(expression) == expression_type(row)
    if not same or inside.scope.query.items("groupingSets"):
        return ANY
    return _field(expression, number, inside)


def _is_matched(row: Node, home: Environment) -> bool:
    """Return whether no outer join can have left out the row of a variable."""
    sides = nulling_sides(row, home.scope)
    return all(isinstance(s, Side) and s in home.world.present for s in sides)


COMPOSITES: Mapping[str, ExpressionRule] = {"FIELDSELECT": selected_field}
