"""Query shapes as the analyser could hand them to the renderer."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from datalayer.location import Location
from datalayer.model import (
    Column,
    CompositeField,
    Operation,
    Parameter,
    Placeholder,
    QueryShape,
    QuerySource,
    RowCount,
    SqlType,
    TypeKind,
)

PACKAGE = "shop.queries"

MOOD = SqlType("mood", "public", TypeKind.ENUM, labels=("happy", "so-so", "1 sad"))
POSITIVE = SqlType("int4", domain=("public", "positive"))
POINT = SqlType(
    "point_3d",
    "public",
    TypeKind.COMPOSITE,
    fields=(CompositeField("x", SqlType("float8")), CompositeField("mood", MOOD)),
)
#: With names that its class and its module need themselves.
LINE = SqlType(
    "dataclass",
    "public",
    TypeKind.COMPOSITE,
    fields=tuple(
        CompositeField(name, type_)
        for name, type_ in {
            "class": POINT,
            "float": SqlType("float8"),
            "str": SqlType("_positive", "public", TypeKind.ARRAY, POSITIVE),
            "Point3d": SqlType("_point_3d", "public", TypeKind.ARRAY, POINT),
            "two words": SqlType("tstzrange"),
            "": SqlType("timestamptz"),
        }.items()
    ),
)
BASES = [
    *(
        SqlType(name)
        for name in [
            "bool",
            "bytea",
            "cidr",
            "date",
            "daterange",
            "float4",
            "float8",
            "inet",
            "int4",
            "int8",
            "interval",
            "json",
            "jsonb",
            "numeric",
            "oid",
            "record",
            "text",
            "time",
            "timestamp",
            "timestamptz",
            "tstzmultirange",
            "uuid",
            "void",
        ]
    ),
    MOOD,
    POINT,
    LINE,
]
_NOT_ELEMENTS = {"void"}
ARRAYS = [
    SqlType(f"_{element.name}", element.schema, TypeKind.ARRAY, element)
    for element in [*BASES, POSITIVE]
    if element.name not in _NOT_ELEMENTS
]

#: Names that mean something in Python or in a generated module, and long ones.
AWKWARD = [
    "Any",
    "Connection",
    "Query",
    "UUID",
    "_",
    "array",
    "class",
    "connection",
    "dataclass",
    "date",
    "datetime",
    "each",
    "execute",
    "false",
    "fetch_all",
    "id",
    "import",
    "int",
    "int8",
    "json",
    "jsonb",
    "list",
    "match",
    "none",
    "parameters",
    "print",
    "runtime",
    "self",
    "str",
    "tuple",
    "type",
    "uuid",
    "with",
    "x1",
    "x10",
    "x9",
    # Beside a longer one, ruff would break the longest annotations.
    "a_name_so_long_that_little_else",
    "another_name_of_some_length",
    "and_one_more_name",
]
names = st.sampled_from(AWKWARD) | st.from_regex(
    r"[a-z][a-z0-9_]{0,30}", fullmatch=True
)
types = st.sampled_from([*BASES, *ARRAYS])

#: Pieces of SQL that are awkward to write into a Python literal.
_PIECES = [
    " ",
    "  ",
    "\n",
    "\t",
    "\\",
    '"',
    '"""',
    "'",
    "%",
    "{}",
    "é",
    "\u2019",
    "\u200b",
    "\r\n",
    "\x0c",
    "\u2028",
    "-- a comment",
    "/* x */",
    "x" * 100,
    "https://example.org/" + "y" * 90,
    "SELECT",
]
texts = st.lists(st.sampled_from(_PIECES), max_size=8).map("".join)


@st.composite
def parameters(draw: st.DrawFn) -> tuple[Parameter, ...]:
    found = draw(st.lists(names, max_size=7, unique_by=_python_name))
    return tuple(
        Parameter(
            name=name,
            type=draw(types),
            nullable=draw(st.booleans()),
            elements_nullable=draw(st.booleans()),
        )
        for name in found
    )


@st.composite
def columns(draw: st.DrawFn, size: int | None = None) -> tuple[Column, ...]:
    found = draw(
        st.lists(names, min_size=size or 1, max_size=size or 7, unique_by=_python_name)
    )
    return tuple(
        Column(
            name=name,
            type=draw(types),
            nullable=draw(st.booleans()),
            elements_nullable=draw(st.booleans()),
        )
        for name in found
    )


@st.composite
def shapes(draw: st.DrawFn, name: str = "get_it", line: int = 1) -> QueryShape:
    """Return a query of any operation, with any parameters and columns."""
    operation = draw(st.sampled_from(Operation))
    returns_rows = operation in {Operation.MANY, Operation.ONE, Operation.RETURNING}
    taken = () if operation is Operation.SCRIPT else draw(parameters())
    found: tuple[Column, ...] = ()
    if returns_rows or operation is Operation.VALUE:
        found = draw(columns(1 if operation is Operation.VALUE else None))
    return QueryShape(
        source=_source(name, line, operation, taken, draw(texts), draw(texts)),
        parameters=taken,
        columns=found,
        row_count=RowCount(at_least_one=draw(st.booleans())),
    )


@st.composite
def modules(draw: st.DrawFn) -> list[QueryShape]:
    """Return the queries of one file."""
    found = draw(st.lists(names, min_size=1, max_size=4, unique_by=_constant_name))
    return [draw(shapes(name, line)) for line, name in enumerate(found, start=1)]


def _source(
    name: str,
    line: int,
    operation: Operation,
    taken: tuple[Parameter, ...],
    text: str,
    documentation: str,
) -> QuerySource:
    values = ", ".join(f":{parameter.name}" for parameter in reversed(taken))
    sql = f"SELECT {text}\nFROM f({values})"
    inside = sql.index("f(") if values else len(sql)
    placeholders = tuple(
        Placeholder(match[1], match.start(), match.end())
        for match in re.finditer(r":(\w+)", sql)
        if match.start() >= inside
    )
    return QuerySource(
        module=("folder", "file"),
        name=name,
        operation=operation,
        sql=sql,
        location=Location("queries/folder/file.sql", line),
        sql_location=Location("queries/folder/file.sql", line),
        parameters=tuple(parameter.name for parameter in taken),
        placeholders=placeholders,
        documentation=documentation,
        file_text="the text of the file",
    )


def _python_name(name: str) -> str:
    return name.rstrip("_")


def _constant_name(name: str) -> str:
    return name.upper().rstrip("_").replace("_", "")
