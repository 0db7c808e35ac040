"""Rules for expressions that work on values: what each kind of node can come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.comparisons import compared
from datalayer.codegen.inference.narrow import inside_branch
from datalayer.codegen.inference.outcomes import (
    ANY,
    FALSE,
    NOTHING,
    NULL,
    TRUE,
    VALUE,
    Argument,
    Environment,
    Outcome,
    combine,
    outcomes,
)
from datalayer.codegen.nodetree import Node, make_node
from datalayer.codegen.type_catalog import FIRST_USER_OID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datalayer.codegen.inference.outcomes import ExpressionRule
    from datalayer.codegen.nodetree import Value

_EXTERNAL, _SUBLINK = 0, 2
_CURRENT_SCHEMA = 14
_XML_ELEMENT = 1
_JSON_AGGREGATES = frozenset({3, 4})
_JSON_VALUES = frozenset({1, 2})
# What a test of `BoolTestType` makes of TRUE, FALSE and NULL, in this order.
_TRUTH_TESTS: dict[int, tuple[Outcome, Outcome, Outcome]] = {
    0: (TRUE, FALSE, FALSE),
    1: (FALSE, TRUE, TRUE),
    2: (FALSE, TRUE, FALSE),
    3: (TRUE, FALSE, TRUE),
    4: (FALSE, FALSE, TRUE),
    5: (TRUE, TRUE, FALSE),
}


def constant(node: Node, environment: Environment) -> Outcome:
    """Answer for a constant; a boolean one is known exactly."""
    if node.flag("constisnull"):
        return NULL
    value = node.fields.get("constvalue")
    if node.number("consttype") == 16 and isinstance(value, bytes):
        return TRUE if any(value) else FALSE
    return VALUE


def parameter(node: Node, environment: Environment) -> Outcome:
    """Answer for `$n`, or for a column of the subquery of `IN (SELECT …)`."""
    kind, number = node.number("paramkind"), node.number("paramid")
    if kind == _SUBLINK:
        columns = environment.sublink
        return columns[number - 1] if number <= len(columns) else ANY
    if kind != _EXTERNAL:
        return ANY
    known = _argument_known(Argument(number), environment)
    if known is not None:
        return known
    declared = environment.session.parameters
    accepts_null = number > len(declared) or declared[number - 1].nullable
    return ANY if accepts_null else VALUE


def _argument_known(argument: Argument, start: Environment) -> Outcome | None:
    environment: Environment | None = start
    while environment is not None:
        if argument in environment.world.null:
            return NULL
        if argument in environment.world.present:
            return VALUE
        environment = environment.parent
    return None


def boolean(node: Node, environment: Environment) -> Outcome:
    """Answer for AND, OR and NOT."""
    arguments = node.nodes("args")
    operator = node.text("boolop")
    if operator == "not":
        return negated(outcomes(arguments[0], environment))
    return connect_all([outcomes(part, environment) for part in arguments], operator)


def connect_all(results: Sequence[Outcome], operator: str) -> Outcome:
    """Return what connecting results with AND or OR comes to."""
    absorbing, neutral = (FALSE, TRUE) if operator == "and" else (TRUE, FALSE)
    total = neutral
    for found in results:
        total = _connect(total, found, absorbing, neutral)
    return total


def _connect(
    left: Outcome, right: Outcome, absorbing: Outcome, neutral: Outcome
) -> Outcome:
    """Return what AND or OR make of two sets of outcomes."""
    result = (left | right) & absorbing
    if left & neutral and right & neutral:
        result |= neutral
    if (left & NULL and right & (NULL | neutral)) or (right & NULL and left & neutral):
        result |= NULL
    return result


def negated(found: Outcome) -> Outcome:
    """Return the outcomes with TRUE and FALSE exchanged."""
    result = found & NULL
    if found & TRUE:
        result |= FALSE
    if found & FALSE:
        result |= TRUE
    return result


def null_test(node: Node, environment: Environment) -> Outcome:
    """Answer for IS NULL and IS NOT NULL."""
    wants_null = node.number("nulltesttype") == 0
    found = outcomes(node.node("arg"), environment)
    if node.flag("argisrow") and found != NULL:
        return _row_null_test(node.node("arg"), environment, wants_null=wants_null)
    result = NOTHING
    if found & NULL:
        result |= TRUE if wants_null else FALSE
    if found & VALUE:
        result |= FALSE if wants_null else TRUE
    return result


def _row_null_test(
    row: Node | None, environment: Environment, *, wants_null: bool
) -> Outcome:
    """Answer for a row, which IS NULL or IS NOT NULL when all of its fields are."""
    if row is None or row.tag != "ROWEXPR":
        return VALUE
    fields = [outcomes(field, environment) for field in row.nodes("args")]
    wanted, other = (NULL, VALUE) if wants_null else (VALUE, NULL)
    result = TRUE if all(field & wanted for field in fields) else NOTHING
    return result | (FALSE if any(field & other for field in fields) else NOTHING)


def truth_test(node: Node, environment: Environment) -> Outcome:
    """Answer for IS TRUE, IS NOT FALSE, IS UNKNOWN and their like."""
    tests = _TRUTH_TESTS.get(node.number("booltesttype"))
    if tests is None:
        return VALUE
    found = outcomes(node.node("arg"), environment)
    parts = zip((TRUE, FALSE, NULL), tests, strict=True)
    return combine([test for outcome, test in parts if found & outcome])


def coalesce(node: Node, environment: Environment) -> Outcome:
    """Answer for COALESCE: NULL only when every argument can be."""
    total = NOTHING
    for argument in node.nodes("args"):
        found = outcomes(argument, environment)
        total |= found & ~NULL
        if not found & NULL:
            return total
    return total | NULL


def extreme(node: Node, environment: Environment) -> Outcome:
    """Answer for GREATEST and LEAST, which ignore NULL as COALESCE does."""
    found = [outcomes(argument, environment) for argument in node.nodes("args")]
    total = combine(found) & ~NULL
    return total | NULL if all(part & NULL for part in found) else total


def case(node: Node, environment: Environment) -> Outcome:
    """Answer for CASE; a branch knows that its own condition holds."""
    total = NOTHING
    for branch in node.nodes("args"):
        condition = branch.node("expr")
        subject = node.node("arg")
        if condition is None:
            return ANY
        if subject is not None:
            condition = _with_subject(condition, subject)
        found = outcomes(condition, environment)
        if found & TRUE:
            inside = environment
            if found != TRUE:
                inside = inside_branch(environment, condition)
            total |= outcomes(branch.node("result"), inside)
        if found == TRUE:
            return total
    default = node.node("defresult")
    return total | (outcomes(default, environment) if default else NULL)


def _with_subject(condition: Node, subject: Node) -> Node:
    """Return the condition of `CASE subject WHEN …` with the subject put in."""
    if condition.tag == "CASETESTEXPR":
        return subject
    if condition.tag not in {"FUNCEXPR", "OPEXPR", "RELABELTYPE", "COERCEVIAIO"}:
        return condition

    def put(value: Value) -> Value:
        if isinstance(value, Node):
            return _with_subject(value, subject)
        if isinstance(value, tuple):
            return tuple(put(item) for item in value)
        return value

    fields = {label: put(value) for label, value in condition.fields.items()}
    return make_node(condition.tag, fields)


def same(node: Node, environment: Environment) -> Outcome:
    """Answer for a node that passes its argument on."""
    return outcomes(node.node("arg"), environment)


def always(node: Node, environment: Environment) -> Outcome:
    """Answer for a node that always has a value."""
    return VALUE


def strict_on(found: Sequence[Outcome]) -> Outcome:
    """Return what a strict function makes of its arguments."""
    if any(part == NULL for part in found):
        return NULL
    return ANY if any(part & NULL for part in found) else VALUE


def strict_argument(node: Node, environment: Environment) -> Outcome:
    """Answer for a conversion that gives a value for a value."""
    return strict_on([outcomes(node.node("arg"), environment)])


def through_text(node: Node, environment: Environment) -> Outcome:
    """Answer for a conversion by way of the text form of a type."""
    found = strict_argument(node, environment)
    target = environment.session.catalog.type(node.number("resulttype"))
    return found if found == NULL or (target and target.builtin_input) else ANY


def to_domain(node: Node, environment: Environment) -> Outcome:
    """Answer for a cast to a domain, which fails where the domain is NOT NULL."""
    found = outcomes(node.node("arg"), environment)
    domain = environment.session.catalog.type(node.number("resulttype"))
    return found & ~NULL if domain and domain.not_null and found != NULL else found


def null_if(node: Node, environment: Environment) -> Outcome:
    """Answer for NULLIF, whose arguments may be equal unless one is NULL."""
    first, second = (outcomes(part, environment) for part in node.nodes("args")[:2])
    if second == NULL or first == NULL:
        return first
    equal = compared(node, environment)
    result = first & NULL
    if equal & TRUE:
        result |= NULL
    return result | (first & VALUE if equal & FALSE or second & NULL else NOTHING)


def is_distinct(node: Node, environment: Environment) -> Outcome:
    """Answer for IS DISTINCT FROM."""
    first, second = (outcomes(part, environment) for part in node.nodes("args")[:2])
    function = environment.session.catalog.function(node.number("opfuncid"))
    result = NOTHING
    if first & NULL and second & NULL:
        result |= FALSE
    if (first & NULL and second & VALUE) or (second & NULL and first & VALUE):
        result |= TRUE
    if first & VALUE and second & VALUE:
        result |= negated(compared(node, environment))
        result |= NOTHING if function and function.builtin else NULL
    return result


def value_function(node: Node, environment: Environment) -> Outcome:
    """Answer for CURRENT_DATE and its like; there may be no current schema."""
    return ANY if node.number("op") == _CURRENT_SCHEMA else VALUE


def xml(node: Node, environment: Environment) -> Outcome:
    """Answer for XMLELEMENT, the only XML constructor that never gives NULL."""
    return VALUE if node.number("op") == _XML_ELEMENT else ANY


def json_constructor(node: Node, environment: Environment) -> Outcome:
    """Answer for JSON_OBJECT, JSON_ARRAY and their aggregates."""
    kind = node.number("type")
    if kind in _JSON_VALUES:
        return VALUE
    if kind in _JSON_AGGREGATES:
        return outcomes(node.node("func"), environment)
    return strict_on([outcomes(part, environment) for part in node.nodes("args")])


def json_value(node: Node, environment: Environment) -> Outcome:
    """Answer for the input of a JSON constructor."""
    return outcomes(node.node("formatted_expr") or node.node("raw_expr"), environment)


def json_predicate(node: Node, environment: Environment) -> Outcome:
    """Answer for IS JSON."""
    return strict_on([outcomes(node.node("expr"), environment)])


def row_comparison(node: Node, environment: Environment) -> Outcome:
    """Answer for `(a, b) < (c, d)`: NULL in any pair may decide, in the first it does.

    Operators of others might have an answer for NULL.
    """
    left, right = node.nodes("largs"), node.nodes("rargs")
    first = {outcomes(pair[0], environment) for pair in (left, right) if pair}
    built_in = all(operator < FIRST_USER_OID for operator in node.numbers("opnos"))
    if NULL in first and built_in:
        return NULL
    pairs = (*left, *right)
    return ANY if any(outcomes(p, environment) & NULL for p in pairs) else VALUE


def anything(node: Node, environment: Environment) -> Outcome:
    """Answer for what may be NULL whatever it is made of."""
    return ANY


EXPRESSIONS: Mapping[str, ExpressionRule] = {
    "ARRAYCOERCEEXPR": strict_argument,
    "ARRAYEXPR": always,
    "BOOLEANTEST": truth_test,
    "BOOLEXPR": boolean,
    "CASEEXPR": case,
    "CASETESTEXPR": anything,
    "COALESCEEXPR": coalesce,
    "COERCETODOMAIN": to_domain,
    "COERCEVIAIO": through_text,
    "COERCETODOMAINVALUE": anything,
    "COLLATEEXPR": same,
    "CONST": constant,
    "CONVERTROWTYPEEXPR": same,
    "CURRENTOFEXPR": always,
    "DISTINCTEXPR": is_distinct,
    "FIELDSTORE": always,
    "GROUPINGFUNC": always,
    "JSONCONSTRUCTOREXPR": json_constructor,
    "JSONISPREDICATE": json_predicate,
    "JSONVALUEEXPR": json_value,
    "MERGESUPPORTFUNC": always,
    "MINMAXEXPR": extreme,
    "NEXTVALUEEXPR": always,
    "NULLIFEXPR": null_if,
    "NULLTEST": null_test,
    "PARAM": parameter,
    "RELABELTYPE": same,
    "ROWCOMPAREEXPR": row_comparison,
    "ROWEXPR": always,
    "SETTODEFAULT": anything,
    "SQLVALUEFUNCTION": value_function,
    "XMLEXPR": xml,
}
