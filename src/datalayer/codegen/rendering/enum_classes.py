"""Enums of the database as classes of Python."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from datalayer.codegen.rendering.layout import Brackets, lay_out
from datalayer.codegen.rendering.literals import docstring, string
from datalayer.codegen.rendering.naming import class_name, export_key, member_names
from datalayer.codegen.rendering.preamble import module_header, with_exceptions
from datalayer.model import TypeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalayer.codegen.rendering.typemap import TypeClasses
    from datalayer.model import QueryShape, SqlType


def enum_types(shapes: Iterable[QueryShape]) -> list[SqlType]:
    """Return each enum that a query uses, by schema and name."""
    found = {
        (type_.schema, type_.name): type_
        for shape in shapes
        for used in (
            *(parameter.type for parameter in shape.parameters),
            *(column.type for column in shape.columns),
        )
        for type_ in _enums_in(used)
    }
    return [found[key] for key in sorted(found)]


def name_enum_classes(types: Iterable[SqlType], module: str) -> TypeClasses:
    """Return the class of each enum; those of one name get their schema before it."""
    ordered = list(types)
    count = Counter(class_name(type_.name) for type_ in ordered)
    classes: dict[tuple[str, str], tuple[str, str]] = {}
    taken: set[str] = {"StrEnum"}
    for type_ in ordered:
        name = class_name(type_.name)
        if count[name] > 1 or name in taken:
            name = class_name(f"{type_.schema}_{type_.name}")
        while name in taken:
            name += "_"
        taken.add(name)
        classes[type_.schema, type_.name] = (module, name)
    return classes


def enums_text(types: Iterable[SqlType], classes: TypeClasses) -> str:
    """Return the module of the enum classes."""
    ordered = list(types)
    names = sorted((name for _, name in classes.values()), key=export_key)
    exported = Brackets("[", tuple(map(string, names)), "]")
    blocks = [_class_text(type_, classes) for type_ in ordered]
    body = "\n".join(
        [
            docstring(["Enums of the database."]),
            "",
            "from enum import StrEnum",
            "",
            lay_out(exported, before="__all__ = "),
            *(f"\n\n{block}" for block in blocks),
            "",
        ]
    )
    return with_exceptions(module_header("the enums of the database"), body)


def _enums_in(type_: SqlType) -> Iterator[SqlType]:
    if type_.kind is TypeKind.ENUM:
        yield type_
    elif type_.element is not None:
        yield from _enums_in(type_.element)


def _class_text(type_: SqlType, classes: TypeClasses) -> str:
    _, name = classes[type_.schema, type_.name]
    title = type_.name if type_.schema == "public" else f"{type_.schema}.{type_.name}"
    members = zip(member_names(type_.labels), type_.labels, strict=True)
    return "\n".join(
        [
            f"class {name}(StrEnum):",
            docstring([f"The labels of `{title}`."], indent=4),
            "",
            *(f"    {member} = {string(label)}" for member, label in members),
        ]
    )
