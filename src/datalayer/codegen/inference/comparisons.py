"""Knows what comparisons with constants come to, by PostgreSQL's own operators.

Only those count that are the equality, or the order of whole numbers, of a built-in
type: what such an operator says of a value, it says wherever it stands. Equal bytes are
equal values; of different bytes that holds only for the types which have one form for
each value, and for texts under a collation that says so.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from datalayer.codegen.inference.grouping import grouping_numbers
from datalayer.codegen.inference.joins import computed
from datalayer.codegen.inference.outcomes import (
    ANY,
    FALSE,
    NOTHING,
    NULL,
    TRUE,
    VALUE,
    ColumnOf,
    Content,
    Environment,
    Outcome,
    ancestor,
    combine,
    outcomes,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalayer.codegen.function_catalog import Function
    from datalayer.codegen.inference.outcomes import Constant, World
    from datalayer.codegen.nodetree import Node

    Comparison = Callable[[Constant, Constant], bool]

BOOLEAN, INTEGER, TEXT, ENUM = "boolean", "integer", "text", "enum"
_BLANK_PADDED = "bpchar"
_WIDTHS = (2, 4, 8, 24, 28, 42, 48, 82, 84)
_SIGNS = ("eq", "ge", "gt", "le", "lt", "ne")
# The functions of `=` and `<>` begin like this; their families have no order here.
_EQUALITIES = {
    "bool": BOOLEAN,
    "bpchar": _BLANK_PADDED,
    "bytea": "bytea",
    "char": "char",
    "date_": "date",
    "enum_": ENUM,
    "float4": "float4",
    "float8": "float8",
    "interval_": "interval",
    "numeric_": "numeric",
    "oid": "oid",
    "text": TEXT,
    "timestamp_": "timestamp",
    "timestamptz_": "timestamptz",
    "uuid_": "uuid",
}
#: The families in which different bytes can be equal: 1.0 and 1, -0 and 0.
_MANY_FORMS = frozenset({"float4", "float8", "interval", "numeric"})
_COLLATED = frozenset({_BLANK_PADDED, TEXT})
#: By the names of their functions, what operators compare, and how.
_COMPARISONS: dict[str, tuple[str, str]] = {
    **{f"int{width}{sign}": (INTEGER, sign) for width in _WIDTHS for sign in _SIGNS},
    **{
        f"{prefix}{sign}": (family, sign)
        for prefix, family in _EQUALITIES.items()
        for sign in ("eq", "ne")
    },
}
_HOLDS: dict[str, Comparison] = {sign: getattr(operator, sign) for sign in _SIGNS}
# Nodes whose argument is the same value, or an error.
_PASSING = frozenset({"COERCETODOMAIN", "COLLATEEXPR", "RELABELTYPE"})
#: Truth values counted, as in `(a IS NULL)::int + (b IS NULL)::int = 1`.
_SUM, _TRUTH_AS_NUMBER = "int4pl", "int4(bool)"
_COUNTS = {"num_nonnulls": VALUE, "num_nulls": NULL}
# Casts between the sizes of whole numbers: the same number, or an error.
_RESIZED = frozenset(
    {
        f"{wanted}({given})"
        for wanted in ("int2", "int4", "int8")
        for given in ("int2", "int4", "int8")
    }
)
#: More numbers than this are not followed.
_MOST = 16


def family_of(node: Node, environment: Environment) -> tuple[str, str]:
    """Return what a comparison compares, and how; nothing when it is not known."""
    catalog = environment.session.catalog
    function = catalog.function(node.number("opfuncid"))
    if function is None or not function.builtin:
        return "", ""
    family, sign = _COMPARISONS.get(function.name, ("", ""))
    collation = node.number("inputcollid")
    if family in _COLLATED and collation and not catalog.deterministic(collation):
        return "", ""
    return family, sign


def compared(node: Node, environment: Environment) -> Outcome:
    """Return what a comparison of two values that are not NULL comes to."""
    first, second = node.nodes("args")[:2]
    return _compared(node, first, second, environment)


def compared_with_each(node: Node, environment: Environment) -> list[Outcome] | None:
    """Return what comparing a value with each element of a written array comes to.

    None when the elements are not written out.
    """
    scalar, array = node.nodes("args")[:2]
    written = written_elements(array)
    if written is None:
        return None
    left = outcomes(scalar, environment)
    found = []
    for element in written:
        unknown = (left | outcomes(element, environment)) & NULL
        certain = left & VALUE and outcomes(element, environment) & VALUE
        result = _compared(node, scalar, element, environment) if certain else NOTHING
        found.append(result | unknown)
    return found


def written_elements(array: Node | None) -> tuple[Node, ...] | None:
    """Return the elements of `ARRAY[…]`, which a cast to a like type keeps."""
    while array is not None and array.tag in {"ARRAYCOERCEEXPR", "RELABELTYPE"}:
        conversion = array.node("elemexpr")
        if conversion is not None and conversion.tag != "RELABELTYPE":
            return None
        array = array.node("arg")
    if array is None or array.tag != "ARRAYEXPR" or array.flag("multidims"):
        return None
    return array.nodes("elements") or None


def truth_of(column: ColumnOf, world: World) -> Outcome:
    """Return what a truth value in a column can be."""
    known = world.content(column, BOOLEAN)
    if known is None:
        return ANY
    return NULL | (TRUE if 1 in known.constants else FALSE)


def compare_truths(left: Outcome, right: Outcome, *, equal: bool) -> Outcome:
    """Return what comparing two truth values comes to."""
    result = (left | right) & NULL
    same = left & right & VALUE
    different = (left & TRUE and right & FALSE) or (left & FALSE and right & TRUE)
    if same:
        result |= TRUE if equal else FALSE
    if different:
        result |= FALSE if equal else TRUE
    return result


def _compared(
    node: Node, first: Node, second: Node, environment: Environment
) -> Outcome:
    family, sign = family_of(node, environment)
    if family == BOOLEAN:
        truths = [outcomes(part, environment) & VALUE for part in (first, second)]
        return compare_truths(truths[0], truths[1], equal=sign == "eq")
    if not family:
        return VALUE
    left = content_of(first, family, environment)
    right = content_of(second, family, environment)
    return compare(left, right, sign) if left and right else VALUE


def compare(left: Content, right: Content, sign: str) -> Outcome:
    """Return what a comparison comes to, from what is known of both sides."""
    if left.among and right.among:
        return combine(
            [
                _compare_constants(one, other, left.family, sign)
                for one in left.constants
                for other in right.constants
            ]
        )
    if left.family == INTEGER:
        return _compare_ranges(_range(left), _range(right), sign)
    apart = (left.among and left.constants <= right.constants) or (
        right.among and right.constants <= left.constants
    )
    if not apart:
        return VALUE
    return FALSE if sign == "eq" else TRUE


def _range(content: Content) -> tuple[float, float]:
    numbers = [n for n in content.constants if isinstance(n, int)]
    if content.among and numbers:
        return min(numbers), max(numbers)
    return content.lowest, content.highest


def _compare_ranges(
    left: tuple[float, float], right: tuple[float, float], sign: str
) -> Outcome:
    """Return what comparing any two numbers of two ranges comes to."""
    relations = (
        (left[0] < right[1], -1),
        (left[0] <= right[1] and right[0] <= left[1], 0),
        (left[1] > right[0], 1),
    )
    holds = _HOLDS[sign]
    return combine(
        [TRUE if holds(order, 0) else FALSE for found, order in relations if found]
    )


def _compare_constants(
    one: Constant, other: Constant, family: str, sign: str
) -> Outcome:
    if one != other and family in _MANY_FORMS:
        return VALUE
    return TRUE if _HOLDS[sign](one, other) else FALSE


def content_of(
    node: Node | None, family: str, environment: Environment
) -> Content | None:
    """Return what is known of an expression's value, where it is not NULL."""
    node = _passed_on(node)
    if node is None:
        return None
    if node.tag == "CONST":
        constant = constant_of(node, family)
        return None if constant is None else Content(family, frozenset({constant}))
    if node.tag == "VAR":
        return _content_of_variable(node, family, environment)
    if family == INTEGER and node.tag == "GROUPINGFUNC":
        numbers = grouping_numbers(node, environment)
        return Content(INTEGER, frozenset(numbers)) if numbers else None
    if family == INTEGER and node.tag in {"FUNCEXPR", "OPEXPR"}:
        return _computed_number(node, environment)
    return None


def _content_of_variable(
    node: Node, family: str, environment: Environment
) -> Content | None:
    home = ancestor(environment, node.number("varlevelsup"))
    if home is None:
        return None
    relation, number = node.number("varno"), node.number("varattno")
    if home.returning is not None and home.returning.target == relation:
        return None
    expression = computed(home.scope.entry(relation), number, home.scope)
    if expression is not None:
        return content_of(expression, family, home)
    return home.world.content(ColumnOf(relation, number), family)


def _passed_on(node: Node | None) -> Node | None:
    while node is not None and node.tag in _PASSING:
        node = node.node("arg")
    return node


def constant_of(node: Node | None, family: str) -> Constant | None:
    """Return a constant in the form in which equal ones are the same."""
    node = _passed_on(node)
    value = node.fields.get("constvalue") if node is not None else None
    if node is None or not isinstance(value, bytes) or node.flag("constisnull"):
        return None
    length = node.number("constlen")
    if length > 0:
        # What is passed by value fills more bytes than it has.
        value = value[:length]
        return _number(value) if family == INTEGER else value
    # Four bytes of length come before the rest.
    if length != -1 or value[0] & 3:
        return None
    return value[4:].rstrip(b" ") if family == _BLANK_PADDED else value[4:]


def _number(value: bytes) -> int:
    return int.from_bytes(value, "little", signed=True)


def _computed_number(node: Node, environment: Environment) -> Content | None:
    """Return what is known of a number of another size, or of a count of NULLs."""
    label = "funcid" if node.tag == "FUNCEXPR" else "opfuncid"
    function = environment.session.catalog.function(node.number(label))
    if function is None or not function.builtin:
        return None
    if function.signature in _RESIZED:
        return content_of(node.nodes("args")[0], INTEGER, environment)
    numbers = _numbers(function, node, environment)
    return Content(INTEGER, numbers) if 0 < len(numbers) <= _MOST else None


def _numbers(
    function: Function, node: Node, environment: Environment
) -> frozenset[Constant]:
    arguments = node.nodes("args")
    if function.signature == _TRUTH_AS_NUMBER:
        found = outcomes(arguments[0], environment)
        return frozenset(
            number for outcome, number in ((TRUE, 1), (FALSE, 0)) if found & outcome
        )
    if function.name == _SUM:
        parts = [content_of(part, INTEGER, environment) for part in arguments]
        return _sums(parts)
    wanted = _COUNTS.get(function.name, NOTHING)
    if not wanted or node.flag("funcvariadic"):
        return frozenset()
    each = [outcomes(part, environment) for part in arguments]
    fewest = sum(not found & ~wanted for found in each)
    most = sum(bool(found & wanted) for found in each)
    return frozenset(range(fewest, most + 1))


def _sums(parts: list[Content | None]) -> frozenset[Constant]:
    known = [part.constants for part in parts if part is not None and part.among]
    if len(known) != 2:
        return frozenset()
    return frozenset(
        one + other
        for one in known[0]
        for other in known[1]
        if isinstance(one, int) and isinstance(other, int)
    )
