"""Which columns and parameters generated code converts, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.rendering.literals import string
from datalayer.codegen.rendering.naming import python_name
from datalayer.codegen.rendering.typemap import (
    RUNTIME,
    STR,
    TYPES,
    Call,
    PythonType,
    is_own_range,
    map_type,
    reader_of,
)
from datalayer.model import TypeKind

if TYPE_CHECKING:
    from datalayer.codegen.rendering.typemap import Expression, TypeClasses
    from datalayer.model import Parameter, SqlType


def needs_form(type_: SqlType) -> bool:
    """Tell whether values are read from and written as text by generated code."""
    if type_.kind is not TypeKind.ARRAY or type_.element is None:
        return type_.kind is TypeKind.COMPOSITE or is_own_range(type_)
    element = type_.element
    if element.kind in (TypeKind.ARRAY, TypeKind.COMPOSITE) or is_own_range(element):
        return True
    # psycopg does not know arrays of domains.
    return element.domain is not None and _is_loaded(element)


def form_of(type_: SqlType, type_classes: TypeClasses) -> Expression:
    """Return what reads and writes the text of a type's values."""
    if type_.kind is TypeKind.COMPOSITE:
        found = type_classes[type_.schema, type_.name]
        return PythonType(found.form, found.module)
    if type_.kind is TypeKind.ENUM:
        found = type_classes[type_.schema, type_.name]
        return Call("EnumForm", (found.python_type,))
    if type_.kind is TypeKind.ARRAY and type_.element:
        return Call("ArrayForm", _array_arguments(type_.element, type_classes))
    if is_own_range(type_) and type_.element:
        form = "RangeForm" if type_.kind is TypeKind.RANGE else "MultirangeForm"
        return Call(form, (form_of(type_.element, type_classes),))
    if _is_loaded(type_):
        return Call("BuiltinForm", (string(type_.name),))
    mapping = map_type(type_, type_classes)
    if mapping.reader is None or mapping.sender is None:
        return Call("TextForm")
    return Call("CustomForm", (mapping.reader, _runtime(mapping.sender)))


def converter_of(type_: SqlType, type_classes: TypeClasses) -> Expression | None:
    """Return what makes a value of what psycopg returns, where that is not it."""
    return None if needs_form(type_) else reader_of(type_, type_classes)


def bounded(parameter: Parameter, value: str) -> Expression:
    """Return the value of a parameter, which is refused above its maximum."""
    if parameter.maximum is None:
        return value
    name = string(python_name(parameter.name))
    return Call("at_most", (str(parameter.maximum), name, value))


def sent(type_: SqlType, value: Expression, type_classes: TypeClasses) -> Expression:
    """Return what is sent for the value of a parameter."""
    if needs_form(type_):
        return Call("as_text", (form_of(type_, type_classes), value))
    if type_.kind is TypeKind.ARRAY and type_.element:
        return _sent_array(type_.element, value, type_classes)
    sender = map_type(type_, type_classes).sender
    return value if sender is None else Call(sender, (value,))


def _sent_array(
    element: SqlType, value: Expression, type_classes: TypeClasses
) -> Expression:
    if element.delimiter != ",":
        return Call("delimited_array", (value, f'delimiter="{element.delimiter}"'))
    sender = map_type(element, type_classes).sender
    return value if sender is None else Call("array", (_runtime(sender), value))


def _array_arguments(
    element: SqlType, type_classes: TypeClasses
) -> tuple[Expression, ...]:
    form = form_of(element, type_classes)
    if element.delimiter == ",":
        return (form,)
    return (form, f'delimiter="{element.delimiter}"')


def _is_loaded(type_: SqlType) -> bool:
    """Tell whether psycopg makes anything but text of a type's values."""
    return (
        type_.schema == "pg_catalog"
        and type_.name in TYPES
        and TYPES[type_.name].result != STR
    )


def _runtime(name: str) -> PythonType:
    return PythonType(name, RUNTIME)
