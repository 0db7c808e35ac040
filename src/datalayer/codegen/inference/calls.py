"""Rules for calls: functions, operators, aggregates and window functions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.inference.arguments import call_arguments
from datalayer.codegen.inference.bodies import body_call, body_column
from datalayer.codegen.inference.builtins import (
    FIELD_FUNCTIONS,
    FIELDS_OF_INFINITE_INTERVALS,
    FIELDS_OF_INFINITY,
    FIRST_ARGUMENT_AGGREGATES,
    FRAME_WINDOWS,
    NEVER_NULL_AGGREGATES,
    NEVER_NULL_WINDOWS,
    PATH_TESTS,
    ROW_AGGREGATES,
    VALUE_AGGREGATES,
    decisive_arguments,
    null_when_all_are,
    set_columns,
)
from datalayer.codegen.inference.comparisons import compared, compared_with_each
from datalayer.codegen.inference.custom_aggregates import Needs, custom_aggregate
from datalayer.codegen.inference.empty_groups import needs_a_row
from datalayer.codegen.inference.expressions import connect_all, strict_on
from datalayer.codegen.inference.joins import has_empty_set
from datalayer.codegen.inference.outcomes import (
    ANY,
    FALSE,
    NULL,
    TRUE,
    VALUE,
    Environment,
    Outcome,
    elements,
    outcomes,
    rows_environment,
)
from datalayer.codegen.inference.range_bounds import has_bound
from datalayer.codegen.inference.set_lengths import is_longest
from datalayer.codegen.nodetree import find_all_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalayer.codegen.function_catalog import Function
    from datalayer.codegen.inference.outcomes import ExpressionRule
    from datalayer.codegen.nodetree import Node

_UNNEST = "unnest(anyarray)"
_NUMBERING, _SHIFTING = frozenset({"ntile"}), frozenset({"lag", "lead"})
# Bits of `frameOptions`, see PostgreSQL's parsenodes.h.
_ROWS_OR_GROUPS = 0x4 | 0x8
_STARTS_BEFORE = 0x20 | 0x200
_STARTS_OFFSET_BEFORE = 0x800
_ENDS_AFTER = 0x100 | 0x400
_ENDS_OFFSET_AFTER = 0x4000
_EXCLUDES_CURRENT = 0x8000 | 0x10000


# Where the functions stand that may give other values each time.
_FUNCTION_LABELS = {
    "DISTINCTEXPR": "opfuncid",
    "FUNCEXPR": "funcid",
    "NULLIFEXPR": "opfuncid",
    "OPEXPR": "opfuncid",
    "SCALARARRAYOPEXPR": "opfuncid",
}


def function_call(node: Node, environment: Environment) -> Outcome:
    """Answer for a function by what is known of it."""
    function = environment.session.catalog.function(node.number("funcid"))
    if function is None:
        return ANY
    if node.flag("funcretset"):
        return set_call(node, function, environment)
    catalog = environment.session.catalog
    arguments = call_arguments(function, node.nodes("args"), catalog)
    if arguments is None:
        return ANY
    if _finds_value(function, arguments, environment):
        return strict_on([outcomes(part, environment) for part in arguments])
    if not function.builtin:
        return body_call(function, arguments, environment)
    found = call(function, arguments, environment)
    if node.flag("funcvariadic") and arguments:
        return found | (outcomes(arguments[-1], environment) & NULL)
    return found


def _finds_value(
    function: Function, arguments: tuple[Node, ...], environment: Environment
) -> bool:
    """Return whether a function that may give NULL gives a value of these arguments."""
    if not function.builtin:
        return False
    if function.name in FIELD_FUNCTIONS:
        return _has_infinite_field(function, arguments)
    if function.name in PATH_TESTS:
        return _tells_errors(arguments, environment)
    return has_bound(function, arguments, environment)


def _has_infinite_field(function: Function, arguments: tuple[Node, ...]) -> bool:
    fields = FIELDS_OF_INFINITY
    if function.arguments[-1:] == ("interval",):
        fields |= FIELDS_OF_INFINITE_INTERVALS
    value = arguments[0].fields.get("constvalue") if arguments else None
    if not isinstance(value, bytes):
        return False
    # Four bytes of length come before the text.
    return value[4:].decode("utf-8", "replace").lower() in fields


def _tells_errors(arguments: tuple[Node, ...], environment: Environment) -> bool:
    """Return whether a path that fails is an error, and not NULL."""
    return len(arguments) == 4 and outcomes(arguments[3], environment) == FALSE


def operator_call(node: Node, environment: Environment) -> Outcome:
    """Answer for an operator by its function."""
    function = environment.session.catalog.function(node.number("opfuncid"))
    if function is None or node.flag("opretset"):
        return ANY
    found = call(function, node.nodes("args"), environment)
    if found & VALUE != VALUE or len(node.nodes("args")) != 2:
        return found
    return (found & NULL) | compared(node, environment)


def call(
    function: Function, arguments: tuple[Node, ...], environment: Environment
) -> Outcome:
    """Return what a function makes of its arguments."""
    found = [outcomes(argument, environment) for argument in arguments]
    if function.strict and any(part == NULL for part in found):
        return NULL
    if null_when_all_are(function):
        return ANY if all(part & NULL for part in found) else VALUE
    decisive = decisive_arguments(function, len(found))
    if decisive is None:
        return ANY
    return strict_on([found[index] for index in decisive if index < len(found)])


def set_call(node: Node, function: Function, environment: Environment) -> Outcome:
    """Answer for a set-returning function in a SELECT list."""
    if sets_pad(node, environment):
        return ANY
    if function.builtin and function.signature == _UNNEST:
        return unnested(node, environment)
    return set_column(node, function, 1, environment)


def unnested(node: Node, environment: Environment) -> Outcome:
    """Answer for the elements of an array as rows."""
    arguments = node.nodes("args")
    found = elements(arguments[0], environment) if arguments else ANY
    return ANY if found & NULL else VALUE


def sets_pad(node: Node, environment: Environment) -> bool:
    """Return whether another set beside this one may have more rows.

    The fields of `(f(x)).*` are calls of their own, but the same ones.
    """
    sets, catalog = environment.scope.sets, environment.session.catalog
    others = [each for each in sets if each != node]
    if others:
        return len(sets) != len(others) + 1 or not is_longest(node, others, catalog)
    return len(sets) > 1 and _may_differ(node, environment)


def _may_differ(node: Node, environment: Environment) -> bool:
    """Return whether two equal calls of a set could differ in their rows."""
    for tag, label in _FUNCTION_LABELS.items():
        for call in find_all_nodes(node, tag):
            function = environment.session.catalog.function(call.number(label))
            if function is None or function.volatile:
                return True
    return any(True for _ in find_all_nodes(node, "SUBLINK"))


def set_column(
    node: Node, function: Function, number: int, environment: Environment
) -> Outcome:
    """Answer for a column of a set-returning function."""
    if function.builtin and function.signature == _UNNEST:
        # The fields of an element that is a row can be anything.
        is_row = environment.session.catalog.is_row(node.number("funcresulttype"))
        return ANY if is_row else unnested(node, environment)
    if not function.builtin:
        catalog = environment.session.catalog
        given = call_arguments(function, node.nodes("args"), catalog)
        if given is None:
            return ANY
        column = body_column(function, number, given, environment)
        return ANY if column.nullable else VALUE
    columns = set_columns(function)
    return VALUE if number <= len(columns) and not columns[number - 1] else ANY


def array_comparison(node: Node, environment: Environment) -> Outcome:
    """Answer for `x = ANY (array)`, `x = ALL (array)`, `IN (…)` and `NOT IN (…)`."""
    function = environment.session.catalog.function(node.number("opfuncid"))
    scalar, array = node.nodes("args")[:2]
    whole = outcomes(array, environment)
    if whole == NULL:
        return NULL
    if function is None:
        return ANY
    each = compared_with_each(node, environment) if _is_decisive(function) else None
    if each is not None:
        return connect_all(each, "or" if node.flag("useOr") else "and")
    found = outcomes(scalar, environment)
    inside = elements(array, environment)
    if found == NULL and function.strict:
        result = NULL
    elif not _is_decisive(function):
        result = ANY
    else:
        result = strict_on([found, inside])
    result |= whole & NULL
    if not _has_elements(array):
        result |= FALSE if node.flag("useOr") else TRUE
    return result


def _is_decisive(function: Function) -> bool:
    """Return whether a comparison is NULL only because of its arguments."""
    return decisive_arguments(function, 2) is not None


def _has_elements(array: Node) -> bool:
    """Return whether an array is written out with at least one element."""
    if array.tag in {"ARRAYCOERCEEXPR", "RELABELTYPE"}:
        inner = array.node("arg")
        return inner is not None and _has_elements(inner)
    return (
        array.tag == "ARRAYEXPR"
        and bool(array.nodes("elements"))
        and not array.flag("multidims")
    )


def aggregate(node: Node, environment: Environment) -> Outcome:
    """Answer for an aggregate: most are NULL when no row arrives."""
    function = environment.session.catalog.function(node.number("aggfnoid"))
    needs = _needs(function, node, environment)
    if needs is None or needs is Needs.NOTHING:
        return ANY if needs is None else VALUE
    if node.number("agglevelsup") or not has_rows(environment):
        return ANY
    return _over_rows(node, function, needs, rows_environment(environment))


def _needs(
    function: Function | None, node: Node, environment: Environment
) -> Needs | None:
    """Return what an aggregate has to take in to give a value; None for unknown."""
    if function is None:
        return None
    if not function.builtin:
        return custom_aggregate(function, node.nodes("args"), environment.session)
    if function.name in NEVER_NULL_AGGREGATES:
        return Needs.NOTHING
    if function.name in ROW_AGGREGATES:
        return Needs.ROW
    return Needs.VALUE if function.name in VALUE_AGGREGATES else None


def _over_rows(
    node: Node, function: Function | None, needs: Needs, environment: Environment
) -> Outcome:
    """Answer for an aggregate over at least one row."""
    condition = node.node("aggfilter")
    if condition is not None and outcomes(condition, environment) != TRUE:
        return ANY
    if needs is Needs.ROW:
        return VALUE
    arguments = [*node.nodes("aggdirectargs"), *node.nodes("args")]
    if function is not None and _is_named(function, FIRST_ARGUMENT_AGGREGATES):
        arguments = arguments[:1]
    found = [_argument(argument, environment) for argument in arguments]
    return strict_on(found)


def _argument(argument: Node, environment: Environment) -> Outcome:
    """Return what an argument comes to; sorting ones (`ORDER BY`) do not matter."""
    if argument.tag != "TARGETENTRY":
        return outcomes(argument, environment)
    if argument.flag("resjunk"):
        return VALUE
    return outcomes(argument.node("expr"), environment)


def has_rows(environment: Environment) -> bool:
    """Return whether at least one row arrives at each aggregate of a query."""
    query = environment.scope.query
    if query.items("groupingSets") and not has_empty_set(query):
        return True
    if query.items("groupClause") and not query.items("groupingSets"):
        return True
    if any(needs_a_row(condition, environment) for condition in environment.conditions):
        return True
    session = environment.session
    return session.rules.input_rows(query, environment.parent, session).at_least_one


def window(node: Node, environment: Environment) -> Outcome:
    """Answer for a window function."""
    function = environment.session.catalog.function(node.number("winfnoid"))
    if function is None or not (function.builtin or node.flag("winagg")):
        return ANY
    needs = _needs(function, node, environment)
    if needs is Needs.NOTHING or _is_named(function, NEVER_NULL_WINDOWS):
        return VALUE
    others = replace(environment, world=environment.facts, conditions=())
    arguments = [outcomes(argument, others) for argument in node.nodes("args")]
    if _is_named(function, _NUMBERING):
        return strict_on(arguments)
    if _is_named(function, _SHIFTING):
        return strict_on(arguments) if len(arguments) == 3 else ANY
    if not _frame_has_current_row(node, environment):
        return ANY
    if _is_named(function, FRAME_WINDOWS):
        return strict_on(arguments)
    return ANY if needs is None else _over_rows(node, function, needs, others)


def _is_named(function: Function, names: frozenset[str]) -> bool:
    return function.builtin and function.name in names


def _frame_has_current_row(node: Node, environment: Environment) -> bool:
    for clause in environment.scope.query.nodes("windowClause"):
        if clause.number("winref") == node.number("winref"):
            options = clause.number("frameOptions")
            return _contains_current(options)
    return False


def _contains_current(options: int) -> bool:
    starts, ends = _STARTS_BEFORE, _ENDS_AFTER
    if options & _ROWS_OR_GROUPS:
        starts |= _STARTS_OFFSET_BEFORE
        ends |= _ENDS_OFFSET_AFTER
    return bool(options & starts and options & ends and not options & _EXCLUDES_CURRENT)


CALLS: Mapping[str, ExpressionRule] = {
    "AGGREF": aggregate,
    "FUNCEXPR": function_call,
    "OPEXPR": operator_call,
    "SCALARARRAYOPEXPR": array_comparison,
    "WINDOWFUNC": window,
}
