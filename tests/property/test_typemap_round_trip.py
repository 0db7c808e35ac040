"""A value of any mapped type survives the way to PostgreSQL and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from type_values import TEXTS, VALUES, array_of, base, conforms, echo, same, send

from datalayer.codegen.rendering.typemap import result_type
from datalayer.runtime import fetch_one
from datalayer.server import Server, scratch_database

ALL = {**TEXTS, **VALUES}
WITH_VALUES = [name for name, values in ALL.items() if not values.is_empty]
every_type = pytest.mark.parametrize("name", sorted(WITH_VALUES))


@pytest.fixture(scope="module")
def session(server: Server) -> Iterator[psycopg.Connection[Any]]:
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        yield connection


@every_type
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_value_comes_back(
    session: psycopg.Connection[Any], name: str, data: st.DataObject
) -> None:
    type_ = base(name)
    value = data.draw(ALL[name])

    found = fetch_one(session, echo(type_), (send(type_, value),))

    assert same(type_, found, value)
    assert conforms(found, result_type(type_, {}))


@every_type
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_an_array_comes_back(
    session: psycopg.Connection[Any], name: str, data: st.DataObject
) -> None:
    type_ = array_of(base(name))
    value = data.draw(st.lists(ALL[name] | st.none(), max_size=5))

    found = fetch_one(session, echo(type_), (send(type_, value),))

    assert same(type_, found, value)
    assert conforms(found, result_type(type_, {}, elements_nullable=True))


@every_type
def test_null_is_none(session: psycopg.Connection[Any], name: str) -> None:
    assert fetch_one(session, echo(base(name)), (send(base(name), None),)) is None
    array = array_of(base(name))
    assert fetch_one(session, echo(array), (send(array, None),)) is None


def test_each_type_of_the_server_has_values(session: psycopg.Connection[Any]) -> None:
    rows = session.execute(
        "SELECT typname FROM pg_type WHERE typtype IN ('b', 'r', 'm')"
        " AND typnamespace = 'pg_catalog'::regnamespace AND typarray <> 0"
    )

    assert {name for (name,) in rows} - set(ALL) == set()
