"""What a generated function writes, another one reads: all types in one row."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from type_values import TEXTS, VALUES, base, same

from datalayer.model import SqlType, TypeKind
from datalayer.server import Server, scratch_database

CASE = Path(__file__).resolve().parents[1] / "golden" / "modules" / "types"

# What is not called like its type, and what the schema narrows.
_OTHERS: dict[str, st.SearchStrategy[Any]] = {
    "a_char": st.text("abc", min_size=3, max_size=3),
    "a_citext": TEXTS["text"],
    "a_domain": st.integers(1, 100),
    "a_varchar": st.text("abc", max_size=10),
}
_ELEMENTS = {
    "bytes": "bytea",
    "citexts": "text",
    "dates": "date",
    "composites": "composite",
    "domains": "int4",
    "floats": "float8",
    "inets": "inet",
    "numbers": "int4",
    "numerics": "numeric",
    "ranges": "tstzrange",
    "texts": "text",
    "times": "timestamptz",
    "uuids": "uuid",
}


@pytest.fixture(scope="module")
def sample() -> Iterator[ModuleType]:
    """The generated module of the case, imported for this test only."""
    sys.path.insert(0, str(CASE))
    try:
        yield importlib.import_module("expected.sample")
    finally:
        sys.path.remove(str(CASE))
        for name in [n for n in sys.modules if n.partition(".")[0] == "expected"]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def session(server: Server) -> Iterator[psycopg.Connection[Any]]:
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url) as connection,
    ):
        connection.execute((CASE / "schema.sql").read_bytes())
        connection.commit()
        yield connection


def type_of(column: str) -> SqlType:
    """Return the type as which the values of a column are compared."""
    if column in _ELEMENTS:
        return SqlType("", kind=TypeKind.ARRAY, element=base(_ELEMENTS[column]))
    return base(column.removeprefix("a_"))


def values_of(column: str, point: type[Any]) -> st.SearchStrategy[Any]:
    """Return the values of a column, the composite ones of a class."""
    points = st.builds(point, *[st.none() | st.floats(allow_nan=False)] * 3)
    if column == "a_composite":
        return points
    if column == "composites":
        return st.lists(st.none() | points)
    if column == "domains":
        return st.lists(st.integers(1, 100))
    if column in _ELEMENTS:
        name = _ELEMENTS[column]
        return st.lists({**TEXTS, **VALUES}[name], max_size=3)
    if column in _OTHERS:
        return _OTHERS[column]
    return {**TEXTS, **VALUES}[column.removeprefix("a_")]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_row_of_all_types_comes_back(
    session: psycopg.Connection[Any], sample: ModuleType, data: st.DataObject
) -> None:
    columns = [name for name in sample.Sample.__slots__ if name != "id"]
    written = {
        name: data.draw(st.none() | values_of(name, sample.Point3d)) for name in columns
    }

    with session.transaction(force_rollback=True):
        sample.create_sample(session, id=1, **written)
        (row,) = sample.list_samples(session)

    assert row.id == 1
    for name in columns:
        assert same(type_of(name), getattr(row, name), written[name]), name
