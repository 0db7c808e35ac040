"""A value of a class that `@type` names survives the way to PostgreSQL and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import document_classes
import psycopg
import pytest
from document_classes import VALUES, Meta
from hypothesis import given, settings
from hypothesis import strategies as st

from datalayer.runtime import (
    ArrayForm,
    BuiltinForm,
    Query,
    array,
    fetch_one,
    json_,
    json_array,
    json_type,
    json_value,
    jsonb,
)
from datalayer.server import Server, scratch_database

SENDERS = {"json": json_, "jsonb": jsonb}
every_class = pytest.mark.parametrize("name", sorted(VALUES))


@pytest.fixture(scope="module")
def session(server: Server) -> Iterator[psycopg.Connection[Any]]:
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        yield connection


def echo(name: str, type_name: str, *, many: bool = False) -> Query[Any]:
    """Return a query that returns its only parameter, as it would be generated."""
    reader = json_type(
        getattr(document_classes, name), f"document_classes.{name}", validated=True
    )
    return Query(
        name="documents.echo",
        source="queries/documents.sql:1",
        sql=f"SELECT $1::{type_name}{'[]' if many else ''}",  # type: ignore[arg-type,unused-ignore]
        convert=((0, json_array(reader) if many else reader),),
    )


@every_class
@pytest.mark.parametrize("type_name", sorted(SENDERS))
@settings(max_examples=8)
@given(data=st.data())
def test_a_document_comes_back(
    session: psycopg.Connection[Any], type_name: str, name: str, data: st.DataObject
) -> None:
    value = data.draw(VALUES[name])

    found = fetch_one(session, echo(name, type_name), (SENDERS[type_name](value),))

    assert found == value
    assert type(found) is type(value)


def test_json_in_other_values_is_read_beside_a_class(
    session: psycopg.Connection[Any],
) -> None:
    query: Query[Any] = Query(
        name="documents.mixed",
        source="queries/documents.sql:1",
        sql="SELECT '{\"author\": 1}'::jsonb, ARRAY['{\"b\": 1}'::jsonb], 'null'::json",
        row=lambda *values: values,
        convert=((0, json_type(Meta, "document_classes.Meta")), (2, json_value)),
        decode=((1, ArrayForm(BuiltinForm("jsonb"))),),
    )

    assert fetch_one(session, query) == ({"author": 1}, [{"b": 1}], None)


@every_class
@settings(max_examples=6)
@given(data=st.data())
def test_an_array_of_documents_comes_back(
    session: psycopg.Connection[Any], name: str, data: st.DataObject
) -> None:
    values = data.draw(st.lists(st.none() | VALUES[name], max_size=3))

    query = echo(name, "jsonb", many=True)
    found = fetch_one(session, query, (array(jsonb, values),))

    assert found == values
