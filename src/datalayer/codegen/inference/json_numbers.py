"""Which `numeric` expressions are never NaN and never infinite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.json_types import ANY_NUMBER, NUMBER
from datalayer.codegen.inference.origins import origins
from datalayer.codegen.inference.types import expression_type
from datalayer.json_shapes import scalar

if TYPE_CHECKING:
    from datalayer.codegen.inference.outcomes import Environment
    from datalayer.codegen.nodetree import Node
    from datalayer.json_shapes import JsonShape

# int8, int2 and int4.
_WHOLE = frozenset({20, 21, 23})
_NUMERIC = 1700
#: The heads of NaN and of both infinities.
_SPECIAL = 0xC000
# Functions that are as finite as all of their arguments, and overflow with an error.
_FINITE = frozenset(
    {
        "abs",
        "ceil",
        "ceiling",
        "floor",
        "numeric",
        "numeric_abs",
        "numeric_add",
        "numeric_div",
        "numeric_mod",
        "numeric_mul",
        "numeric_sub",
        "numeric_uminus",
        "numeric_uplus",
        "round",
        "sign",
        "trunc",
    }
)
_CALLS = {"FUNCEXPR": "funcid", "OPEXPR": "opfuncid"}
_CHOICES = frozenset({"COALESCEEXPR", "MINMAXEXPR"})


def number_shape(node: Node, environment: Environment) -> JsonShape:
    """Return what a `numeric` expression is in a document, unless it is NULL."""
    if node.tag == "AGGREF":
        function = environment.session.catalog.function(node.number("aggfnoid"))
        # Whole numbers, however many digits they have.
        if function and function.builtin and function.signature == "sum(int8)":
            return scalar("int")
    return NUMBER if _is_finite(node, environment) else ANY_NUMBER


def _is_finite(node: Node | None, environment: Environment) -> bool:
    if node is None:
        return False
    if expression_type(node) in _WHOLE:
        return True
    if expression_type(node) != _NUMERIC:
        return False
    if node.tag == "CONST":
        return node.flag("constisnull") or _is_finite_constant(node)
    if node.tag == "VAR":
        found = origins(node, environment)
        return found is not None and all(_is_finite(*each) for each in found)
    if node.tag in _CHOICES:
        return all(_is_finite(part, environment) for part in node.nodes("args"))
    if node.tag in _CALLS:
        return _is_finite_call(node, _CALLS[node.tag], environment)
    return node.tag == "AGGREF" and _is_finite_aggregate(node, environment)


def _is_finite_constant(node: Node) -> bool:
    value = node.fields.get("constvalue")
    if not isinstance(value, bytes):
        return False
    return int.from_bytes(value[4:6], "little") & _SPECIAL != _SPECIAL


def _is_finite_call(node: Node, label: str, environment: Environment) -> bool:
    function = environment.session.catalog.function(node.number(label))
    if function is None or not function.builtin or function.name not in _FINITE:
        return False
    return all(_is_finite(part, environment) for part in node.nodes("args"))


def _is_finite_aggregate(node: Node, environment: Environment) -> bool:
    """Return whether an average or a sum is over whole numbers."""
    function = environment.session.catalog.function(node.number("aggfnoid"))
    if function is None or not function.builtin:
        return False
    types = node.numbers("aggargtypes")
    return function.name in {"avg", "sum"} and _WHOLE.issuperset(types)
