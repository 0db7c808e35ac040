"""Rules for JSON_EXISTS, JSON_QUERY, JSON_VALUE, JSON_TABLE and XMLTABLE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.expressions import strict_on
from datalayer.codegen.inference.outcomes import ANY, NULL, VALUE, outcomes
from datalayer.codegen.nodetree import Node
from datalayer.model import ColumnInference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalayer.codegen.inference.outcomes import (
        Environment,
        ExpressionRule,
        Outcome,
        SourceRule,
    )

# Values of `JsonExprOp`.
_EXISTS, _QUERY = 0, 1
# Values of `JsonBehaviorType` that never give NULL, and the one with an expression.
_VALUES = frozenset({1, 2, 3, 4, 6, 7})
_DEFAULT = 8
# What JSON_EXISTS can return without a conversion that may fail, and what can hold the
# JSON value null.
_TRUTHS = frozenset({16, 20, 21, 23, 25, 1043})
_JSON = frozenset({114, 3802})
_XML_TABLE, _JSON_TABLE = 0, 1


def json_expression(node: Node, environment: Environment) -> Outcome:
    """Answer for JSON_EXISTS, JSON_QUERY and JSON_VALUE.

    JSON_VALUE turns the JSON value null into NULL, whatever its clauses say.
    """
    context = outcomes(node.node("formatted_expr"), environment)
    path = outcomes(node.node("path_spec"), environment)
    return strict_on([context, path, _found(node, environment)])


def _found(node: Node, environment: Environment) -> Outcome:
    """Return what a JSON function makes of a document that is not NULL."""
    operation, returning = node.number("op"), node.node("returning")
    type_ = returning.number("typid") if returning else 0
    failed = _behaviour(node.node("on_error"), environment)
    if operation == _EXISTS and type_ in _TRUTHS:
        return failed
    if operation == _QUERY and type_ in _JSON and not node.flag("omit_quotes"):
        return failed | _behaviour(node.node("on_empty"), environment)
    return ANY


def _behaviour(node: Node | None, environment: Environment) -> Outcome:
    """Return what ON ERROR or ON EMPTY gives."""
    kind = node.number("btype") if node else 0
    if node is not None and kind == _DEFAULT:
        return outcomes(node.node("expr"), environment)
    return VALUE if kind in _VALUES else ANY


def table_function_column(
    entry: Node, number: int, environment: Environment
) -> ColumnInference:
    """Answer for a column of JSON_TABLE or XMLTABLE."""
    table = entry.node("tablefunc")
    if table is None:
        return ColumnInference()
    if table.number("functype") == _JSON_TABLE:
        return ColumnInference(nullable=_may_be_null(table, number, environment))
    if table.number("functype", -1) != _XML_TABLE:
        return ColumnInference()
    # NOT NULL columns fail rather than be NULL.
    sure = {*table.bits("notnulls"), table.number("ordinalitycol", -1)}
    return ColumnInference(nullable=number - 1 not in sure)


def _may_be_null(table: Node, number: int, environment: Environment) -> bool:
    """Return whether a column of JSON_TABLE can be NULL; those of NESTED PATH can."""
    plan, values = table.node("plan"), table.items("colvalexprs")
    if plan is None or number > len(values):
        return True
    if not plan.number("colMin") <= number - 1 <= plan.number("colMax", -1):
        return True
    value = values[number - 1]
    if value is None:
        # FOR ORDINALITY.
        return False
    # The item at hand is the document of each column, and never NULL.
    if not isinstance(value, Node) or value.tag != "JSONEXPR":
        return True
    return bool(_found(value, environment) & NULL)


JSON_FUNCTIONS: Mapping[str, ExpressionRule] = {"JSONEXPR": json_expression}
#: By `RTEKind`.
TABLE_FUNCTIONS: Mapping[int, SourceRule] = {4: table_function_column}
