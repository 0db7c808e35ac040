"""Values of every mapped PostgreSQL type that Python can hold as well."""

from __future__ import annotations

import datetime
import ipaddress
import json
import struct
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from datalayer import runtime
from datalayer.codegen.rendering.typemap import (
    TYPES,
    PythonType,
    known_to_psycopg,
    map_type,
)
from datalayer.model import SqlType, TypeKind
from datalayer.runtime import Query

ValueT = TypeVar("ValueT")

# PostgreSQL has no NUL in texts, UTF-8 no lone surrogates.
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_TEXT = st.text(_CHARACTERS)
_ASCII = st.characters(min_codepoint=1, max_codepoint=127)

# The first and the last day are beyond Python in some time zones.
_EARLY, _LATE = datetime.datetime(1, 1, 3), datetime.datetime(9999, 12, 29)
_ZONES = st.integers(-15 * 60, 15 * 60).map(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
)
_DATES = st.dates()
_NAIVE = st.datetimes(_EARLY, _LATE)
_AWARE = st.datetimes(_EARLY, _LATE, timezones=_ZONES)
_DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=6)


def _ranges(
    bounds: st.SearchStrategy[ValueT], *, canonical: str = "[)"
) -> st.SearchStrategy[Range[ValueT]]:
    """Return ranges in the form in which PostgreSQL itself writes them."""

    def build(pair: list[ValueT], lower: bool, upper: bool) -> Range[Any]:
        first, last = sorted(pair)  # type: ignore[type-var]  # all are ordered
        return Range(
            first if lower else None,
            last if upper else None,
            (canonical[0] if lower else "(") + (canonical[1] if upper else ")"),
        )

    pairs = st.lists(bounds, min_size=2, max_size=2, unique=True)
    some = st.builds(build, pairs, st.booleans(), st.booleans())
    return some | st.just(Range(empty=True))


def _multiranges(
    bounds: st.SearchStrategy[ValueT],
) -> st.SearchStrategy[Multirange[ValueT]]:
    def build(values: list[ValueT]) -> Multirange[Any]:
        ordered = sorted(values)  # type: ignore[type-var]  # all are ordered
        pairs = zip(ordered[::2], ordered[1::2], strict=False)
        return Multirange([Range(first, last, "[)") for first, last in pairs])

    return st.lists(bounds, max_size=6, unique=True).map(build)


def _integers(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


# jsonb keeps numbers as numeric: a large float comes back as an int.
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | _TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner),
    max_leaves=10,
).filter(lambda value: value is not None)


def _interfaces() -> st.SearchStrategy[Any]:
    """Return addresses with a netmask that leaves some bits."""
    four = st.tuples(st.ip_addresses(v=4), st.integers(0, 31))
    six = st.tuples(st.ip_addresses(v=6), st.integers(0, 127))
    return (four | six).map(ipaddress.ip_interface)


#: A strategy for each type that is not text in Python.
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "bytea": st.binary(),
    "cidr": _interfaces().map(lambda interface: interface.network),
    "date": _DATES,
    "datemultirange": _multiranges(_DATES),
    "daterange": _ranges(_DATES),
    "float4": st.floats(width=32),
    "float8": st.floats(),
    "inet": st.ip_addresses() | _interfaces(),
    "int2": _integers(16),
    "int4": _integers(32),
    "int4multirange": _multiranges(_integers(32)),
    "int4range": _ranges(_integers(32)),
    "int8": _integers(64),
    "int8multirange": _multiranges(_integers(64)),
    "int8range": _ranges(_integers(64)),
    "interval": st.timedeltas(),
    "json": _JSON,
    "jsonb": _JSON,
    # Without sNaN and -NaN, which PostgreSQL does not have.
    "numeric": st.decimals(allow_nan=False, places=10) | st.just(Decimal("NaN")),
    "nummultirange": _multiranges(_DECIMALS),
    "numrange": _ranges(_DECIMALS),
    "oid": st.integers(0, 2**32 - 1),
    "time": st.times(),
    "timestamp": _NAIVE,
    "timestamptz": _AWARE,
    "timetz": st.times(timezones=_ZONES),
    "tsmultirange": _multiranges(_NAIVE),
    "tsrange": _ranges(_NAIVE),
    "tstzmultirange": _multiranges(_AWARE),
    "tstzrange": _ranges(_AWARE),
    "uuid": st.uuids(),
}

#: What a type checker accepts as well for a parameter of a type.
ALSO: dict[str, st.SearchStrategy[Any]] = {
    "date": _NAIVE | _AWARE,
    "float4": st.integers(-1000, 1000),
    "float8": st.integers(-(2**70), 2**70),
    "int2": st.booleans(),
    "int4": st.booleans(),
    "int8": st.booleans(),
    "oid": st.booleans(),
    "timestamptz": _NAIVE,
    "timetz": st.times(),
    "tstzmultirange": _multiranges(_NAIVE),
    "tstzrange": _ranges(_NAIVE),
}

#: A strategy for each type that is text in Python, in PostgreSQL's own spelling.
TEXTS: dict[str, st.SearchStrategy[str]] = {
    "aclitem": st.just("=r/postgres"),
    "bit": st.sampled_from(["0", "1"]),
    "box": st.just("(1,1),(0,0)"),
    "bpchar": _TEXT,
    "char": st.text(_ASCII, min_size=1, max_size=1),
    "cid": st.integers(0, 2**32 - 1).map(str),
    "circle": st.just("<(0,0),1>"),
    "gtsvector": st.nothing(),
    "int2vector": st.just("1 2"),
    "jsonpath": st.just('$."a"'),
    "line": st.just("{1,2,3}"),
    "lseg": st.just("[(0,0),(1,1)]"),
    "macaddr": st.just("08:00:2b:01:02:03"),
    "macaddr8": st.just("08:00:2b:01:02:03:04:05"),
    "money": st.just("$1.50"),
    "name": st.text(_ASCII, max_size=63),
    "oidvector": st.just("1 2"),
    "path": st.just("((0,0),(1,1))"),
    "pg_brin_bloom_summary": st.nothing(),
    "pg_brin_minmax_multi_summary": st.nothing(),
    "pg_dependencies": st.nothing(),
    "pg_lsn": st.just("16/B374D848"),
    "pg_mcv_list": st.nothing(),
    "pg_ndistinct": st.nothing(),
    "pg_node_tree": st.nothing(),
    "pg_snapshot": st.just("10:20:10,14,15"),
    "point": st.just("(1,2)"),
    "polygon": st.just("((0,0),(1,1),(1,0))"),
    "refcursor": _TEXT,
    "regclass": st.just("pg_class"),
    "regcollation": st.just('"C"'),
    "regconfig": st.just("simple"),
    "regdictionary": st.just("simple"),
    "regnamespace": st.just("pg_catalog"),
    "regoper": st.just("*<>"),
    "regoperator": st.just("+(integer,integer)"),
    "regproc": st.just("now"),
    "regprocedure": st.just("abs(bigint)"),
    "regrole": st.just("postgres"),
    "regtype": st.just("integer"),
    "text": _TEXT,
    "tid": st.just("(0,1)"),
    "tsquery": st.just("'a' & 'b'"),
    "tsvector": st.just("'a' 'b'"),
    "txid_snapshot": st.just("10:20:10,14,15"),
    "varbit": st.text("01", max_size=20),
    "varchar": _TEXT,
    "xid": st.integers(0, 2**32 - 1).map(str),
    "xid8": st.integers(0, 2**64 - 1).map(str),
    "xml": st.nothing(),
}


def base(name: str) -> SqlType:
    """Return a type of `pg_catalog`."""
    return SqlType(name, delimiter=";" if name == "box" else ",")


def array_of(element: SqlType) -> SqlType:
    """Return the type of an array."""
    return SqlType(f"_{element.name}", element.schema, TypeKind.ARRAY, element)


def send(type_: SqlType, value: Any) -> object:  # noqa: ANN401 - a value of any type
    """Return what a generated function would send."""
    if type_.kind is TypeKind.ARRAY and type_.element:
        sender = map_type(type_.element, {}).sender
        if type_.element.delimiter != ",":
            return runtime.delimited_array(value, delimiter=type_.element.delimiter)
        return value if sender is None else runtime.array(_function(sender), value)
    sender = map_type(type_, {}).sender
    return value if sender is None else _function(sender)(value)


def echo(type_: SqlType) -> Query[Any]:
    """Return a query that returns its only parameter, as it would be generated."""
    spelled = f'"{type_.element.name}"[]' if type_.element else f'"{type_.name}"'
    decodes = type_.element is not None and not known_to_psycopg(type_.element)
    return Query(
        name="types.echo",
        source="queries/types.sql:1",
        sql=f"SELECT $1::{spelled}",  # type: ignore[arg-type,unused-ignore]
        convert=((0, runtime.text_array()),) if decodes else (),
    )


def conforms(value: object, type_: PythonType) -> bool:
    """Tell whether a value is what an annotation says."""
    if not type_.name:
        return any(conforms(value, member) for member in type_.arguments)
    if type_.name == "None":
        return value is None
    if type_.name == "JsonValue":
        return _is_json(value)
    return _conforms_to_class(value, type_)


def _conforms_to_class(value: object, type_: PythonType) -> bool:
    found = getattr(__import__(type_.module, fromlist=[type_.name]), type_.name)
    classes = typing.get_args(found) if isinstance(found, types.UnionType) else (found,)
    # Exactly: a bool is no int, a datetime no date.
    if type(value) not in classes:
        return False
    if isinstance(value, list):
        return all(conforms(each, type_.arguments[0]) for each in value)
    if isinstance(value, Multirange):
        return all(_bounds_conform(each, type_.arguments[0]) for each in value)
    if isinstance(value, Range):
        return _bounds_conform(value, type_.arguments[0])
    return True


def _bounds_conform(value: Range[Any], type_: PythonType) -> bool:
    bounds = (value.lower, value.upper)
    return all(bound is None or conforms(bound, type_) for bound in bounds)


def _is_json(value: object) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return type(value) in {dict, list, str, int, float, bool, type(None)}


def same(type_: SqlType, left: object, right: object) -> bool:
    """Compare values; a NaN equals a NaN."""
    if type_.element and isinstance(left, list) and isinstance(right, list):
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(
            same(type_.element, *pair) for pair in pairs
        )
    if isinstance(left, float | Decimal) and left != left:
        return type(left) is type(right) and right != right
    if isinstance(left, float) and isinstance(right, float) and type_.name == "float4":
        # PostgreSQL writes the shortest decimal that rounds to the same four bytes.
        return struct.pack("f", left) == struct.pack("f", right)
    return left == right


def _function(name: str) -> Callable[[Any], object]:
    found: Callable[[Any], object] = getattr(runtime, name)
    return found


# What only a result can have.
RESULTS = {"anyarray", "cstring", "record", "unknown", "void"}

assert {*VALUES, *TEXTS} == set(TYPES) - RESULTS
