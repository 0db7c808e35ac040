"""The Python type of each PostgreSQL type, and how a parameter of it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from datalayer.model import SqlType, TypeKind

#: The Python class of each type that has one: by schema and name, its module and name.
#: A schema has one type of a name, of whatever kind.
TypeClasses: TypeAlias = Mapping[tuple[str, str], tuple[str, str]]

RUNTIME = "datalayer.runtime"


@dataclass(frozen=True, slots=True)
class PythonType:
    """A type as an annotation spells it; a union has no name."""

    name: str
    module: str = "builtins"
    arguments: tuple[PythonType, ...] = ()

    def __str__(self) -> str:
        """Return the annotation with bare names."""
        inner = [str(argument) for argument in self.arguments]
        if not self.name:
            return " | ".join(inner)
        return f"{self.name}[{', '.join(inner)}]" if inner else self.name


@dataclass(frozen=True, slots=True)
class TypeMapping:
    """How values of a PostgreSQL type look in Python."""

    result: PythonType
    parameter: PythonType
    #: The function of the runtime that a parameter goes through, if any.
    sender: str | None = None


def _same(type_: PythonType, sender: str | None = None) -> TypeMapping:
    return TypeMapping(type_, type_, sender)


NONE = PythonType("None")
STR = PythonType("str")
JSON = PythonType("JsonValue", RUNTIME)

_BOOL = PythonType("bool")
_BYTES = PythonType("bytes")
_DATE = PythonType("date", "datetime")
_DATETIME = PythonType("datetime", "datetime")
_DECIMAL = PythonType("Decimal", "decimal")
_FLOAT = PythonType("float")
_INT = PythonType("int")
_JSON_INPUT = PythonType("JsonInput", RUNTIME)
_OBJECT = PythonType("object")
_TIME = PythonType("time", "datetime")
_TIMEDELTA = PythonType("timedelta", "datetime")
_UUID = PythonType("UUID", "uuid")


def _range(element: PythonType) -> PythonType:
    return PythonType("Range", "psycopg.types.range", (element,))


def _multirange(element: PythonType) -> PythonType:
    return PythonType("Multirange", "psycopg.types.multirange", (element,))


#: The types of `pg_catalog` that are not text in Python. psycopg sends text with an
#: unknown type, and PostgreSQL infers the same type again: such need no sender.
TYPES: Mapping[str, TypeMapping] = {
    "bool": _same(_BOOL),
    "bytea": _same(_BYTES),
    "cidr": _same(PythonType("CidrNetwork", RUNTIME)),
    "date": _same(_DATE, "date_"),
    "datemultirange": _same(_multirange(_DATE), "multirange"),
    "daterange": _same(_range(_DATE), "range_"),
    "float4": _same(_FLOAT, "float4"),
    "float8": _same(_FLOAT, "float8"),
    "inet": _same(PythonType("InetAddress", RUNTIME)),
    "int2": _same(_INT, "int2"),
    "int4": _same(_INT, "int4"),
    "int4multirange": _same(_multirange(_INT), "multirange"),
    "int4range": _same(_range(_INT), "range_"),
    "int8": _same(_INT, "int8"),
    "int8multirange": _same(_multirange(_INT), "multirange"),
    "int8range": _same(_range(_INT), "range_"),
    "interval": _same(_TIMEDELTA),
    "json": TypeMapping(JSON, _JSON_INPUT, "json_"),
    "jsonb": TypeMapping(JSON, _JSON_INPUT, "jsonb"),
    "numeric": _same(_DECIMAL),
    "nummultirange": _same(_multirange(_DECIMAL), "multirange"),
    "numrange": _same(_range(_DECIMAL), "range_"),
    "oid": _same(_INT, "oid"),
    "record": _same(PythonType("tuple", arguments=(_OBJECT, PythonType("...")))),
    "time": _same(_TIME, "time_"),
    "timestamp": _same(_DATETIME, "timestamp"),
    "timestamptz": _same(_DATETIME, "timestamptz"),
    "timetz": _same(_TIME, "timetz"),
    "tsmultirange": _same(_multirange(_DATETIME), "tsmultirange"),
    "tsrange": _same(_range(_DATETIME), "tsrange"),
    "tstzmultirange": _same(_multirange(_DATETIME), "multirange"),
    "tstzrange": _same(_range(_DATETIME), "range_"),
    "uuid": _same(_UUID),
}

#: Types of `pg_catalog` whose arrays psycopg does not know.
_UNKNOWN_ARRAYS = {"pg_snapshot"}


def map_type(type_: SqlType, type_classes: TypeClasses) -> TypeMapping:
    """Return the mapping of a type that is not an array; unknown ones are text."""
    if type_.kind is TypeKind.ENUM:
        module, name = type_classes[type_.schema, type_.name]
        return _same(PythonType(name, module))
    if type_.schema == "pg_catalog":
        return TYPES.get(type_.name, _same(STR))
    return _same(STR)


def result_type(
    type_: SqlType,
    type_classes: TypeClasses,
    *,
    nullable: bool = False,
    elements_nullable: bool = True,
    python_type: str | None = None,
) -> PythonType:
    """Return the type of a column's values."""
    if type_.kind is TypeKind.ARRAY and type_.element:
        element = map_type(type_.element, type_classes).result
        found = _list(element, elements_nullable)
    else:
        found = dotted(python_type) or map_type(type_, type_classes).result
    return optional(found) if nullable else found


def parameter_type(
    type_: SqlType,
    type_classes: TypeClasses,
    *,
    nullable: bool = False,
    elements_nullable: bool = False,
    python_type: str | None = None,
) -> PythonType:
    """Return the type of a parameter's values."""
    if type_.kind is TypeKind.ARRAY and type_.element:
        element = map_type(type_.element, type_classes).parameter
        found = _list(element, elements_nullable)
    else:
        found = dotted(python_type) or map_type(type_, type_classes).parameter
    return optional(found) if nullable else found


def python_type(type_: SqlType, type_classes: TypeClasses | None = None) -> PythonType:
    """Return the type of a value that is not NULL."""
    return result_type(type_, type_classes or {})


def known_to_psycopg(element: SqlType) -> bool:
    """Tell whether psycopg makes a list of an array of these by itself."""
    return (
        element.schema == "pg_catalog"
        and element.kind is not TypeKind.COMPOSITE
        and element.name not in _UNKNOWN_ARRAYS
    )


def optional(type_: PythonType) -> PythonType:
    """Return the union of a type and None."""
    return union(type_, NONE)


def union(*types: PythonType) -> PythonType:
    """Return the union of types, None last."""
    members: list[PythonType] = []
    for type_ in types:
        members += (type_,) if type_.name else type_.arguments
    unique = dict.fromkeys(members)
    return PythonType(
        "", arguments=tuple(sorted(unique, key=lambda member: member == NONE))
    )


def dotted(name: str | None) -> PythonType | None:
    """Return the type of a dotted path: `app.types.Meta`."""
    if name is None:
        return None
    module, _, last = name.rpartition(".")
    return PythonType(last, module or "builtins")


def parts(type_: PythonType) -> list[PythonType]:
    """Return a type's own name and those of its arguments, without the unions."""
    own = [replace(type_, arguments=())] if type_.name else []
    return own + [each for argument in type_.arguments for each in parts(argument)]


def _list(element: PythonType, elements_nullable: bool) -> PythonType:
    return PythonType(
        "list", arguments=(optional(element) if elements_nullable else element,)
    )
