"""The text of the function that runs a query."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.codegen.numbering import numbered
from datalayer.codegen.rendering.batching import batching_words
from datalayer.codegen.rendering.expressions import called, code_of
from datalayer.codegen.rendering.forms import bounded, sent
from datalayer.codegen.rendering.imports import spell
from datalayer.codegen.rendering.layout import WIDTH, Brackets, Code, lay_out, tuple_of
from datalayer.codegen.rendering.literals import docstring
from datalayer.codegen.rendering.outcomes import Outcome
from datalayer.codegen.rendering.streams import stream_type, streamed
from datalayer.codegen.rendering.typemap import NONE, RUNTIME, PythonType
from datalayer.codegen.rendering.varied import (
    given_arguments,
    is_paged,
    is_varied,
    own_parameters,
    page_call,
)
from datalayer.model import Operation, ParameterDirective

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalayer.codegen.rendering.class_plans import Field
    from datalayer.codegen.rendering.imports import Name, Spellings
    from datalayer.codegen.rendering.module_plan import QueryPlan
    from datalayer.codegen.rendering.typemap import TypeClasses
    from datalayer.model import ColumnDirective, QuerySource

ITERABLE = PythonType("Iterable", "collections.abc")
ANY = PythonType("Any", "typing")


@dataclass(frozen=True, slots=True)
class Flavour:
    """In what the synchronous and the asynchronous functions differ."""

    connection: str
    define: str
    wait: str
    #: The module of the functions that run queries.
    runtime: str
    #: What gives many items.
    items: PythonType


SYNC = Flavour("Connection", "def", "", RUNTIME, ITERABLE)
AIO = Flavour(
    "AsyncConnection",
    "async def",
    "await ",
    f"{RUNTIME}.aio",
    PythonType("Items", f"{RUNTIME}.aio"),
)


def functions_of(
    plan: QueryPlan, outcome: Outcome, flavour: Flavour
) -> Iterator[tuple[QueryPlan, Outcome, Flavour]]:
    """Yield each function of a query: its plan, what it returns and how."""
    yield plan, outcome, flavour
    if plan.shape.source.streamed:
        returned = Outcome(stream_type(plan, flavour), "iterate")
        yield streamed(plan), returned, replace(flavour, define="def", wait="")


def render_function(
    plan: QueryPlan,
    outcome: Outcome,
    type_classes: TypeClasses,
    flavour: Flavour,
    spellings: Spellings,
) -> str:
    """Return the function that runs a query."""
    locals_ = _local_names(plan)
    connection = spellings["psycopg", flavour.connection]
    any_ = spellings["typing", "Any"]
    items: list[Code] = [f"connection: {connection}[{any_}]"]
    if plan.shape.source.operation is Operation.MANY_PARAMETERS:
        name = spell(flavour.items, spellings)
        items.append(
            Brackets(f"parameters: {name}[", (_any_of(plan.item_classes),), "]")
        )
    else:
        declared: list[Code] = [
            render_field(field, spellings, locals_[field.source_name], " = ")
            for field in plan.parameters
        ]
        declared += own_parameters(plan.shape.source, spellings)
        items += ["*", *declared] if declared else []
    signature = lay_out(
        Brackets(f"{flavour.define} {plan.function}(", tuple(items), ")"),
        after=f" -> {spell(outcome.type, spellings)}:",
    )
    call = _call(plan, outcome, type_classes, flavour, spellings, locals_)
    returned = "" if outcome.type == NONE else "return "
    body = lay_out(call, indent=4, before=f"{returned}{flavour.wait}")
    return "\n".join([signature, docstring(_documentation(plan), indent=4), body])


def _any_of(names: tuple[str, ...]) -> str:
    flat = " | ".join(names)
    # Inside of the brackets of a signature, and of an iterable.
    return flat if len(flat) <= WIDTH - 9 else "\n        | ".join(names)


def render_field(
    field: Field, spellings: Spellings, name: str, equals: str = " = "
) -> str:
    """Return the declaration of an attribute or a parameter."""
    text = f"{name}: {spell(field.type, spellings)}"
    if field.default is None:
        return text
    spelling = spell(field.default.type, spellings) if field.default.type else ""
    return f"{text}{equals}{field.default.template.format(spelling)}"


def body_names(
    plan: QueryPlan, outcome: Outcome, type_classes: TypeClasses, flavour: Flavour
) -> set[Name]:
    """Return the functions of the runtime that a function's body calls."""
    limit = _page_limit(plan.shape.source)
    parameters = plan.shape.parameters
    used = {
        (name.module, name.name)
        for parameter in parameters
        if parameter.name != limit
        for name in called(sent(parameter.type, "", type_classes))
    }
    if any(
        parameter.optional and called(sent(parameter.type, "", type_classes))
        for parameter in parameters
    ):
        used.add((RUNTIME, "optional"))
    if any(parameter.maximum is not None for parameter in parameters):
        used.add((RUNTIME, "at_most"))
    return used | {(flavour.runtime, outcome.runner)}


def _page_limit(source: QuerySource) -> str:
    """Return the parameter that limits a page, whose value the runtime makes."""
    return source.ordering.limit if source.ordering else ""


def _local_names(plan: QueryPlan) -> dict[str, str]:
    reserved = {"connection", plan.constant}
    return {
        field.source_name: f"{field.name}_" if field.name in reserved else field.name
        for field in plan.parameters
    }


def _call(
    plan: QueryPlan,
    outcome: Outcome,
    type_classes: TypeClasses,
    flavour: Flavour,
    spellings: Spellings,
    locals_: dict[str, str],
) -> Code:
    source = plan.shape.source
    many = source.operation is Operation.MANY_PARAMETERS
    names = (
        {field.source_name: f"each.{field.name}" for field in plan.parameters}
        if many
        else locals_
    )
    parameters = {parameter.name: parameter for parameter in plan.shape.parameters}
    order = () if source.operation is Operation.SCRIPT else numbered(source).order
    bound = {
        name: bounded(parameter, names[name]) for name, parameter in parameters.items()
    }
    values_by_name = {
        name: code_of(sent(parameters[name].type, bound[name], type_classes), spellings)
        for name in order
        if name != _page_limit(source)
    }
    values = tuple_of(tuple(values_by_name.values()))
    arguments: tuple[Code, ...] = ("connection", plan.constant)
    if is_paged(source):
        arguments = page_call(source, plan.constant, values_by_name, bound, spellings)
    elif is_varied(source):
        arguments = (
            "connection",
            given_arguments(source, plan.constant, values_by_name, spellings),
        )
    elif many:
        arguments += ("parameters", replace(values, opening="lambda each: ("))
    elif values.items or plan.mapped:
        arguments += (values,)
    if plan.mapped is not None:
        arguments += plan.mapped.arguments
    runner = spellings[flavour.runtime, outcome.runner]
    return Brackets(f"{runner}(", arguments, ")")


def _documentation(plan: QueryPlan) -> list[str]:
    source = plan.shape.source
    lines = source.documentation.strip().splitlines() or [f"Run `{source.name}`."]
    said = [
        *_declarations("column", source.column_directives),
        *_declarations("parameter", source.parameter_directives),
    ]
    if source.operation is Operation.MANY_PARAMETERS:
        lines += ["", batching_words(plan.shape)]
    if said:
        lines += ["", f"Declared by the author: {', '.join(said)}."]
    return lines


def _declarations(
    kind: str, directives: Iterable[ColumnDirective | ParameterDirective]
) -> Iterator[str]:
    for each in directives:
        for suffix, nullable in (("", each.nullable), ("[]", each.elements_nullable)):
            if nullable is not None:
                state = "null" if nullable else "not null"
                yield f"{kind} `{each.name}{suffix}` {state}"
        if isinstance(each, ParameterDirective) and each.maximum is not None:
            yield f"{kind} `{each.name}` at most {each.maximum}"
