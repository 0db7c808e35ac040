"""The server sees a parameter as the type that it inferred, whatever the value.

The operator `#?#` exists for every pair of types and tells which one it was resolved
to. With an operand of unknown type, as when a query is described, PostgreSQL takes the
operator for twice the other type; another type at run time would select another one.
https://www.postgresql.org/docs/current/typeconv-oper.html
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.range import Range
from type_values import ALSO, VALUES, array_of, base, send

from datalayer.model import SqlType
from datalayer.runtime import Query, fetch_one
from datalayer.server import Server, scratch_database

NAMES = sorted({*VALUES, "text", "varchar"} - {"record"})
every_type = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def session(server: Server) -> Iterator[psycopg.Connection[Any]]:
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        connection.execute(
            ";".join(
                f"CREATE FUNCTION probe({first}{end}, {second}{end}) RETURNS text "
                f"RETURN '{second}{end}';"
                f"CREATE OPERATOR #?# (FUNCTION = probe, LEFTARG = {first}{end}, "
                f"RIGHTARG = {second}{end})"
                for end in ("", "[]")
                for first in NAMES
                for second in NAMES
            ).encode()
        )
        yield connection


def spelled(type_: SqlType) -> str:
    return f"{type_.element.name}[]" if type_.element else type_.name


def resolve(session: psycopg.Connection[Any], type_: SqlType, sent: object) -> str:
    """Return the type by which a call with a parameter was resolved."""
    query: Query[str] = Query(
        name="types.probe",
        source="queries/types.sql:1",
        sql=f"SELECT NULL::{spelled(type_)} #?# $1",  # type: ignore[arg-type,unused-ignore]
    )
    return fetch_one(session, query, (sent,))


def inferred(session: psycopg.Connection[Any], type_: SqlType) -> bool:
    sql = f"SELECT NULL::{spelled(type_)} #?# $1"
    session.pgconn.prepare(b"", sql.encode())
    oid = session.pgconn.describe_prepared(b"").param_type(0)
    cursor = session.execute("SELECT %s::regtype = %s::regtype", (oid, spelled(type_)))
    return cursor.fetchone() == (True,)


@every_type
def test_an_unknown_type_is_inferred_as_the_other_argument(
    session: psycopg.Connection[Any], name: str
) -> None:
    assert inferred(session, base(name))
    assert inferred(session, array_of(base(name)))


@every_type
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_value_is_seen_as_the_inferred_type(
    session: psycopg.Connection[Any], name: str, data: st.DataObject
) -> None:
    values = VALUES.get(name, st.just("a")) | ALSO.get(name, st.nothing())
    value = data.draw(st.none() | values)

    assert resolve(session, base(name), send(base(name), value)) == name


@every_type
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_an_array_is_seen_as_the_inferred_type(
    session: psycopg.Connection[Any], name: str, data: st.DataObject
) -> None:
    values = VALUES.get(name, st.just("a")) | ALSO.get(name, st.nothing())
    array = data.draw(st.none() | st.lists(values | st.none(), max_size=4))

    found = resolve(session, array_of(base(name)), send(array_of(base(name)), array))

    assert found == f"{name}[]"


# Mutants: what psycopg makes of the value itself.

NOON = datetime.datetime(2026, 1, 1, 12)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("int2", 70_000),
        ("int4", 5),
        ("int8", 5),
        ("oid", 5),
        ("float4", 1.5),
        ("float8", 5),
        ("date", NOON),
        ("timestamp", NOON.replace(tzinfo=datetime.UTC)),
        ("timestamptz", NOON),
        ("timetz", NOON.time()),
        ("tstzrange", Range(NOON, None)),
    ],
)
def test_a_value_without_its_sender_is_seen_as_another_type(
    session: psycopg.Connection[Any], name: str, value: object
) -> None:
    assert resolve(session, base(name), value) != name


@pytest.mark.parametrize(
    ("name", "value"),
    [("int4", [1]), ("int8", [1]), ("float4", [1.5]), ("timestamptz", [NOON])],
)
def test_an_array_without_its_sender_is_seen_as_another_type(
    session: psycopg.Connection[Any], name: str, value: list[object]
) -> None:
    assert resolve(session, array_of(base(name)), value) != f"{name}[]"


# Values that do not fit.


@pytest.mark.parametrize("name", ["int2", "int4", "int8", "oid", "float4"])
@pytest.mark.parametrize("value", [2**80, -(2**80)], ids=["large", "small"])
def test_a_number_that_does_not_fit_is_refused_by_the_server(
    session: psycopg.Connection[Any], name: str, value: int
) -> None:
    value *= 2**60 if name == "float4" else 1

    with pytest.raises(psycopg.errors.NumericValueOutOfRange) as caught:
        resolve(session, base(name), send(base(name), value))

    assert caught.value.__notes__ == ["in query types.probe (queries/types.sql:1)"]


@pytest.mark.parametrize("name", ["int2", "int4", "int8", "oid"])
def test_an_array_with_a_number_that_does_not_fit_is_refused(
    session: psycopg.Connection[Any], name: str
) -> None:
    type_ = array_of(base(name))

    with pytest.raises(psycopg.errors.NumericValueOutOfRange):
        resolve(session, type_, send(type_, [1, None, 2**80]))


@pytest.mark.parametrize("name", ["time", "timestamp", "tsrange", "tsmultirange"])
def test_a_time_zone_is_refused_where_there_is_none(name: str) -> None:
    value = {
        "time": NOON.time().replace(tzinfo=datetime.UTC),
        "timestamp": NOON.replace(tzinfo=datetime.UTC),
        "tsrange": Range(NOON.replace(tzinfo=datetime.UTC), None),
        "tsmultirange": [Range(None, NOON.replace(tzinfo=datetime.UTC))],
    }[name]

    with pytest.raises(psycopg.DataError, match="has a time zone"):
        send(base(name), value)
