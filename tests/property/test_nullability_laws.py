"""Attacks the inference with random queries over random rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from nullability_queries import random_query
from nullability_tables import SCHEMA, random_rows
from psycopg.types.string import TextLoader

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.inference import calls, infer, joins, narrow, sources
from datalayer.codegen.inference.outcomes import ANY
from datalayer.model import Inference
from datalayer.server import Server, scratch_database

#: Enough random queries for any of the broken versions below to be noticed.
ATTEMPTS = 1500


@dataclass(frozen=True, slots=True)
class Target:
    connection: psycopg.Connection[Any]
    catalog: Catalog


@pytest.fixture(scope="module")
def target(server: Server) -> Iterator[Target]:
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection,
    ):
        # The JSON value null is a value, and no NULL.
        connection.adapters.register_loader("jsonb", TextLoader)
        connection.execute(SCHEMA)
        connection.execute("SET statement_timeout = '5s'")
        yield Target(connection, Catalog(connection))


def lie_about(query: str, inferred: Inference, target: Target, random: Random) -> str:
    """Run a query on random rows; return what contradicts the inference, or nothing."""
    connection = target.connection
    with connection.transaction(force_rollback=True):
        for statement in random_rows(random):
            try:
                with connection.transaction():
                    connection.execute(statement.encode())
            except psycopg.errors.IntegrityError:
                continue
        try:
            with connection.transaction():
                rows = connection.execute(query.encode()).fetchall()
        except psycopg.errors.DataError:
            return ""
    return _contradiction(rows, inferred)


def _contradiction(rows: list[tuple[object, ...]], inferred: Inference) -> str:
    if inferred.row_count.at_most_one and len(rows) > 1:
        return "more than one row"
    if inferred.row_count.at_least_one and not rows:
        return "no row"
    for row in rows:
        for number, (value, column) in enumerate(
            zip(row, inferred.columns, strict=True)
        ):
            if value is None and not column.nullable:
                return f"NULL in column {number}"
            if (
                isinstance(value, list)
                and None in value
                and not column.elements_nullable
            ):
                return f"NULL as an element of column {number}"
    return ""


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.integers(0, 2**32))
def test_random_query_never_contradicts_its_inference(
    target: Target, seed: int
) -> None:
    random = Random(seed)
    query = random_query(random)
    inferred = infer(target.connection, query, [], catalog=target.catalog)
    assume(not inferred.unknown)

    assert not lie_about(query, inferred, target, random)


def _ignore_nulling_joins(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sources, "nulling_sides", lambda node, scope: [])


def _take_left_join_conditions_as_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(joins, "_join_conditions", lambda node, world, found: True)


def _aggregate_over_rows_that_never_came(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(calls, "has_rows", lambda environment: True)


def _prove_by_anything_but_null(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(narrow, "TRUE", ANY)


@pytest.mark.parametrize(
    "mutate",
    [
        _ignore_nulling_joins,
        _take_left_join_conditions_as_proof,
        _aggregate_over_rows_that_never_came,
        _prove_by_anything_but_null,
    ],
    ids=lambda mutate: mutate.__name__.strip("_"),
)
def test_random_queries_notice_a_broken_rule(
    mutate: Callable[[pytest.MonkeyPatch], None],
    target: Target,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mutate(monkeypatch)

    assert any(_lies(seed, target) for seed in range(ATTEMPTS))


def _lies(seed: int, target: Target) -> bool:
    random = Random(seed)
    query = random_query(random)
    inferred = infer(target.connection, query, [], catalog=target.catalog)
    return not inferred.unknown and bool(lie_about(query, inferred, target, random))
