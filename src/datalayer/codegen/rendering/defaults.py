"""Defaults of parameters as Python literals of the parameter's type."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from datalayer.codegen.rendering.literals import string
from datalayer.codegen.rendering.naming import member_names
from datalayer.codegen.rendering.typemap import STR, PythonType, dotted, map_type
from datalayer.errors import DefaultError
from datalayer.location import excerpt
from datalayer.model import TypeKind

if TYPE_CHECKING:
    from datalayer.codegen.rendering.typemap import TypeClasses
    from datalayer.model import Literal, Parameter, QuerySource, SqlType


_ONLY_NULL = {
    TypeKind.ARRAY,
    TypeKind.COMPOSITE,
    TypeKind.MULTIRANGE,
    TypeKind.RANGE,
}


@dataclass(frozen=True, slots=True)
class Default:
    """A literal, `{}` standing for the spelling of its type, if it needs one."""

    template: str
    type: PythonType | None = None


class _Unfit(Exception):
    """Carries what would fit."""


def default_of(
    source: QuerySource, parameter: Parameter, type_classes: TypeClasses
) -> Default | None:
    """Return the default of a parameter; raise `DefaultError` if it does not fit."""
    if not parameter.has_default:
        return None
    if parameter.default is None:
        if parameter.nullable:
            return Default("None")
        raise _error(source, parameter, "the parameter is not nullable")
    try:
        return _literal(parameter.type, parameter.default, type_classes)
    except _Unfit as unfit:
        raise _error(source, parameter, str(unfit)) from None


def _literal(type_: SqlType, value: Literal, type_classes: TypeClasses) -> Default:
    if type_.kind is TypeKind.ENUM:
        return _enum(type_, value, type_classes)
    if type_.kind in _ONLY_NULL:
        raise _Unfit(f"`{type_.name}` can only have the default `null`")
    if type_.setting is not None:
        return _called(dotted(type_.setting), value)
    if type_.schema == "pg_catalog":
        return _RENDERERS.get(type_.name, _text)(value)
    return (_text if map_type(type_, type_classes).result == STR else _unsupported)(
        value
    )


def _called(cls: PythonType | None, value: Literal) -> Default:
    text = _text(value)
    return text if cls is None or cls == STR else Default(f"{{}}({text.template})", cls)


def _enum(type_: SqlType, value: Literal, type_classes: TypeClasses) -> Default:
    if value not in type_.labels:
        labels = ", ".join(f"`{label}`" for label in type_.labels)
        raise _Unfit(f"the labels of `{type_.name}` are {labels}")
    member = member_names(type_.labels)[type_.labels.index(str(value))]
    class_ = type_classes[type_.schema, type_.name].python_type
    return Default(f"{{}}.{member}", class_)


def _boolean(value: Literal) -> Default:
    if not isinstance(value, bool):
        raise _Unfit("write `true` or `false`")
    return Default(str(value))


def _integer(bits: int, *, signed: bool = True) -> Callable[[Literal], Default]:
    low = -(2 ** (bits - 1)) if signed else 0
    high = 2 ** (bits - 1 if signed else bits) - 1

    def render(value: Literal) -> Default:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _Unfit("write a whole number without quotes")
        if not low <= value <= high:
            raise _Unfit(f"write a number from {low} to {high}")
        return Default(str(value))

    return render


def _float(value: Literal) -> Default:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Unfit("write a number without quotes")
    return Default(repr(float(value)))


def _decimal(value: Literal) -> Default:
    if isinstance(value, bool) or value is None:
        raise _Unfit("write a number")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise _Unfit("write a number") from None
    return Default(f'{{}}("{number}")', PythonType("Decimal", "decimal"))


def _text(value: Literal) -> Default:
    if not isinstance(value, str):
        raise _Unfit("write a string in quotes")
    return Default(_braced(string(value)))


def _json(value: Literal) -> Default:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise _Unfit("write JSON, a string with both kinds of quotes") from None
    if isinstance(value, dict | list):
        raise _Unfit(
            "an object or array cannot be a default; "
            "make the parameter nullable and use `coalesce(:name, '{}')`"
        )
    return _text(value) if isinstance(value, str) else Default(repr(value))


def _date(value: Literal) -> Default:
    found = _parse(datetime.date.fromisoformat, value, "2026-01-31")
    arguments = f"({found.year}, {found.month}, {found.day})"
    return Default("{}" + arguments, PythonType("date", "datetime"))


def _datetime(value: Literal) -> Default:
    found = _parse(datetime.datetime.fromisoformat, value, "2026-01-31 12:00:00")
    if found.tzinfo is not None:
        raise _Unfit("a time zone cannot be in a default")
    numbers = [found.year, found.month, found.day, found.hour, found.minute]
    numbers += [found.second, found.microsecond]
    while len(numbers) > 3 and not numbers[-1]:
        numbers.pop()
    arguments = ", ".join(map(str, numbers))
    return Default(f"{{}}({arguments})", PythonType("datetime", "datetime"))


def _unsupported(value: Literal) -> Default:
    raise _Unfit(
        f"{value!r} cannot be the default of this type; "
        "make the parameter nullable and use `coalesce`"
    )


def _parse(
    read: Callable[[str], datetime.date | datetime.datetime],
    value: Literal,
    example: str,
) -> datetime.datetime:
    try:
        found = read(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None:
        raise _Unfit(f"write `'{example}'`")
    if isinstance(found, datetime.datetime):
        return found
    return datetime.datetime(found.year, found.month, found.day)


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


_RENDERERS: Mapping[str, Callable[[Literal], Default]] = {
    "bool": _boolean,
    "bytea": _unsupported,
    "cidr": _unsupported,
    "date": _date,
    "float4": _float,
    "float8": _float,
    "inet": _unsupported,
    "int2": _integer(16),
    "int4": _integer(32),
    "int8": _integer(64),
    "interval": _unsupported,
    "json": _json,
    "jsonb": _json,
    "numeric": _decimal,
    "oid": _integer(32, signed=False),
    "record": _unsupported,
    "time": _unsupported,
    "timestamp": _datetime,
    "timestamptz": _unsupported,
    "timetz": _unsupported,
    "uuid": _unsupported,
}


def _error(source: QuerySource, parameter: Parameter, reason: str) -> DefaultError:
    locations = [
        said.location
        for said in source.parameter_directives
        if said.name == parameter.name and said.has_default
    ]
    location = locations[0] if locations else source.location
    return DefaultError(
        f"the default of `{parameter.name}` does not fit `{parameter.type.name}`",
        location=location,
        excerpt=excerpt(source.file_text, location),
        help=reason,
    )
