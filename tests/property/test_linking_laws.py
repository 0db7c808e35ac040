"""Linking rebuilds the tree that requests were made in."""

from __future__ import annotations

import os

import psycopg
import pytest
from conversation_laws import (
    insist_in_database,
    insist_in_memory,
    insist_on_late_ones,
    insist_with_two_writers,
)
from conversation_worlds import STEPS, Step, StepKind
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

#: How many times the usual number of examples to try.
THOROUGHNESS = int(os.environ.get("DATALAYER_CONVERSATIONS_EXAMPLES", "1"))

_SEEDS = st.integers(0, 2**32)


def _step(kind: StepKind, tasks: int = 0) -> Step:
    return Step(kind, pick=0, variant=0, wait=0, tasks=tasks)


#: A sub-task is there before its origin, which moves while its repetition is linked.
_MOVING = [
    *[_step("begin")] * 5,
    _step("summary", tasks=1),
    _step("task"),
    _step("retry"),
]


@given(steps=STEPS, seed=_SEEDS)
@settings(max_examples=250 * THOROUGHNESS)
def test_any_order_that_respects_time_gives_the_tree(
    steps: list[Step], seed: int
) -> None:
    insist_in_memory(steps, seed)


@given(steps=STEPS, seed=_SEEDS)
@settings(max_examples=100 * THOROUGHNESS)
def test_any_order_at_all_gives_the_tree(steps: list[Step], seed: int) -> None:
    insist_in_memory(steps, seed, is_late=True)


@pytest.mark.parametrize("batch", [1, 4, 100], ids=["single", "few", "many"])
def test_the_database_has_the_tree(database_url: str, batch: int) -> None:
    @example(steps=_MOVING, seed=0)
    @given(steps=STEPS, seed=_SEEDS)
    @settings(
        max_examples=20 * THOROUGHNESS,
        suppress_health_check=[HealthCheck.too_slow],
    )
    def insist(steps: list[Step], seed: int) -> None:
        insist_in_database(connection, steps, seed, batch=batch)

    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET TimeZone = 'Pacific/Chatham'")
        insist()


def test_two_writers_store_the_tree(database_url: str) -> None:
    @given(steps=STEPS, seed=_SEEDS)
    @settings(
        max_examples=15 * THOROUGHNESS,
        suppress_health_check=[HealthCheck.too_slow],
    )
    def insist(steps: list[Step], seed: int) -> None:
        insist_with_two_writers([one, other], steps, seed)

    with (
        psycopg.connect(database_url, autocommit=True) as one,
        psycopg.connect(database_url, autocommit=True) as other,
    ):
        insist()


def test_what_is_stored_late_finds_its_place(database_url: str) -> None:
    @given(steps=STEPS, seed=_SEEDS)
    @settings(
        max_examples=15 * THOROUGHNESS,
        suppress_health_check=[HealthCheck.too_slow],
    )
    def insist(steps: list[Step], seed: int) -> None:
        insist_on_late_ones(connection, steps, seed)

    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET TimeZone = 'Pacific/Chatham'")
        insist()
