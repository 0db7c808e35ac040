"""One shape for all the variants of a statement: the weakest that holds for each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.nested_shapes import weaker_nesting
from datalayer.codegen.reading.source_text import quoted_list
from datalayer.codegen.rules import NEEDLESS
from datalayer.errors import VariantError
from datalayer.json_shapes import either_document
from datalayer.location import excerpt
from datalayer.model import Column, Parameter, QueryShape, RowCount

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalayer.errors import QueryRefused
    from datalayer.model import Finding, QuerySource, Variant


def in_order(
    source: QuerySource, parameters: Iterable[Parameter]
) -> tuple[Parameter, ...]:
    """Return parameters in the order of the header; mark those that may be left out."""
    by_name = {parameter.name: parameter for parameter in parameters}
    optional = source.optional_parameters
    limit = source.ordering.limit if source.ordering else ""
    return tuple(
        replace(
            by_name[name],
            optional=name in optional,
            # A page has a number of rows.
            nullable=by_name[name].nullable and name != limit,
        )
        for name in source.parameters
    )


def weaker(shape: QueryShape, other: QueryShape, variant: Variant) -> QueryShape:
    """Return what holds for a shape and for that of another variant.

    Raises `VariantError` when a column or a parameter has another type there.
    """
    return replace(
        shape,
        columns=_columns(shape, other, variant),
        parameters=_parameters(shape, other, variant),
        row_count=RowCount(
            shape.row_count.at_least_one and other.row_count.at_least_one,
            shape.row_count.at_most_one and other.row_count.at_most_one,
        ),
        findings=tuple(_findings(shape, other)),
        nesting=weaker_nesting(shape.nesting, other.nesting),
    )


def _findings(shape: QueryShape, other: QueryShape) -> Iterator[Finding]:
    """Yield what is found in either; a line is needless when it is so in both."""
    for finding in dict.fromkeys((*shape.findings, *other.findings)):
        in_both = finding in shape.findings and finding in other.findings
        if in_both or finding.rule not in NEEDLESS:
            yield finding


def of_variant(
    source: QuerySource, variant: Variant, problem: QueryRefused
) -> QueryRefused:
    """Say of a problem that it appears only when something is left out."""
    missing = _missing(source, variant)
    if not missing:
        return problem
    problem.message += f" (without {quoted_list(missing)})"
    problem.args = (problem.message,)
    return problem


def _columns(
    shape: QueryShape, other: QueryShape, variant: Variant
) -> tuple[Column, ...]:
    if len(shape.columns) != len(other.columns):
        raise _differs(shape, variant, "the number of columns")
    found = []
    for column, there in zip(shape.columns, other.columns, strict=True):
        if (column.name, column.type) != (there.name, there.type):
            raise _differs(shape, variant, f"column `{column.name}`")
        found.append(
            replace(
                column,
                nullable=column.nullable or there.nullable,
                elements_nullable=column.elements_nullable or there.elements_nullable,
                document=either_document(column.document, there.document),
            )
        )
    return tuple(found)


def _parameters(
    shape: QueryShape, other: QueryShape, variant: Variant
) -> tuple[Parameter, ...]:
    found = {parameter.name: parameter for parameter in shape.parameters}
    for there in other.parameters:
        known = found.setdefault(there.name, there)
        if known.type != there.type:
            raise _differs(shape, variant, f"parameter `{known.name}`")
        found[known.name] = replace(
            known,
            nullable=known.nullable and there.nullable,
            elements_nullable=known.elements_nullable and there.elements_nullable,
        )
    return tuple(found.values())


def _differs(shape: QueryShape, variant: Variant, what: str) -> VariantError:
    source = shape.source
    missing = quoted_list(_missing(source, variant))
    return VariantError(
        f"{what} of `{source.name}` has another type without {missing}",
        location=source.location,
        excerpt=excerpt(source.file_text, source.location),
        help="cast it to the type that it is to have",
    )


def _missing(source: QuerySource, variant: Variant) -> list[str]:
    return [name for name in source.optional_parameters if name not in variant.given]
