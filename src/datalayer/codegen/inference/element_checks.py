"""Which constraints keep NULL out of the elements of a stored array."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.nodetree import Node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.codegen.catalog import Catalog, Relation

_AND = "and"
# Of `NullTestType`.
_IS_NULL = 0
_POSITION = "array_position(anycompatiblearray,anycompatible)"


def elements_are_checked(
    entry: Node, relation: Relation, number: int, catalog: Catalog
) -> bool:
    """Return whether a CHECK is `array_position(column, NULL) IS NULL`, or has it.

    The function compares as IS NOT DISTINCT FROM does, and gives NULL when it finds
    nothing: then no element is NULL, or there is no array.
    """
    return any(
        _forbids_null(condition, number, catalog)
        for check in relation.checks_of(entry)
        for condition in _conditions(check)
    )


def _conditions(node: Node) -> Iterator[Node]:
    """Yield the conditions that all have to hold."""
    if node.tag == "BOOLEXPR" and node.text("boolop") == _AND:
        for part in node.nodes("args"):
            yield from _conditions(part)
    else:
        yield node


def _forbids_null(condition: Node, number: int, catalog: Catalog) -> bool:
    call = condition.node("arg")
    if condition.tag != "NULLTEST" or condition.number("nulltesttype") != _IS_NULL:
        return False
    if call is None or call.tag != "FUNCEXPR":
        return False
    function = catalog.function(call.number("funcid"))
    if function is None or not function.builtin or function.signature != _POSITION:
        return False
    array, wanted = call.nodes("args")
    if array.tag == "RELABELTYPE":
        # Of varchar[] as text[]: the same elements.
        array = array.node("arg") or array
    return (
        array.tag == "VAR"
        and array.number("varattno") == number
        and wanted.tag == "CONST"
        and wanted.flag("constisnull")
    )
