"""Proves that a range has a bound: it is not empty, and does not go on for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.choices import known_to_hold, table_of
from datalayer.codegen.inference.joins import conjuncts, make_variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalayer.codegen.catalog import Catalog
    from datalayer.codegen.function_catalog import Function
    from datalayer.codegen.inference.outcomes import Environment
    from datalayer.codegen.nodetree import Node

_RANGES = (("anyrange",), ("anymultirange",))
#: By a function for a bound, the one that tells that there is none.
_WITHOUT_BOUND = {"lower": "lower_inf", "upper": "upper_inf"}
_EMPTY = "isempty"
#: Comparisons that are false of an empty range at these positions.
_FALSE_OF_EMPTY = {
    "elem_contained_by_multirange": (1,),
    "elem_contained_by_range": (1,),
    "multirange_contains_elem": (0,),
    "multirange_overlaps_multirange": (0, 1),
    "multirange_overlaps_range": (0, 1),
    "range_contains_elem": (0,),
    "range_overlaps": (0, 1),
    "range_overlaps_multirange": (0, 1),
}
_NOT, _OR = "not", "or"
# Of `BoolTestType`: IS NOT TRUE and IS FALSE.
_NOT_TRUE = frozenset({1, 2})


def has_bound(
    function: Function, arguments: tuple[Node, ...], environment: Environment
) -> bool:
    """Return whether `lower(…)` or `upper(…)` of a range gives its bound.

    Where the range itself is not NULL: a condition may also be about NULL.
    """
    without = _WITHOUT_BOUND.get(function.name)
    if without is None or function.arguments not in _RANGES:
        return False
    range_ = arguments[0]
    if range_.tag != "VAR" or range_.number("varlevelsup"):
        return False
    catalog = environment.session.catalog
    found = {
        name
        for condition, column in _conditions(range_, environment)
        for name in _denied(condition, column, catalog)
    }
    return {_EMPTY, without} <= found


def _conditions(range_: Node, environment: Environment) -> Iterator[tuple[Node, Node]]:
    """Yield what is not false, and the range as it stands there: WHERE and CHECK."""
    for condition in known_to_hold(environment):
        for part in conjuncts(condition):
            yield part, range_
    entry = environment.scope.entry(range_.number("varno"))
    table = table_of(entry, environment) if environment.checked else None
    column = make_variable(1, range_.number("varattno"))
    for check in table.checks_of(entry) if table and entry else ():
        for part in conjuncts(check):
            yield part, column


def _denied(condition: Node, range_: Node, catalog: Catalog) -> Iterator[str]:
    """Yield the functions that a condition says are not true of a range."""
    for part in _untrue(condition):
        arguments = part.nodes("args")
        function = catalog.function(part.number("funcid"))
        if part.tag != "FUNCEXPR" or function is None or not function.builtin:
            continue
        if len(arguments) == 1 and _is_same(arguments[0], range_):
            yield function.name
    function = catalog.function(condition.number("opfuncid"))
    if condition.tag == "OPEXPR" and function is not None and function.builtin:
        places = _FALSE_OF_EMPTY.get(function.name, ())
        if any(_is_same(condition.nodes("args")[place], range_) for place in places):
            yield _EMPTY


def _untrue(condition: Node) -> Iterable[Node]:
    """Return what cannot be true where a condition is not false."""
    if condition.tag == "BOOLEANTEST":
        inner = condition.node("arg")
        denied = condition.number("booltesttype") in _NOT_TRUE
        return [inner] if inner is not None and denied else []
    if condition.tag != "BOOLEXPR" or condition.text("boolop") != _NOT:
        return []
    inner = condition.nodes("args")[0]
    if inner.tag == "BOOLEXPR" and inner.text("boolop") == _OR:
        return inner.nodes("args")
    return [inner]


def _is_same(node: Node, column: Node) -> bool:
    """Return whether a reference means a column, in a row that is there or not."""
    labels = ("varno", "varattno", "varlevelsup", "varreturningtype")
    return node.tag == "VAR" and all(
        node.number(label) == column.number(label) for label in labels
    )
