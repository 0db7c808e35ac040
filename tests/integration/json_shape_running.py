"""Runs queries that make documents, on hostile rows and on none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from json_shape_cases import ROWS, SCHEMA
from json_shape_reading import misfits

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


@contextmanager
def open_databases(server: Server) -> Iterator[Databases]:
    """Create the two databases, and drop them afterwards."""
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


def shape_of(databases: Databases, query: str) -> JsonShape:
    """Return what is said of the only column of a query.

    Raises `ValueError` when PostgreSQL refuses the query.
    """
    described = describe(databases.full, query)
    if not isinstance(described, Description):
        raise ValueError(described.message)
    (found,) = infer(
        databases.full, query, described.parameter_oids, catalog=databases.catalog
    ).documents
    return found or ANYTHING


def untrue(
    databases: Databases,
    query: str,
    values: Sequence[object] = (),
    *,
    of_arrays: bool = False,
) -> list[str]:
    """Return what the documents of both databases contradict.

    `of_arrays`: the column holds arrays of documents.
    """
    shape = shape_of(databases, query)
    return [
        misfit
        for connection in (databases.full, databases.empty)
        for value in _values(connection, query, values)
        for document in (value if of_arrays else [value])
        for misfit in misfits(document, shape)
    ]


def _values(connection: Connection, query: str, values: Sequence[object]) -> list[Any]:
    """Return all values of a query that are not NULL; what it changes goes."""
    with connection.transaction(force_rollback=True):
        cursor = psycopg.RawCursor(connection)
        rows = cursor.execute(query.encode(), values).fetchall()
    return [value for (value,) in rows if value is not None]
