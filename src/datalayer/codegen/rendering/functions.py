"""The text of a query's constant and of the function that runs it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.codegen.numbering import numbered
from datalayer.codegen.rendering.batching import batching_arguments, batching_words
from datalayer.codegen.rendering.documents import document_readers
from datalayer.codegen.rendering.expressions import called, code_of
from datalayer.codegen.rendering.forms import (
    bounded,
    converter_of,
    form_of,
    needs_form,
    sent,
)
from datalayer.codegen.rendering.imports import spell
from datalayer.codegen.rendering.labels import labelled
from datalayer.codegen.rendering.layout import (
    WIDTH,
    Brackets,
    Code,
    lay_out,
    tuple_of,
)
from datalayer.codegen.rendering.literals import docstring, string, text_block
from datalayer.codegen.rendering.nested_classes import nest_code
from datalayer.codegen.rendering.streams import stream_type, streamed
from datalayer.codegen.rendering.typemap import (
    JSON,
    NONE,
    RUNTIME,
    Expression,
    PythonType,
    optional,
    result_type,
    union,
)
from datalayer.codegen.rendering.varied import (
    PAGE,
    QUERY,
    VARIED_QUERY,
    given_arguments,
    is_paged,
    is_varied,
    own_parameters,
    page_call,
    varied_arguments,
)
from datalayer.model import Operation, ParameterDirective

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalayer.codegen.rendering.class_plans import Field
    from datalayer.codegen.rendering.imports import Name, Spellings
    from datalayer.codegen.rendering.module_plan import QueryPlan
    from datalayer.codegen.rendering.typemap import TypeClasses
    from datalayer.model import ColumnDirective, QuerySource

NO_ROW = PythonType("NoRow", RUNTIME)
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a query's function returns and which function of the runtime runs it."""

    type: PythonType
    runner: str
    #: What one row becomes, where no class says it.
    value: PythonType | None = None


#: What returns no rows; `*!` may.
_WITHOUT_ROWS = {
    Operation.AFFECTED: Outcome(PythonType("int"), "execute", NONE),
    Operation.MANY_PARAMETERS: Outcome(PythonType("int"), "execute_many", NONE),
    Operation.SCRIPT: Outcome(NONE, "execute_script", NONE),
}


def outcome_of(plan: QueryPlan, type_classes: TypeClasses) -> Outcome:
    """Return what a query's function returns."""
    shape = plan.shape
    operation, certain = shape.source.operation, shape.row_count.at_least_one
    if operation in _WITHOUT_ROWS and not shape.columns:
        return _WITHOUT_ROWS[operation]
    if operation is Operation.VALUE:
        return _value_outcome(plan, type_classes)
    row = PythonType(plan.class_name or "", "")
    if operation is Operation.MANY and is_paged(shape.source):
        return Outcome(replace(PAGE, arguments=(row,)), "fetch_page")
    if plan.mapped is not None:
        return Outcome(plan.mapped.type_of(row), plan.mapped.runner)
    if operation is Operation.MANY:
        return Outcome(PythonType("list", arguments=(row,)), "fetch_all")
    if operation is Operation.MANY_PARAMETERS:
        runner = "fetch_each" if certain else "fetch_each_optional"
        each = row if certain else union(row, NONE)
        return Outcome(PythonType("list", arguments=(each,)), runner)
    if certain:
        return Outcome(row, "fetch_one")
    return Outcome(union(row, NONE), "fetch_optional")


def _value_outcome(plan: QueryPlan, type_classes: TypeClasses) -> Outcome:
    (column,) = plan.shape.columns
    value = result_type(
        column.type,
        type_classes,
        nullable=column.nullable,
        elements_nullable=column.elements_nullable,
        python_type=column.python_type,
        document=plan.documents.get(column.name),
    )
    if plan.shape.row_count.at_least_one:
        return Outcome(value, "fetch_one", value)
    # The null of JSON is None as well.
    if value in (JSON, NONE, optional(value)):
        return Outcome(union(value, NO_ROW), "fetch_or_no_row", value)
    return Outcome(union(value, NONE), "fetch_optional", value)


def converters_of(
    plan: QueryPlan, type_classes: TypeClasses
) -> list[tuple[int, Expression]]:
    """Return the columns that psycopg does not convert, each with what does."""
    columns = plan.shape.columns
    documents = document_readers(columns)
    found = [
        (index, documents.get(index) or converter_of(column.type, type_classes))
        for index, column in enumerate(columns)
    ]
    return [(index, converter) for index, converter in found if converter is not None]


def decoders_of(
    plan: QueryPlan, type_classes: TypeClasses
) -> list[tuple[int, Expression]]:
    """Return the columns that are read as PostgreSQL wrote them, with their forms."""
    columns = plan.shape.columns
    documents = document_readers(columns)
    return [
        (index, form_of(column.type, type_classes))
        for index, column in enumerate(columns)
        if needs_form(column.type) and index not in documents
    ]


def functions_of(
    plan: QueryPlan, outcome: Outcome, flavour: Flavour
) -> Iterator[tuple[QueryPlan, Outcome, Flavour]]:
    """Yield each function of a query: its plan, what it returns and how."""
    yield plan, outcome, flavour
    if plan.shape.source.streamed:
        returned = Outcome(stream_type(plan, flavour), "iterate")
        yield streamed(plan), returned, replace(flavour, define="def", wait="")


def render_constant(
    plan: QueryPlan, outcome: Outcome, type_classes: TypeClasses, spellings: Spellings
) -> str:
    """Return the `Query` of a function."""
    source = plan.shape.source
    varied = is_varied(source)
    query = spell(VARIED_QUERY if varied else QUERY, spellings)
    name = plan.constant
    if outcome.value is not None:
        name += f": {query}[{spell(outcome.value, spellings)}]"
    # Where the name and its type fill the line, ruff puts the value in parentheses.
    is_long = len(f"{name} = {query}(") > WIDTH >= len(f"{name} = (")
    before, after, margin = (
        (f"{name} = (\n    ", "\n)", 4) if is_long else (f"{name} = ", "", 0)
    )
    arguments = [
        f"name={string(source.qualified_name)}",
        f"source={string(f'{source.location.path}:{source.location.line}')}",
    ]
    if outcome.value is None:
        arguments.append(f"row={plan.class_name}")
    inner = " " * (margin + 4)
    lines = [f"{before}{query}(", *(f"{inner}{argument}," for argument in arguments)]
    for keyword, found in (
        ("convert", converters_of(plan, type_classes)),
        ("decode", decoders_of(plan, type_classes)),
    ):
        if found:
            pairs = tuple((str(index), each) for index, each in found)
            code = code_of(pairs, spellings)
            before_it = f"{keyword}="
            lines.append(lay_out(code, indent=margin + 4, before=before_it, after=","))
    if plan.nest is not None:
        nest = nest_code(plan.nest, spellings)
        lines.append(lay_out(nest, indent=margin + 4, before="nest=", after=","))
    lines += _raises(plan, spellings, margin + 4)
    if varied:
        lines += varied_arguments(plan.shape, spellings, indent=margin + 4)
    else:
        lines.append(f"{inner}sql={text_block(statement_of(plan))},")
        lines += batching_arguments(plan.shape, spellings, indent=margin + 4)
    lines.append(" " * margin + ")" + after)
    return "\n".join(lines)


def _raises(plan: QueryPlan, spellings: Spellings, indent: int) -> list[str]:
    source = plan.shape.source
    if not source.raises:
        return []
    pairs = tuple(
        tuple_of((string(said.constraint), spellings["", said.class_name]))
        for said in source.raises
    )
    lines = [lay_out(tuple_of(pairs), indent=indent, before="raises=", after=",")]
    if not is_varied(source):
        names = tuple_of(tuple(map(string, numbered(source).order)))
        lines.append(lay_out(names, indent=indent, before="names=", after=","))
    return lines


def statement_of(plan: QueryPlan) -> str:
    """Return the SQL that is sent, with the name of the query in it."""
    source = plan.shape.source
    script = source.operation is Operation.SCRIPT
    sql = source.sql if script else numbered(source).sql
    return labelled(sql, source.qualified_name)


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
