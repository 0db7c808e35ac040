"""From flat rows to objects in objects, and lists of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import starmap
from operator import itemgetter
from typing import Any, TypeAlias

#: What psycopg returns for one row.
Row: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Nest:
    """A class and the columns its objects are made of, with the objects in them."""

    row: Callable[..., Any]
    #: In the order of the attributes: the numbers of columns, and what is nested.
    fields: tuple[int | Nest, ...]
    #: The columns that tell two objects apart: with none, all rows are of one object.
    #: None where each row makes an object.
    key: tuple[int, ...] | None = None
    #: The column that is NULL in a row without an object, if there are such rows.
    present: int | None = None
    #: Whether they are a list.
    many: bool = False


def build_nested(nest: Nest, rows: Sequence[Row]) -> list[Any]:
    """Return an object for each key, or each row, in the order of the rows."""
    if nest.key is None:
        return _objects(nest, rows, ())
    if not nest.key:
        return _objects(nest, rows[:1], [rows] if rows else [])
    key = _getter(nest.key)
    # Rows of one key need not stand together.
    members: dict[object, list[Row]] = {}
    for row in rows:
        value = key(row)
        found = members.get(value)
        if found is None:
            members[value] = [row]
        else:
            found.append(row)
    firsts = [each[0] for each in members.values()]
    return _objects(nest, firsts, members.values())


def path_of(nest: Nest, column: int) -> str:
    """Return the attributes that lead to a column, with dots between them."""
    # The class is a generated one.
    cls: Any = nest.row
    for attribute, field in zip(dataclasses.fields(cls), nest.fields, strict=True):
        if field == column:
            return attribute.name
        inner = path_of(field, column) if isinstance(field, Nest) else ""
        if inner:
            return f"{attribute.name}.{inner}"
    return ""


def _objects(
    nest: Nest, rows: Sequence[Row], members: Collection[Sequence[Row]]
) -> list[Any]:
    """Return an object for each row; `members` are the rows of its lists."""
    columns = [field for field in nest.fields if isinstance(field, int)]
    if len(columns) == len(nest.fields) > 1:
        return list(starmap(nest.row, map(itemgetter(*columns), rows)))
    values = [_values(field, rows, members) for field in nest.fields]
    return list(map(nest.row, *values))


def _values(
    field: int | Nest, rows: Sequence[Row], members: Collection[Sequence[Row]]
) -> Iterable[Any]:
    """Return the values of one attribute for all rows."""
    if isinstance(field, int):
        return map(itemgetter(field), rows)
    if field.many:
        return [build_nested(field, _matched(field, each)) for each in members]
    present = field.present
    found = iter(_objects(field, _matched(field, rows), ()))
    if present is None:
        return found
    return [None if row[present] is None else next(found) for row in rows]


def _matched(nest: Nest, rows: Sequence[Row]) -> Sequence[Row]:
    """Return the rows that have an object."""
    present = nest.present
    if present is None:
        return rows
    return [row for row in rows if row[present] is not None]


def _getter(columns: Sequence[int]) -> Callable[[Row], Any]:
    """Return what takes the values of some columns out of a row."""
    return itemgetter(*columns)
