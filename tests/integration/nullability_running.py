"""Runs a query on hostile rows, and notes what really comes back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from nullability_traps import ROWS, WORLDS, schema
from psycopg.types.string import TextLoader

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.inference.conclusion import RULES, infer
from datalayer.codegen.inference.outcomes import Rules
from datalayer.model import Inference
from datalayer.server import Server, scratch_database

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Databases:
    """One database full of hostile rows, and one of the same schema without any."""

    full: Connection
    empty: Connection
    catalog: Catalog
    #: Statements that change the rows before a further run of a query.
    worlds: tuple[str, ...] = ()

    @property
    def major(self) -> int:
        """Return the major version of the server."""
        return self.full.info.server_version // 10_000


@dataclass(frozen=True, slots=True)
class Observation:
    """What came back in all runs of a query."""

    #: For each column whether NULL came back, and whether as the element of an array.
    nulls: tuple[bool, ...]
    null_elements: tuple[bool, ...]
    fewest: int
    most: int


@contextmanager
def open_databases(
    server: Server,
    *,
    tables: str | None = None,
    rows: str = ROWS,
    worlds: tuple[str, ...] = WORLDS,
) -> Iterator[Databases]:
    """Create the two databases, and drop them afterwards."""
    with (
        scratch_database(server.url()) as full,
        scratch_database(server.url()) as empty,
        _connect(full) as first,
        _connect(empty) as second,
    ):
        for opened in (first, second):
            opened.execute((tables or schema(server.major)).encode())
        first.execute(rows.encode())
        yield Databases(first, second, Catalog(first), worlds)


def _connect(url: str) -> Connection:
    opened: Connection = psycopg.connect(url, autocommit=True, prepare_threshold=None)
    # The JSON value null is a value, and no NULL; Python has no infinite times.
    for name in ("json", "jsonb", "date", "timestamp", "timestamptz"):
        opened.adapters.register_loader(name, TextLoader)
    return opened


def infer_case(databases: Databases, query: str, *, rules: Rules = RULES) -> Inference:
    """Return what is concluded about a query."""
    types = describe(databases.full, query)
    catalog = databases.catalog
    return infer(databases.full, query, types, catalog=catalog, rules=rules)


def describe(connection: Connection, query: str) -> list[int]:
    """Return the types of a query's parameters, as the server sees them."""
    prepared = connection.pgconn.prepare(b"", query.encode())
    assert not prepared.error_message, prepared.error_message.decode()
    described = connection.pgconn.describe_prepared(b"")
    return [described.param_type(index) for index in range(described.nparams)]


def observe(
    databases: Databases, query: str, values: Sequence[tuple[object, ...]] = ((),)
) -> Observation:
    """Run a query with each tuple of values in every world."""
    worlds = [(databases.full, world) for world in ("", *databases.worlds)]
    runs = [
        _run(connection, world, query, arguments)
        for connection, world in (*worlds, (databases.empty, ""))
        for arguments in values
    ]
    width = len(runs[0].nulls)
    return Observation(
        nulls=tuple(any(run.nulls[i] for run in runs) for i in range(width)),
        null_elements=tuple(
            any(run.null_elements[i] for run in runs) for i in range(width)
        ),
        fewest=min(run.fewest for run in runs),
        most=max(run.most for run in runs),
    )


def _run(
    connection: Connection, world: str, query: str, arguments: tuple[object, ...]
) -> Observation:
    with (
        connection.transaction(force_rollback=True),
        psycopg.RawCursor(connection) as cursor,
    ):
        if world:
            cursor.execute(world.encode())
        cursor.execute(query.encode(), arguments, prepare=False)
        if cursor.description is None:
            return Observation((), (), 0, 0)
        rows: list[tuple[object, ...]] = cursor.fetchall()
        width = len(cursor.description)
    return Observation(
        nulls=tuple(any(row[i] is None for row in rows) for i in range(width)),
        null_elements=tuple(
            any(_holds_null(row[i]) for row in rows) for i in range(width)
        ),
        fewest=len(rows),
        most=len(rows),
    )


def _holds_null(value: object) -> bool:
    return isinstance(value, list) and any(
        item is None or _holds_null(item) for item in value
    )
