"""Whether a query's result fits the operation and the directives of its header."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.codegen.directive_errors import directive_error
from datalayer.codegen.key_checks import key_problems
from datalayer.codegen.rules import finding_of
from datalayer.errors import DirectiveError, OperationMismatch
from datalayer.location import excerpt
from datalayer.model import Operation, QueryShape, SqlType, TypeKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datalayer.errors import Finding, LocatedError
    from datalayer.location import Location
    from datalayer.model import QuerySource, TypeDirective

_RETURNS_ROWS = {
    Operation.MANY,
    Operation.ONE,
    Operation.RETURNING,
    Operation.VALUE,
}
_INTEGERS = {"int2", "int4", "int8"}
_JSON = {"json", "jsonb"}


@dataclass(frozen=True, slots=True)
class CheckedShape:
    """A shape with its findings, and what is wrong with it."""

    shape: QueryShape
    problems: tuple[LocatedError, ...]


def check_shape(shape: QueryShape) -> CheckedShape:
    """Compare a shape with its header; collect problems and findings."""
    problems = (*_operation_problems(shape), *_directive_problems(shape))
    findings = _allowed(shape.source, (*shape.findings, *_findings(shape)))
    return CheckedShape(dataclasses.replace(shape, findings=findings), problems)


def _allowed(source: QuerySource, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings but for those that the author looked at."""
    found = {finding.rule for finding in findings}
    allowed = {allowance.rule for allowance in source.allowances}
    needless = (
        finding_of(
            "needless-allowance",
            allowance.location,
            f"`{source.name}` allows `{allowance.rule}`, which is not found",
        )
        for allowance in source.allowances
        if allowance.rule not in found
    )
    left = [finding for finding in findings if finding.rule not in allowed]
    return (*left, *needless)


def _operation_problems(shape: QueryShape) -> Iterator[LocatedError]:
    source, operation = shape.source, shape.source.operation
    if operation in _RETURNS_ROWS and not shape.columns:
        yield _mismatch(
            source,
            f"`{source.name}` returns no columns",
            "end its name with `!` for the number of affected rows, or add `RETURNING`",
        )
    elif (
        operation is Operation.MANY_PARAMETERS
        and source.record_class
        and not shape.columns
    ):
        yield _mismatch(
            source,
            f"`{source.name}` has a row class, and returns no columns",
            "add `RETURNING`, or remove `record_class`",
        )
    elif operation is Operation.VALUE and len(shape.columns) != 1:
        names = ", ".join(f"`{column.name}`" for column in shape.columns)
        yield _mismatch(
            source,
            f"`{source.name}` returns {len(shape.columns)} columns, not one: {names}",
            "end its name with `^` for a row",
        )
    elif operation is Operation.AFFECTED and shape.columns:
        yield _mismatch(
            source,
            f"`{source.name}` returns columns that `{operation}` throws away",
            "end its name with `<!` for the returned row, or nothing for many rows",
        )


def _mismatch(source: QuerySource, message: str, help: str) -> OperationMismatch:
    return OperationMismatch(
        message,
        location=source.location,
        excerpt=excerpt(source.file_text, source.location),
        help=help,
    )


def _directive_problems(shape: QueryShape) -> Iterator[LocatedError]:
    columns = {column.name: column.type for column in shape.columns}
    parameters = {parameter.name: parameter.type for parameter in shape.parameters}
    yield from _column_problems(shape.source, columns)
    yield from _parameter_problems(shape.source, parameters)
    yield from _type_problems(shape.source, columns, parameters)
    yield from key_problems(shape)


def _column_problems(
    source: QuerySource, columns: Mapping[str, SqlType]
) -> Iterator[LocatedError]:
    for said in source.column_directives:
        if said.name not in columns:
            yield _unknown(source, said.location, said.name, sorted(columns))
        elif said.elements_nullable is not None:
            yield from _array_problems(
                source, said.location, said.name, columns[said.name]
            )


def _parameter_problems(
    source: QuerySource, parameters: Mapping[str, SqlType]
) -> Iterator[LocatedError]:
    # The loader has compared the names with the header already.
    for said in source.parameter_directives:
        type_ = parameters.get(said.name)
        if type_ is None:
            continue
        if said.elements_nullable is not None:
            yield from _array_problems(source, said.location, said.name, type_)
        if said.maximum_location is not None and type_.name not in _INTEGERS:
            yield directive_error(
                source,
                said.maximum_location,
                f"`{said.name}` is `{type_.name}`, and `max` is for whole numbers",
                "remove the directive",
            )


def _type_problems(
    source: QuerySource,
    columns: Mapping[str, SqlType],
    parameters: Mapping[str, SqlType],
) -> Iterator[LocatedError]:
    for said in source.type_directives:
        named = [
            table[said.name] for table in (columns, parameters) if said.name in table
        ]
        if not named:
            candidates = sorted({*columns, *parameters})
            yield _unknown(source, said.location, said.name, candidates)
        for found in named:
            problem = _type_problem(source, said, found)
            if problem is not None:
                yield problem
        if said.validated and named and said.name not in columns:
            yield directive_error(
                source,
                said.location,
                f"`{said.name}` is a parameter, which nothing is read from",
                "remove `validated`",
            )


def _type_problem(
    source: QuerySource, said: TypeDirective, found: SqlType
) -> DirectiveError | None:
    is_array = found.kind is TypeKind.ARRAY
    inner = found.element if is_array and found.element else found
    if inner.name not in _JSON:
        message = f"`{said.name}` is `{found.name}`; `@type` is for json"
        help = "remove the directive"
    elif is_array and not said.of_elements:
        message = f"`{said.name}` is an array, whose elements are documents"
        help = f"write `{said.name}[]`"
    elif said.of_elements and not is_array:
        message = f"`{said.name}` is `{found.name}`, not an array"
        help = f"write `{said.name}` without `[]`"
    else:
        return None
    return directive_error(source, said.location, message, help)


def _array_problems(
    source: QuerySource, location: Location, name: str, type_: SqlType
) -> Iterator[LocatedError]:
    if type_.kind is not TypeKind.ARRAY:
        yield directive_error(
            source,
            location,
            f"`{name}` is `{type_.name}`, not an array",
            f"write `{name}` without `[]`",
        )


def _unknown(
    source: QuerySource, location: Location, name: str, candidates: list[str]
) -> DirectiveError:
    return directive_error(
        source,
        location,
        f"`{source.name}` has no `{name}`",
        f"it has {', '.join(f'`{each}`' for each in candidates)}"
        if candidates
        else "remove the directive",
    )


def _findings(shape: QueryShape) -> Iterator[Finding]:
    single = {Operation.ONE, Operation.VALUE, Operation.RETURNING}
    source = shape.source
    if source.operation is Operation.MANY_PARAMETERS and shape.columns:
        single.add(source.operation)
    if source.operation in single and not shape.row_count.at_most_one:
        yield finding_of(
            "uncertain-row-count",
            source.location,
            f"`{source.name}` is not certain to return at most one row",
        )
