"""Whether a dictionary can be made of the columns of `@map`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.directive_errors import directive_error
from datalayer.errors import DirectiveError
from datalayer.model import TypeKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.location import Location
    from datalayer.model import Column, MapDirective, QueryShape, QuerySource

_WITHOUT_HASH = {"hstore", "json", "jsonb", "record"}
_KINDS = {TypeKind.BASE, TypeKind.ENUM, TypeKind.RANGE}


def key_problems(shape: QueryShape) -> Iterator[DirectiveError]:
    """Yield why rows cannot be mapped by a column, if so."""
    said = shape.source.map_by
    columns = {column.name: column for column in shape.columns}
    if said is None:
        return
    column = columns.get(said.name)
    if column is None:
        yield unknown_key(shape.source, said, list(columns))
    elif column.nullable:
        yield _problem(
            shape.source,
            said,
            f"`{said.name}` can be NULL, and a key cannot",
            f"map by another column, or write `-- @column {said.name} not null`",
        )
    elif not _has_hash(column):
        yield _problem(
            shape.source,
            said,
            f"`{said.name}` is `{column.type.name}`, which cannot be a key in Python",
            "map by another column",
        )
    nested = {nest.path[0] for nest in shape.source.nests}
    if said.value is not None and said.value not in {*columns, *nested}:
        yield unknown_value(shape.source, said, list(columns))


def unknown_key(
    source: QuerySource, said: MapDirective, names: Sequence[str]
) -> DirectiveError:
    """Return that a row has no column of a key's name."""
    return _unknown(source, said.name, said.location, names)


def unknown_value(
    source: QuerySource, said: MapDirective, names: Sequence[str]
) -> DirectiveError:
    """Return that a row has no column of a value's name."""
    place = said.value_location or said.location
    return _unknown(source, said.value or "", place, names)


def _unknown(
    source: QuerySource, name: str, location: Location, names: Sequence[str]
) -> DirectiveError:
    listed = ", ".join(f"`{each}`" for each in names)
    message = f"the rows of `{source.name}` have no `{name}`"
    help = f"they have {listed}"
    return directive_error(source, location, message, help, length=len(name))


def _has_hash(column: Column) -> bool:
    type_ = column.type
    return type_.kind in _KINDS and type_.name not in _WITHOUT_HASH


def _problem(
    source: QuerySource, said: MapDirective, message: str, help: str
) -> DirectiveError:
    return directive_error(source, said.location, message, help, length=len(said.name))
