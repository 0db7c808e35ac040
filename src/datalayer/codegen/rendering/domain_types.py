"""Domains of the database as types of Python that only type checkers tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.rendering.imports import import_lines, spell, spell_names
from datalayer.codegen.rendering.layout import Brackets, lay_out
from datalayer.codegen.rendering.literals import docstring, string
from datalayer.codegen.rendering.naming import export_key
from datalayer.codegen.rendering.preamble import module_header, with_exceptions
from datalayer.codegen.rendering.type_uses import name_classes
from datalayer.codegen.rendering.typemap import (
    RUNTIME,
    PythonType,
    TypeClass,
    find_mapping,
    map_type,
    parts,
)
from datalayer.model import TypeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datalayer.codegen.rendering.typemap import TypeClasses
    from datalayer.model import SqlType

_NEW_TYPE = PythonType("NewType", "typing")
_KINDS = {TypeKind.BASE, TypeKind.MULTIRANGE, TypeKind.RANGE}


def domain_types(types: Iterable[SqlType]) -> list[SqlType]:
    """Return the domains among types that can have a type of their own."""
    found = [type_ for type_ in types if type_.domain is not None and _can_be(type_)]
    return sorted(found, key=lambda type_: type_.domain or ("", ""))


def name_domain_types(types: Iterable[SqlType], module: str) -> TypeClasses:
    """Return the type of each domain."""
    names = name_classes(
        [type_.domain for type_ in types if type_.domain is not None], {"NewType"}
    )
    return {key: TypeClass(module, name) for key, name in names.items()}


def domains_text(types: Sequence[SqlType], classes: TypeClasses, package: str) -> str:
    """Return the module of the types of domains."""
    bases = {
        classes[type_.domain].name: map_type(type_, {}).result
        for type_ in types
        if type_.domain is not None
    }
    used = {_NEW_TYPE, *(part for base in bases.values() for part in parts(base))}
    imported = spell_names({(each.module, each.name) for each in used}, set(bases))
    new_type = imported[_NEW_TYPE.module, _NEW_TYPE.name]
    exported = tuple(string(name) for name in sorted(bases, key=export_key))
    body = "\n".join(
        [
            docstring(["Domains of the database."]),
            "",
            *import_lines(imported, package),
            "",
            lay_out(Brackets("[", exported, "]"), before="__all__ = "),
            "",
            *(
                lay_out(
                    Brackets(
                        f"{new_type}(", (string(name), spell(base, imported)), ")"
                    ),
                    before=f"{name} = ",
                )
                for name, base in bases.items()
            ),
            "",
        ]
    )
    return with_exceptions(module_header("the domains of the database"), body)


def _can_be(type_: SqlType) -> bool:
    """Tell whether Python lets a type be made of the base type of a domain.

    Not of a union, such as that of JSON, nor of a class that permits no subclasses.
    """
    mapping = find_mapping(type_)
    if type_.kind not in _KINDS or mapping is None:
        return False
    base = mapping.result
    return (
        bool(base.name)
        and base == mapping.parameter
        and base.module != RUNTIME
        and base != PythonType("bool")
    )
