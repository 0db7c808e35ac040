"""Which types in queries nothing says a Python type for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.rendering.typemap import NEEDS_MAPPING, find_mapping
from datalayer.errors import UnknownTypeError
from datalayer.location import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalayer.model import QueryShape, QuerySource, SqlType


def unknown_type_problems(shapes: Iterable[QueryShape]) -> Iterator[UnknownTypeError]:
    """Yield a problem for each column and parameter of an unknown type."""
    for shape in shapes:
        source = shape.source
        for column in shape.columns:
            for type_ in unknown_types(column.type):
                what = f"column `{column.name}` of `{source.name}`"
                yield _problem(source, None, what, type_)
        for parameter in shape.parameters:
            for type_ in unknown_types(parameter.type):
                place = _first_use(source, parameter.name)
                yield _problem(source, place, f"`:{parameter.name}`", type_)


def unknown_types(type_: SqlType) -> Iterator[SqlType]:
    """Yield the types in a type of which nothing says what they are in Python."""
    if type_.kind in NEEDS_MAPPING:
        if find_mapping(type_) is None:
            yield type_
    elif type_.element is not None:
        yield from unknown_types(type_.element)
    for field in type_.fields:
        yield from unknown_types(field.type)


def _first_use(source: QuerySource, parameter: str) -> int:
    starts = (each.start for each in source.placeholders if each.name == parameter)
    return next(starts)


def _problem(
    source: QuerySource, offset: int | None, what: str, type_: SqlType
) -> UnknownTypeError:
    """Return the problem at a character of the statement, or at the header."""
    name = f"{type_.schema}.{type_.name}"
    location = source.location if offset is None else source.place(offset)
    text = source.file_text if offset is None else source.file_text_at(offset)
    problem = UnknownTypeError(
        f"{what} is `{name}`, of which nothing says what it is in Python",
        location=location,
        excerpt=excerpt(text, location),
        help=f'add `"{name}" = "str"` to `[tool.datalayer.types]`, or the path of'
        " a class that takes the text, or cast it to `text` in the query",
    )
    problem.used_by = "" if offset is None else source.used_by(offset)
    return problem
