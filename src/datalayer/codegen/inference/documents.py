"""Rules for expressions that make documents: what each kind of node puts together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.inference.arguments import call_arguments
from datalayer.codegen.inference.json_constants import constant_document
from datalayer.codegen.inference.json_types import TEXT, is_json
from datalayer.codegen.inference.json_values import (
    aggregated_rows,
    present_shape,
    value_shape,
)
from datalayer.codegen.inference.narrow import inside_branch
from datalayer.codegen.inference.origins import origins, query_origins
from datalayer.codegen.inference.outcomes import (
    NULL as NULL_OUTCOME,
)
from datalayer.codegen.inference.outcomes import (
    TRUE,
    Environment,
    document,
    outcomes,
    recursing,
)
from datalayer.codegen.inference.types import expression_type
from datalayer.json_shapes import (
    ANYTHING,
    NEVER,
    NULL,
    JsonField,
    JsonShape,
    array_of,
    concatenated,
    joined,
    mapping_of,
    object_of,
    stripped,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from datalayer.codegen.inference.outcomes import DocumentRule
    from datalayer.codegen.nodetree import Node

_SCALAR_SUBLINK = 4
# Values of `JsonConstructorType`.
_OBJECT, _ARRAY, _OBJECT_AGGREGATE, _ARRAY_AGGREGATE, _PARSE, _SCALAR = range(1, 7)
# The types of constants that are keys as they stand.
_TEXT, _UNKNOWN = 25, 705
_STRICT = "_strict"


def _passed_on(node: Node, environment: Environment) -> JsonShape:
    """Answer for a node that gives its argument, in whichever form of JSON."""
    argument = node.node("arg")
    return _if_json(argument, environment)


def _if_json(node: Node | None, environment: Environment) -> JsonShape:
    oid = expression_type(node) if node else 0
    if not oid or not is_json(environment.session.catalog.sql_type(oid)):
        return ANYTHING
    return document(node, environment)


def _constant(node: Node, environment: Environment) -> JsonShape:
    return constant_document(node)


def _variable(node: Node, environment: Environment) -> JsonShape:
    """Answer for a column, by the expressions that it stands for."""
    if recursing(environment):
        return _followed(node, environment)
    memory = environment.session.memory
    key = ("document", node, *_known(environment))
    if key not in memory:
        memory[key] = _followed(node, environment)
    known = memory[key]
    return known if isinstance(known, JsonShape) else ANYTHING


def _known(environment: Environment | None) -> Iterator[object]:
    """Yield all that the documents of a column depend on."""
    while environment is not None:
        yield id(environment.scope.query)
        yield environment.world
        yield environment.facts
        yield environment.rows
        yield environment.conditions
        yield environment.joined
        environment = environment.parent


def _followed(node: Node, environment: Environment) -> JsonShape:
    found = origins(node, environment)
    if found is None:
        return ANYTHING
    return joined(*(_if_json(*each) for each in found))


def _sublink(node: Node, environment: Environment) -> JsonShape:
    query = node.node("subselect")
    if query is None or node.number("subLinkType") != _SCALAR_SUBLINK:
        return ANYTHING
    found = query_origins(query, 1, environment, environment.session)
    if found is None:
        return ANYTHING
    return joined(*(_if_json(*each) for each in found))


def _coalesce(node: Node, environment: Environment) -> JsonShape:
    found = NEVER
    for argument in node.nodes("args"):
        found = joined(found, document(argument, environment))
        if not outcomes(argument, environment) & NULL_OUTCOME:
            break
    return found


def _case(node: Node, environment: Environment) -> JsonShape:
    """Answer for CASE; a branch knows that its own condition holds."""
    found = NEVER
    for branch in node.nodes("args"):
        inside, condition = environment, branch.node("expr")
        if condition is not None and node.node("arg") is None:
            test = outcomes(condition, environment)
            if not test & TRUE:
                continue
            inside = inside_branch(environment, condition)
        found = joined(found, document(branch.node("result"), inside))
    default = node.node("defresult")
    return joined(found, document(default, environment)) if default else found


def _first_argument(node: Node, environment: Environment) -> JsonShape:
    """Answer for NULLIF."""
    return document(next(iter(node.nodes("args")), None), environment)


def _function_call(node: Node, environment: Environment) -> JsonShape:
    function = environment.session.catalog.function(node.number("funcid"))
    if function is None or not function.builtin or node.flag("funcretset"):
        return ANYTHING
    rule = _FUNCTIONS.get(function.name)
    catalog = environment.session.catalog
    arguments = call_arguments(function, node.nodes("args"), catalog)
    if rule is None or arguments is None or node.flag("funcvariadic"):
        return ANYTHING
    return rule(arguments, environment)


def _built_object(arguments: Sequence[Node], environment: Environment) -> JsonShape:
    values = [value_shape(value, environment) for value in arguments[1::2]]
    return _object(arguments[::2], values)


def _object(keys: Sequence[Node], values: Sequence[JsonShape]) -> JsonShape:
    """Return an object; one key that is not known can be any of the others."""
    names = [_constant_text(key) for key in keys]
    known = [name for name in names if name is not None]
    if len(known) != len(values):
        return mapping_of(joined(*values))
    return object_of(tuple(map(JsonField, known, values)))


def _constant_text(node: Node) -> str | None:
    value = node.fields.get("constvalue")
    if node.tag != "CONST" or not isinstance(value, bytes):
        return None
    texts = {_TEXT: value[4:], _UNKNOWN: value.rstrip(b"\0")}
    text = texts.get(node.number("consttype"))
    try:
        return None if text is None else text.decode()
    except UnicodeDecodeError:
        # The database has another encoding.
        return None


def _built_array(arguments: Sequence[Node], environment: Environment) -> JsonShape:
    return array_of(joined(*(value_shape(each, environment) for each in arguments)))


def _converted(arguments: Sequence[Node], environment: Environment) -> JsonShape:
    """Answer for to_jsonb, row_to_json and array_to_json, which give NULL for NULL."""
    return present_shape(arguments[0], environment)


def _of_texts(arguments: Sequence[Node], environment: Environment) -> JsonShape:
    """Answer for json_object, which makes texts of arrays of texts."""
    return mapping_of(joined(TEXT, NULL))


def _without_nulls(arguments: Sequence[Node], environment: Environment) -> JsonShape:
    in_arrays = arguments[1] if len(arguments) > 1 else None
    if in_arrays is not None and outcomes(in_arrays, environment) & TRUE:
        return ANYTHING
    return stripped(document(arguments[0], environment))


_FUNCTIONS: Mapping[str, Callable[[Sequence[Node], Environment], JsonShape]] = {
    "array_to_json": _converted,
    "json_build_array": _built_array,
    "json_build_object": _built_object,
    "json_object": _of_texts,
    "json_strip_nulls": _without_nulls,
    "jsonb_build_array": _built_array,
    "jsonb_build_object": _built_object,
    "jsonb_object": _of_texts,
    "jsonb_strip_nulls": _without_nulls,
    "row_to_json": _converted,
    "to_json": _converted,
    "to_jsonb": _converted,
}


def _operator_call(node: Node, environment: Environment) -> JsonShape:
    """Answer for `||`."""
    function = environment.session.catalog.function(node.number("opfuncid"))
    if function is None or not function.builtin or function.name != "jsonb_concat":
        return ANYTHING
    left, right = (document(part, environment) for part in node.nodes("args"))
    return concatenated(left, right)


def _aggregate(node: Node, environment: Environment) -> JsonShape:
    if node.number("agglevelsup"):
        return ANYTHING
    inside = aggregated_rows(node, environment)
    values = [
        argument.node("expr")
        for argument in node.nodes("args")
        if not argument.flag("resjunk")
    ]
    return _aggregated(node.number("aggfnoid"), values, inside)


def _window(node: Node, environment: Environment) -> JsonShape:
    rows = replace(environment, world=environment.facts, conditions=())
    return _aggregated(node.number("winfnoid"), node.nodes("args"), rows)


def _aggregated(
    oid: int, values: Sequence[Node | None], environment: Environment
) -> JsonShape:
    function = environment.session.catalog.function(oid)
    if function is None or not function.builtin or not values:
        return ANYTHING
    if function.name in _GIVES_ARGUMENT:
        return _if_json(values[0], environment)
    shape_of = present_shape if function.name.endswith(_STRICT) else value_shape
    if function.name.startswith(("json_agg", "jsonb_agg")):
        return array_of(shape_of(values[0], environment))
    if function.name.startswith(("json_object_agg", "jsonb_object_agg")):
        return mapping_of(shape_of(values[1], environment))
    return ANYTHING


#: Aggregates and window functions that give one of the values they see.
_GIVES_ARGUMENT = frozenset({"any_value", "first_value", "last_value", "nth_value"})


def _constructor(node: Node, environment: Environment) -> JsonShape:
    """Answer for JSON_OBJECT, JSON_ARRAY, their aggregates and JSON_SCALAR."""
    kind, arguments = node.number("type"), node.nodes("args")
    skips_null = node.flag("absent_on_null")
    if kind in (_OBJECT_AGGREGATE, _ARRAY_AGGREGATE):
        return document(node.node("func"), environment)
    if kind == _SCALAR and arguments:
        return present_shape(arguments[0], environment)
    shape_of = present_shape if skips_null else value_shape
    if kind == _ARRAY:
        return array_of(joined(*(shape_of(each, environment) for each in arguments)))
    if kind != _OBJECT:
        return ANYTHING
    values = [shape_of(value, environment) for value in arguments[1::2]]
    found = _object(arguments[::2], values)
    if not skips_null or found.fields is None:
        return found
    if len(found.fields) != len(values):
        # Which of two equal keys counts depends on what is NULL.
        return ANYTHING
    missing = [
        bool(outcomes(value, environment) & NULL_OUTCOME) for value in arguments[1::2]
    ]
    return object_of(
        tuple(
            replace(field, required=not may_miss)
            for field, may_miss in zip(found.fields, missing, strict=True)
        )
    )


def _input(node: Node, environment: Environment) -> JsonShape:
    """Answer for `x FORMAT JSON`."""
    return _if_json(node.node("formatted_expr") or node.node("raw_expr"), environment)


DOCUMENTS: Mapping[str, DocumentRule] = {
    "AGGREF": _aggregate,
    "CASEEXPR": _case,
    "COALESCEEXPR": _coalesce,
    "COERCETODOMAIN": _passed_on,
    "COERCEVIAIO": _passed_on,
    "COLLATEEXPR": _passed_on,
    "CONST": _constant,
    "FUNCEXPR": _function_call,
    "JSONCONSTRUCTOREXPR": _constructor,
    "JSONVALUEEXPR": _input,
    "NULLIFEXPR": _first_argument,
    "OPEXPR": _operator_call,
    "RELABELTYPE": _passed_on,
    "SUBLINK": _sublink,
    "VAR": _variable,
    "WINDOWFUNC": _window,
}
