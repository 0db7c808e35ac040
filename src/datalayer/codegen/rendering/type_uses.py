"""Which types queries use, and what the classes of them are called."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.rendering.naming import class_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from datalayer.model import QueryShape, SqlType


def used_types(shapes: Iterable[QueryShape]) -> tuple[SqlType, ...]:
    """Return all types of parameters and columns by schema and name, and their parts.

    What a type is made of stands before it. A domain stands beside its base type, as
    which it has its own name.
    """
    outermost = {
        used: None
        for shape in shapes
        for used in (
            *(parameter.type for parameter in shape.parameters),
            *(column.type for column in shape.columns),
        )
    }
    ordered = sorted(outermost, key=lambda type_: (type_.schema, type_.name))
    return tuple(dict.fromkeys(part for type_ in ordered for part in _parts(type_)))


def title_of(schema: str, name: str) -> str:
    """Return the name of a type as an author knows it."""
    return name if schema == "public" else f"{schema}.{name}"


def name_classes(
    names: Iterable[tuple[str, str]], taken: Collection[str] = ()
) -> dict[tuple[str, str], str]:
    """Return what the class of each type is called, by schema and name.

    Those of one name get their schema before it.
    """
    ordered = sorted(set(names))
    count = Counter(class_name(name) for _, name in ordered)
    found: dict[tuple[str, str], str] = {}
    busy = set(taken)
    for schema, name in ordered:
        chosen = class_name(name)
        if count[chosen] > 1 or chosen in busy:
            chosen = class_name(f"{schema}_{name}")
        while chosen in busy:
            chosen += "_"
        busy.add(chosen)
        found[schema, name] = chosen
    return found


def _parts(type_: SqlType) -> Iterator[SqlType]:
    if type_.element is not None:
        yield from _parts(type_.element)
    for field in type_.fields:
        yield from _parts(field.type)
    if type_.domain is not None:
        yield replace(type_, domain=None)
    yield type_
