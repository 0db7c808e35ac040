"""The Python type of each PostgreSQL type, and how a parameter of it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from datalayer.model import SqlType, TypeKind

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
class Call:
    """A call of a function of the runtime, by its name."""

    function: str
    arguments: tuple[Expression, ...] = ()


#: Classes and functions, calls, tuples of all of these, and text as it stands.
Expression: TypeAlias = "PythonType | Call | tuple[Expression, ...] | str"


@dataclass(frozen=True, slots=True)
class TypeClass:
    """The Python class of a type, or the NewType of a domain."""

    module: str
    name: str
    #: The constant that reads and writes its values, for a composite type.
    form: str = ""

    @property
    def python_type(self) -> PythonType:
        """Return the class as an annotation."""
        return PythonType(self.name, self.module)


#: The class of each type that has one, by the schema and the name of the type: a schema
#: has one type of a name, of whatever kind.
TypeClasses: TypeAlias = Mapping[tuple[str, str], TypeClass]


@dataclass(frozen=True, slots=True)
class TypeMapping:
    """How values of a PostgreSQL type look in Python."""

    result: PythonType
    parameter: PythonType
    #: The function of the runtime that a parameter goes through, if any.
    sender: str | None = None
    #: What makes the value of what psycopg returns, if that is not it.
    reader: PythonType | Call | None = None


def _same(type_: PythonType, sender: str | None = None) -> TypeMapping:
    return TypeMapping(type_, type_, sender)


def _class(type_: PythonType, reader: str, sender: str | None = None) -> TypeMapping:
    return TypeMapping(type_, type_, sender, Call(reader, (type_,)))


NONE = PythonType("None")
STR = PythonType("str")
JSON = PythonType("JsonValue", RUNTIME)

_BOOL = PythonType("bool")
_BYTES = PythonType("bytes")
_DATE = PythonType("date", "datetime")
_DATETIME = PythonType("datetime", "datetime")
_DECIMAL = PythonType("Decimal", "decimal")
_FLOAT = PythonType("float")
#: Makes psycopg refuse what is infinite, also in an array.
_INTERVAL = PythonType("interval_value", RUNTIME)
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


#: Text, which psycopg sends with an unknown type: PostgreSQL infers the same type
#: again, so that it needs no sender.
_TEXT = _same(STR)

#: The types of `pg_catalog` that a column of a result can have.
TYPES: Mapping[str, TypeMapping] = {
    "aclitem": _TEXT,
    "anyarray": _TEXT,
    "bit": _TEXT,
    "bool": _same(_BOOL),
    "box": _TEXT,
    "bpchar": _TEXT,
    "bytea": _same(_BYTES),
    "char": _TEXT,
    "cid": _TEXT,
    "cidr": _same(PythonType("CidrNetwork", RUNTIME)),
    "circle": _TEXT,
    "cstring": _TEXT,
    "date": _same(_DATE, "date_"),
    "datemultirange": _same(_multirange(_DATE), "multirange"),
    "daterange": _same(_range(_DATE), "range_"),
    "float4": _same(_FLOAT, "float4"),
    "float8": _same(_FLOAT, "float8"),
    "gtsvector": _TEXT,
    "inet": _same(PythonType("InetAddress", RUNTIME)),
    "int2": _same(_INT, "int2"),
    "int2vector": _TEXT,
    "int4": _same(_INT, "int4"),
    "int4multirange": _same(_multirange(_INT), "multirange"),
    "int4range": _same(_range(_INT), "range_"),
    "int8": _same(_INT, "int8"),
    "int8multirange": _same(_multirange(_INT), "multirange"),
    "int8range": _same(_range(_INT), "range_"),
    "interval": TypeMapping(_TIMEDELTA, _TIMEDELTA, reader=_INTERVAL),
    "json": TypeMapping(JSON, _JSON_INPUT, "json_"),
    "jsonb": TypeMapping(JSON, _JSON_INPUT, "jsonb"),
    "jsonpath": _TEXT,
    "line": _TEXT,
    "lseg": _TEXT,
    "macaddr": _TEXT,
    "macaddr8": _TEXT,
    "money": _TEXT,
    "name": _TEXT,
    "numeric": _same(_DECIMAL),
    "nummultirange": _same(_multirange(_DECIMAL), "multirange"),
    "numrange": _same(_range(_DECIMAL), "range_"),
    "oid": _same(_INT, "oid"),
    "oidvector": _TEXT,
    "path": _TEXT,
    "pg_brin_bloom_summary": _TEXT,
    "pg_brin_minmax_multi_summary": _TEXT,
    "pg_dependencies": _TEXT,
    "pg_lsn": _TEXT,
    "pg_mcv_list": _TEXT,
    "pg_ndistinct": _TEXT,
    "pg_node_tree": _TEXT,
    "pg_snapshot": _TEXT,
    "point": _TEXT,
    "polygon": _TEXT,
    "record": _same(PythonType("tuple", arguments=(_OBJECT, PythonType("...")))),
    "refcursor": _TEXT,
    "regclass": _TEXT,
    "regcollation": _TEXT,
    "regconfig": _TEXT,
    "regdictionary": _TEXT,
    "regnamespace": _TEXT,
    "regoper": _TEXT,
    "regoperator": _TEXT,
    "regproc": _TEXT,
    "regprocedure": _TEXT,
    "regrole": _TEXT,
    "regtype": _TEXT,
    "text": _TEXT,
    "tid": _TEXT,
    "time": _same(_TIME, "time_"),
    "timestamp": _same(_DATETIME, "timestamp"),
    "timestamptz": _same(_DATETIME, "timestamptz"),
    "timetz": _same(_TIME, "timetz"),
    "tsmultirange": _same(_multirange(_DATETIME), "tsmultirange"),
    "tsquery": _TEXT,
    "tsrange": _same(_range(_DATETIME), "tsrange"),
    "tstzmultirange": _same(_multirange(_DATETIME), "multirange"),
    "tstzrange": _same(_range(_DATETIME), "range_"),
    "tsvector": _TEXT,
    "txid_snapshot": _TEXT,
    "unknown": _TEXT,
    "uuid": _same(_UUID),
    "varbit": _TEXT,
    "varchar": _TEXT,
    "void": _TEXT,
    "xid": _TEXT,
    "xid8": _TEXT,
    "xml": _TEXT,
}

_TEXT_OR_NULL = PythonType("", arguments=(STR, NONE))
_HSTORE = TypeMapping(
    PythonType("dict", arguments=(STR, _TEXT_OR_NULL)),
    PythonType("Mapping", "collections.abc", (STR, _TEXT_OR_NULL)),
    "hstore",
    PythonType("hstore_value", RUNTIME),
)

#: The types of the extensions that come with PostgreSQL and of pgvector, by extension
#: and name. Their OIDs differ between databases, and psycopg knows none of them.
EXTENSION_TYPES: Mapping[tuple[str, str], TypeMapping] = {
    ("citext", "citext"): _TEXT,
    ("cube", "cube"): _TEXT,
    ("hstore", "hstore"): _HSTORE,
    ("intarray", "query_int"): _TEXT,
    ("isn", "ean13"): _TEXT,
    ("isn", "isbn"): _TEXT,
    ("isn", "isbn13"): _TEXT,
    ("isn", "ismn"): _TEXT,
    ("isn", "ismn13"): _TEXT,
    ("isn", "issn"): _TEXT,
    ("isn", "issn13"): _TEXT,
    ("isn", "upc"): _TEXT,
    ("ltree", "lquery"): _TEXT,
    ("ltree", "ltree"): _TEXT,
    ("ltree", "ltxtquery"): _TEXT,
    ("seg", "seg"): _TEXT,
    ("vector", "halfvec"): _TEXT,
    ("vector", "sparsevec"): _TEXT,
    ("vector", "vector"): _TEXT,
}

#: Types of `pg_catalog` whose arrays psycopg does not know.
_UNKNOWN_ARRAYS = {"cstring", "pg_snapshot"}


#: The kinds of which a table or a setting must say what they are in Python.
NEEDS_MAPPING = {TypeKind.BASE, TypeKind.PSEUDO}


def find_mapping(type_: SqlType) -> TypeMapping | None:
    """Return what the project's settings or the tables say of a type."""
    if type_.setting is not None:
        return _setting(type_.setting)
    if type_.extension is not None:
        return EXTENSION_TYPES.get((type_.extension, type_.name))
    return TYPES.get(type_.name) if type_.schema == "pg_catalog" else None


def map_type(type_: SqlType, type_classes: TypeClasses) -> TypeMapping:
    """Return the mapping of a type that is not an array; see `unknown_types`."""
    if type_.kind is TypeKind.ENUM:
        found_class = type_classes[type_.schema, type_.name].python_type
        return _class(found_class, "enum_value")
    if type_.kind is TypeKind.COMPOSITE:
        return _same(type_classes[type_.schema, type_.name].python_type)
    if is_own_range(type_) and type_.element:
        return _of_domain(type_, _own_range(type_, type_classes), type_classes)
    found = find_mapping(type_)
    if found is not None:
        return _of_domain(type_, found, type_classes)
    if type_.kind in NEEDS_MAPPING:
        raise LookupError(f"{type_.schema}.{type_.name}")
    return _TEXT


def is_own_range(type_: SqlType) -> bool:
    """Tell whether a type is a range or multirange that a database defines."""
    is_range = type_.kind in (TypeKind.RANGE, TypeKind.MULTIRANGE)
    return is_range and type_.schema != "pg_catalog"


def _own_range(type_: SqlType, type_classes: TypeClasses) -> TypeMapping:
    assert type_.element is not None
    build = _range if type_.kind is TypeKind.RANGE else _multirange
    return TypeMapping(
        build(result_type(type_.element, type_classes)),
        build(parameter_type(type_.element, type_classes)),
    )


def _of_domain(
    type_: SqlType, mapping: TypeMapping, type_classes: TypeClasses
) -> TypeMapping:
    """Return the mapping of a domain that has a type of its own, or of its base."""
    if type_.domain is None or type_.domain not in type_classes:
        return mapping
    own = type_classes[type_.domain].python_type
    return replace(mapping, result=own, parameter=own)


def result_type(
    type_: SqlType,
    type_classes: TypeClasses,
    *,
    nullable: bool = False,
    elements_nullable: bool = True,
    python_type: str | None = None,
    document: PythonType | None = None,
) -> PythonType:
    """Return the type of a column's values, or of the documents in it."""
    of_documents = dotted(python_type) or document
    if type_.kind is TypeKind.ARRAY and type_.element:
        element = of_documents or result_type(type_.element, type_classes)
        found = _list(element, elements_nullable)
    else:
        found = of_documents or map_type(type_, type_classes).result
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
        of_documents = dotted(python_type)
        element = of_documents or parameter_type(type_.element, type_classes)
        found = _list(element, elements_nullable)
    else:
        found = dotted(python_type) or map_type(type_, type_classes).parameter
    return optional(found) if nullable else found


def python_type(type_: SqlType, type_classes: TypeClasses | None = None) -> PythonType:
    """Return the type of a value that is not NULL."""
    return result_type(type_, type_classes or {})


def reader_of(type_: SqlType, type_classes: TypeClasses) -> PythonType | Call | None:
    """Return what makes a value of what psycopg returns, if that is not it."""
    if type_.kind is not TypeKind.ARRAY or type_.element is None:
        return map_type(type_, type_classes).reader
    element = type_.element
    reader = reader_of(element, type_classes)
    if known_to_psycopg(element) and reader in (None, _INTERVAL):
        return reader
    arguments: tuple[Expression, ...] = (reader,) if reader else ()
    if element.delimiter != "," and not known_to_psycopg(element):
        arguments += (f'delimiter="{element.delimiter}"',)
    return Call("text_array", arguments)


def known_to_psycopg(element: SqlType) -> bool:
    """Tell whether psycopg makes a list of an array of these by itself."""
    return (
        element.schema == "pg_catalog"
        and element.domain is None
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


def _setting(name: str) -> TypeMapping:
    found = dotted(name) or STR
    return _TEXT if found == STR else _class(found, "from_text", "to_text")


def _list(element: PythonType, elements_nullable: bool) -> PythonType:
    return PythonType(
        "list", arguments=(optional(element) if elements_nullable else element,)
    )
