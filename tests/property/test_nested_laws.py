"""Nested rows are the flat ones, regrouped."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from nested_model import LEVELS, QUERIES, SCHEMA, WORLDS, World, regroup
from nested_mutants import MUTANTS
from psycopg.rows import dict_row

from datalayer.runtime import Nest, Query
from datalayer.runtime.nesting import Row, build_nested
from datalayer.server import Server, scratch_database
from query_modules import Modules, load_modules

_LAW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
_QUICK = settings(
    _LAW,
    max_examples=300,
    phases=(Phase.generate,),
    report_multiple_bugs=False,
    derandomize=True,
    database=None,
)


@pytest.fixture(scope="module")
def url(server: Server) -> Iterator[str]:
    with scratch_database(server.url()) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(SCHEMA.encode())
        yield url


@pytest.fixture(scope="module")
def modules(url: str, tmp_path_factory: pytest.TempPathFactory) -> Modules:
    folder = tmp_path_factory.mktemp("nested")
    return load_modules(url, folder, QUERIES, package="nested_laws")


@pytest.fixture(scope="module")
def connection(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def test_nested_rows_are_flat_rows_regrouped(
    connection: psycopg.Connection, modules: Modules
) -> None:
    @given(world=WORLDS)
    @_LAW
    def insist(world: World) -> None:
        with connection.transaction(force_rollback=True):
            _fill(connection, world)
            for name, level in LEVELS.items():
                function = getattr(modules.sync, name)
                found = function(connection, salt=world.salt)
                flat = _flat(connection, modules, name, world)
                assert list(map(dataclasses.asdict, found)) == regroup(level, flat)

    insist()


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_the_law_notices(
    connection: psycopg.Connection, modules: Modules, name: str
) -> None:
    build = MUTANTS[name]

    @given(world=WORLDS)
    @_QUICK
    def insist(world: World) -> None:
        with connection.transaction(force_rollback=True):
            _fill(connection, world)
            for query in LEVELS:
                flat = _flat(connection, modules, query, world)
                rows = [tuple(row.values()) for row in flat]
                nest = _query(modules, query).nest
                assert nest is not None
                assert _built(build, nest, rows) == build_nested(nest, rows)

    with pytest.raises(AssertionError):
        insist()


def _built(
    build: Callable[[Nest, Sequence[Row]], list[Any]], nest: Nest, rows: Sequence[Row]
) -> list[Any]:
    return build(nest, rows)


def _query(modules: Modules, name: str) -> Query[Any]:
    found: Query[Any] = getattr(modules.sync, name.upper())
    return found


def _flat(
    connection: psycopg.Connection, modules: Modules, name: str, world: World
) -> list[dict[str, Any]]:
    with psycopg.RawCursor(connection, row_factory=dict_row) as cursor:
        cursor.execute(_query(modules, name).sql, [world.salt])
        return cursor.fetchall()


def _fill(connection: psycopg.Connection, world: World) -> None:
    with connection.cursor() as cursor:
        for table, rows in world.tables.items():
            for row in rows:
                marks = ", ".join(["%s"] * len(row))
                cursor.execute(f"INSERT INTO {table} VALUES ({marks})".encode(), row)
