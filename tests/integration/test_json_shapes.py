"""What is said of documents is true of those that PostgreSQL makes of hostile rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from json_shape_cases import CASES, ROWS, SCHEMA, ShapeCase
from json_shape_mutants import MUTANTS
from json_shape_reading import misfits, spelled

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.describe import Description, describe
from datalayer.codegen.inference import infer
from datalayer.json_shapes import ANYTHING, JsonShape
from datalayer.server import Server, scratch_database

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Databases:
    """One database full of hostile rows, and one of the same schema without any."""

    full: Connection
    empty: Connection
    catalog: Catalog


@pytest.fixture(scope="module")
def databases(server: Server) -> Iterator[Databases]:
    with (
        scratch_database(server.url()) as full,
        scratch_database(server.url()) as empty,
        psycopg.connect(full, autocommit=True, prepare_threshold=None) as first,
        psycopg.connect(empty, autocommit=True, prepare_threshold=None) as second,
    ):
        for opened in (first, second):
            opened.execute(SCHEMA.encode())
        first.execute(ROWS.encode())
        yield Databases(first, second, Catalog(first))


def _shape(databases: Databases, case: ShapeCase) -> JsonShape:
    described = describe(databases.full, case.query)
    assert isinstance(described, Description)
    (found,) = infer(
        databases.full, case.query, described.parameter_oids, catalog=databases.catalog
    ).documents
    return found or ANYTHING


def _documents(connection: Connection, case: ShapeCase) -> list[Any]:
    """Return all documents of a query that are not NULL; what it changes goes."""
    query = case.query.replace("%", "%%")
    with connection.transaction(force_rollback=True):
        cursor = psycopg.RawCursor(connection)
        rows = cursor.execute(query.encode(), case.values).fetchall()
    values = [value for (value,) in rows if value is not None]
    return [each for value in values for each in _members(case, value)]


def _members(case: ShapeCase, value: Any) -> list[Any]:  # noqa: ANN401 - a document
    return value if case.name.startswith("array-of-documents") else [value]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_shape_is_as_expected(case: ShapeCase, databases: Databases) -> None:
    assert spelled(_shape(databases, case)) == case.expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_shape_is_true_of_the_rows(case: ShapeCase, databases: Databases) -> None:
    assert _untrue(databases, case) == []


def _untrue(databases: Databases, case: ShapeCase) -> list[str]:
    """Return what the documents of both databases contradict."""
    shape = _shape(databases, case)
    return [
        misfit
        for connection in (databases.full, databases.empty)
        for document in _documents(connection, case)
        for misfit in misfits(document, shape)
    ]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_broken_version_is_contradicted(
    mutant: Callable[[pytest.MonkeyPatch], None],
    databases: Databases,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = {case.name: case for case in CASES}
    catalog = Catalog(databases.full)

    mutant(monkeypatch)

    for name in MUTANTS[mutant]:
        assert _untrue(replace(databases, catalog=catalog), named[name]) != [], name
