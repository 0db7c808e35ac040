"""The text of a query's constant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.numbering import numbered
from datalayer.codegen.rendering.batching import batching_arguments
from datalayer.codegen.rendering.documents import document_readers
from datalayer.codegen.rendering.expressions import code_of
from datalayer.codegen.rendering.forms import converter_of, form_of, needs_form
from datalayer.codegen.rendering.imports import spell
from datalayer.codegen.rendering.labels import labelled
from datalayer.codegen.rendering.layout import WIDTH, lay_out, tuple_of
from datalayer.codegen.rendering.literals import string, text_block
from datalayer.codegen.rendering.nested_classes import nest_code
from datalayer.codegen.rendering.typemap import Expression
from datalayer.codegen.rendering.varied import (
    QUERY,
    VARIED_QUERY,
    is_varied,
    varied_arguments,
)
from datalayer.model import Operation

if TYPE_CHECKING:
    from datalayer.codegen.rendering.imports import Spellings
    from datalayer.codegen.rendering.module_plan import QueryPlan
    from datalayer.codegen.rendering.outcomes import Outcome
    from datalayer.codegen.rendering.typemap import TypeClasses


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
