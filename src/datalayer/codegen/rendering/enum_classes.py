"""Enums of the database as classes of Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.rendering.layout import Brackets, lay_out
from datalayer.codegen.rendering.literals import docstring, string
from datalayer.codegen.rendering.naming import export_key, member_names
from datalayer.codegen.rendering.preamble import module_header, with_exceptions
from datalayer.codegen.rendering.type_uses import name_classes, title_of
from datalayer.codegen.rendering.typemap import TypeClass
from datalayer.model import TypeKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalayer.codegen.rendering.typemap import TypeClasses
    from datalayer.model import SqlType


def enum_types(types: Iterable[SqlType]) -> list[SqlType]:
    """Return the enums among types, by schema and name."""
    found = [
        type_ for type_ in types if type_.kind is TypeKind.ENUM and type_.domain is None
    ]
    return sorted(found, key=lambda type_: (type_.schema, type_.name))


def name_enum_classes(types: Iterable[SqlType], module: str) -> TypeClasses:
    """Return the class of each enum."""
    names = name_classes([(type_.schema, type_.name) for type_ in types], {"StrEnum"})
    return {key: TypeClass(module, name) for key, name in names.items()}


def enums_text(types: Iterable[SqlType], classes: TypeClasses) -> str:
    """Return the module of the enum classes."""
    ordered = list(types)
    names = sorted((each.name for each in classes.values()), key=export_key)
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


def _class_text(type_: SqlType, classes: TypeClasses) -> str:
    name = classes[type_.schema, type_.name].name
    title = title_of(type_.schema, type_.name)
    members = zip(member_names(type_.labels), type_.labels, strict=True)
    return "\n".join(
        [
            f"class {name}(StrEnum):",
            docstring([f"The labels of `{title}`."], indent=4),
            "",
            *(f"    {member} = {string(label)}" for member, label in members),
        ]
    )
