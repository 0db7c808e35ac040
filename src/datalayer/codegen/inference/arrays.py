"""Rules for the elements of arrays; what is not understood can hold NULL."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.inference.narrow import assuming, may_be_null
from datalayer.codegen.inference.outcomes import (
    ANY,
    NULL,
    VALUE,
    Environment,
    Outcome,
    combine,
    elements,
    outcomes,
    rows_environment,
)
from datalayer.codegen.inference.sources import variable_elements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalayer.codegen.inference.outcomes import ExpressionRule
    from datalayer.codegen.nodetree import Node

_EXTERNAL = 0
_ARRAY_SUBLINK = 6
# Functions that give an array without NULL whatever they are given.
_WHOLE = frozenset(
    {
        "array_positions",
        "current_schemas",
        "enum_range",
        "parse_ident",
        "pg_blocking_pids",
        "regexp_split_to_array",
        "string_to_array(text,text)",
        "tsvector_to_array",
    }
)
# Functions whose result holds the elements of these arguments, and elements that are
# these arguments.
_MADE_OF: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "array_append": ((0,), (1,)),
    "array_cat": ((0, 1), ()),
    "array_fill": ((), (0,)),
    "array_prepend": ((1,), (0,)),
    "array_remove": ((0,), ()),
    "array_replace": ((0,), (2,)),
    "array_reverse": ((0,), ()),
    "array_sample": ((0,), ()),
    "array_shuffle": ((0,), ()),
    "array_sort": ((0,), ()),
    "trim_array": ((0,), ()),
}
# Functions that leave no NULL of the array when their second argument is NULL.
_WITHOUT = frozenset({"array_remove", "array_replace"})
_SPLIT_WITH_NULL = "string_to_array(text,text,text)"


def array(node: Node, environment: Environment) -> Outcome:
    """Answer for ARRAY[…]; of several dimensions, each element is an array."""
    parts = node.nodes("elements")
    if node.flag("multidims"):
        return _joined([elements(part, environment) for part in parts])
    return _joined([outcomes(part, environment) for part in parts])


def constant_array(node: Node, environment: Environment) -> Outcome:
    """Answer for an array constant, whose header says whether it holds NULL."""
    value = node.fields.get("constvalue")
    if not isinstance(value, bytes) or node.number("constlen") != -1:
        return ANY
    # Length, number of dimensions, offset of the data: 0 without a map of NULLs.
    return VALUE if len(value) >= 12 and not any(value[8:12]) else ANY


def parameter_elements(node: Node, environment: Environment) -> Outcome:
    """Answer for `$n`."""
    number = node.number("paramid")
    declared = environment.session.parameters
    if node.number("paramkind") != _EXTERNAL or not 0 < number <= len(declared):
        return ANY
    return ANY if declared[number - 1].elements_nullable else VALUE


def subquery_elements(node: Node, environment: Environment) -> Outcome:
    """Answer for ARRAY(SELECT …)."""
    query, session = node.node("subselect"), environment.session
    if query is None or node.number("subLinkType") != _ARRAY_SUBLINK:
        return ANY
    found = session.rules.query(query, 1, environment, session)
    return ANY if found.nullable else VALUE


def aggregated(node: Node, environment: Environment) -> Outcome:
    """Answer for array_agg; its FILTER holds for each element."""
    function = environment.session.catalog.function(node.number("aggfnoid"))
    if function is None or not function.builtin or function.name != "array_agg":
        return ANY
    arguments = node.nodes("args")
    if node.number("agglevelsup") or not arguments:
        return ANY
    inside = rows_environment(environment)
    condition = node.node("aggfilter")
    if condition is not None:
        inside = assuming(inside, condition)
    expression = arguments[0].node("expr")
    if function.arguments == ("anyarray",):
        return elements(expression, inside)
    return ANY if may_be_null(expression, inside) else VALUE


def windowed(node: Node, environment: Environment) -> Outcome:
    """Answer for array_agg over a window."""
    function = environment.session.catalog.function(node.number("winfnoid"))
    arguments = node.nodes("args")
    if function is None or not function.builtin or function.name != "array_agg":
        return ANY
    if function.arguments == ("anyarray",) or not arguments:
        return ANY
    others = replace(environment, world=environment.facts, conditions=())
    return ANY if may_be_null(arguments[0], others) else VALUE


def made_array(node: Node, environment: Environment) -> Outcome:
    """Answer for functions that build arrays from arrays."""
    label = "funcid" if node.tag == "FUNCEXPR" else "opfuncid"
    function = environment.session.catalog.function(node.number(label))
    if function is None or not function.builtin:
        return ANY
    if function.name in _WHOLE or function.signature in _WHOLE:
        return VALUE
    arguments = node.nodes("args")
    if function.signature == _SPLIT_WITH_NULL:
        never = outcomes(arguments[-1], environment) == NULL
        return VALUE if never else ANY
    if function.name not in _MADE_OF:
        return ANY
    arrays, values = _MADE_OF[function.name]
    if max((*arrays, *values)) >= len(arguments):
        return ANY
    if function.name in _WITHOUT and outcomes(arguments[1], environment) == NULL:
        arrays = ()
    found = [elements(arguments[index], environment) for index in arrays]
    found += [outcomes(arguments[index], environment) for index in values]
    return _joined(found)


def alternatives(node: Node, environment: Environment) -> Outcome:
    """Answer for COALESCE, GREATEST and LEAST: any of the arguments."""
    return _joined([elements(part, environment) for part in node.nodes("args")])


def case_elements(node: Node, environment: Environment) -> Outcome:
    """Answer for CASE: any of the branches."""
    results = [branch.node("result") for branch in node.nodes("args")]
    found = [elements(part, environment) for part in results]
    default = node.node("defresult")
    return _joined([*found, elements(default, environment) if default else VALUE])


def same_elements(node: Node, environment: Environment) -> Outcome:
    """Answer for a node that passes its argument on."""
    return elements(node.node("arg"), environment)


def converted(node: Node, environment: Environment) -> Outcome:
    """Answer for a cast of each element."""
    conversion = node.node("elemexpr")
    if conversion is None or conversion.tag not in {"RELABELTYPE", "FUNCEXPR"}:
        return ANY
    if conversion.tag == "FUNCEXPR":
        function = environment.session.catalog.function(conversion.number("funcid"))
        if (
            function is None
            or not function.builtin
            or function.name
            in {
                "bool",
                "numeric",
                "int4",
                "int8",
                "int2",
                "float4",
                "float8",
                "time",
                "timetz",
            }
        ):
            return ANY
    return elements(node.node("arg"), environment)


def _joined(found: list[Outcome]) -> Outcome:
    return ANY if combine(found) & NULL else VALUE


def constant_or_null(node: Node, environment: Environment) -> Outcome:
    """Answer for a constant; NULL has no elements."""
    return VALUE if node.flag("constisnull") else constant_array(node, environment)


def sliced(node: Node, environment: Environment) -> Outcome:
    """Answer for a slice; an element that was assigned leaves gaps before it."""
    is_slice = node.items("reflowerindexpr") and node.node("refassgnexpr") is None
    return elements(node.node("refexpr"), environment) if is_slice else ANY


ELEMENTS: Mapping[str, ExpressionRule] = {
    "AGGREF": aggregated,
    "ARRAYCOERCEEXPR": converted,
    "ARRAYEXPR": array,
    "CASEEXPR": case_elements,
    "COALESCEEXPR": alternatives,
    "COERCETODOMAIN": same_elements,
    "COLLATEEXPR": same_elements,
    "CONST": constant_or_null,
    "FUNCEXPR": made_array,
    "MINMAXEXPR": alternatives,
    "OPEXPR": made_array,
    "PARAM": parameter_elements,
    "RELABELTYPE": same_elements,
    "SUBLINK": subquery_elements,
    "SUBSCRIPTINGREF": sliced,
    "VAR": variable_elements,
    "WINDOWFUNC": windowed,
}
