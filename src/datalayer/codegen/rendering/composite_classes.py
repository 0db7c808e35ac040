"""Composite types of the database as classes of Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.rendering.class_plans import Field
from datalayer.codegen.rendering.expressions import called, code_of
from datalayer.codegen.rendering.forms import form_of
from datalayer.codegen.rendering.imports import import_lines, spell, spell_names
from datalayer.codegen.rendering.layout import Brackets, lay_out
from datalayer.codegen.rendering.literals import docstring, string
from datalayer.codegen.rendering.naming import constant_name, export_key, field_names
from datalayer.codegen.rendering.preamble import module_header, with_exceptions
from datalayer.codegen.rendering.type_uses import name_classes, title_of
from datalayer.codegen.rendering.typemap import (
    Call,
    PythonType,
    TypeClass,
    parts,
    result_type,
)
from datalayer.model import TypeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datalayer.codegen.rendering.imports import Spellings
    from datalayer.codegen.rendering.typemap import TypeClasses
    from datalayer.model import SqlType

_DATACLASS = PythonType("dataclass", "dataclasses")


def composite_types(types: Iterable[SqlType]) -> list[SqlType]:
    """Return the composite types among types, in their order."""
    return [
        type_
        for type_ in types
        if type_.kind is TypeKind.COMPOSITE and type_.domain is None
    ]


def name_composite_classes(types: Iterable[SqlType], module: str) -> TypeClasses:
    """Return the class of each composite type."""
    names = name_classes((type_.schema, type_.name) for type_ in types)
    found: dict[tuple[str, str], TypeClass] = {}
    taken: set[str] = set()
    for key, name in names.items():
        form = constant_name(name, "FORM")
        while form in taken:
            form += "_"
        taken.add(form)
        found[key] = TypeClass(module, name, form)
    return found


def composites_text(
    types: Sequence[SqlType], classes: TypeClasses, package: str
) -> str:
    """Return the module of the classes of composite types."""
    fields = {type_: _fields_of(type_, classes) for type_ in types}
    own = [classes[type_.schema, type_.name] for type_ in types]
    spellings = _spellings(fields, classes)
    blocks = [
        block
        for type_, known in fields.items()
        for block in (
            _class_text(type_, known, classes, spellings),
            _form_text(type_, classes, spellings),
        )
    ]
    names = sorted(
        (name for each in own for name in (each.name, each.form)), key=export_key
    )
    exported = Brackets("[", tuple(map(string, names)), "]")
    module = own[0].module
    foreign = {key: name for key, name in spellings.items() if key[0] != module}
    body = "\n".join(
        [
            docstring(["Composite types of the database."]),
            "",
            *import_lines(foreign, package),
            "",
            lay_out(exported, before="__all__ = "),
            *(f"\n\n{block}" for block in blocks),
            "",
        ]
    )
    return with_exceptions(module_header("the composite types of the database"), body)


def _fields_of(type_: SqlType, classes: TypeClasses) -> tuple[Field, ...]:
    names = field_names(tuple(field.name for field in type_.fields))
    return tuple(
        Field(field.name, name, result_type(field.type, classes, nullable=True))
        for field, name in zip(type_.fields, names, strict=True)
    )


def _form_call(type_: SqlType, classes: TypeClasses) -> Call:
    forms = tuple(form_of(field.type, classes) for field in type_.fields)
    class_ = classes[type_.schema, type_.name].python_type
    return Call("CompositeForm", (class_, forms))


def _spellings(
    fields: dict[SqlType, tuple[Field, ...]], classes: TypeClasses
) -> Spellings:
    """Choose names that are neither those of classes here nor of their attributes."""
    own = [classes[type_.schema, type_.name] for type_ in fields]
    mine = {
        (each.module, name): name for each in own for name in (each.name, each.form)
    }
    attributes = {field.name for known in fields.values() for field in known}
    used = {_DATACLASS}
    for type_, known in fields.items():
        used |= {part for field in known for part in parts(field.type)}
        used |= set(called(_form_call(type_, classes)))
    imported = {(each.module, each.name) for each in used} - set(mine)
    return {**mine, **spell_names(imported, attributes | set(mine.values()))}


def _class_text(
    type_: SqlType,
    fields: tuple[Field, ...],
    classes: TypeClasses,
    spellings: Spellings,
) -> str:
    name = classes[type_.schema, type_.name].name
    decorator = spellings[_DATACLASS.module, _DATACLASS.name]
    title = title_of(type_.schema, type_.name)
    lines = [
        f"@{decorator}(frozen=True, slots=True)",
        f"class {name}:",
        docstring([f"A value of `{title}`."], indent=4),
    ]
    if fields:
        lines.append("")
    lines += (f"    {field.name}: {spell(field.type, spellings)}" for field in fields)
    return "\n".join(lines)


def _form_text(type_: SqlType, classes: TypeClasses, spellings: Spellings) -> str:
    constant = classes[type_.schema, type_.name].form
    code = code_of(_form_call(type_, classes), spellings)
    return lay_out(code, before=f"{constant} = ")
