"""Retention by many threads and processes at once."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier

import psycopg
import pytest

from datalayer.domains.operations import RetentionSettings, run_retention

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SETTINGS = RetentionSettings()
MINUTES = 20
TABLES = ("assistly_approvals", "assistly_idempotency", "assistly_nonces")


def take_turns(url: str, barrier: Barrier | None, _: int) -> list[int]:
    """Try to take the turn of each minute; return in which it was given."""
    taken = []
    with psycopg.connect(url, autocommit=True) as connection:
        if barrier:
            barrier.wait()
        for minute in range(MINUTES):
            now = NOW + minute * MINUTE
            if run_retention(connection, settings=SETTINGS, now=now) is not None:
                taken.append(minute)
    return taken


def test_of_many_threads_one_has_the_turn_of_a_minute(database_url: str) -> None:
    barrier = Barrier(16)
    with ThreadPoolExecutor(16) as pool:
        turns = list(pool.map(partial(take_turns, database_url, barrier), range(16)))

    # Whoever lags behind comes too early, by a clock of its own.
    taken = sorted(minute for each in turns for minute in each)
    assert taken == sorted(set(taken))
    assert taken[-1] == MINUTES - 1


def test_of_many_processes_one_has_the_turn_of_a_minute(database_url: str) -> None:
    run = partial(take_turns, database_url, None)
    with ProcessPoolExecutor(
        4, mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        turns = list(pool.map(run, range(4)))

    taken = sorted(minute for each in turns for minute in each)
    assert taken == sorted(set(taken))
    assert taken[-1] == MINUTES - 1


def test_by_the_clock_of_the_server_one_of_many_has_the_turn(
    database_url: str,
) -> None:
    barrier = Barrier(16)

    def run(_: int) -> bool:
        with psycopg.connect(database_url, autocommit=True) as connection:
            barrier.wait()
            return run_retention(connection, settings=SETTINGS) is not None

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(run, range(16))) == 1


def test_runs_at_once_neither_block_each_other_nor_count_a_row_twice(
    database_url: str,
) -> None:
    strict = RetentionSettings(1, 10, 1, 10, 1)
    fill = (
        "INSERT INTO assistly_approvals (id, status, created_at, decided_at, payload)"
        " SELECT i::text, 'approved', %(now)s - i * interval '5 min', %(now)s, '{}'"
        " FROM generate_series(1, 600) AS i",
        "INSERT INTO assistly_idempotency (key, state, saved_at, value)"
        " SELECT i::text, 'done', %(now)s - i * interval '5 min', '{}'"
        " FROM generate_series(1, 600) AS i",
        "INSERT INTO assistly_nonces SELECT i::text, i FROM generate_series(1, 600) i",
    )
    with psycopg.connect(database_url, autocommit=True) as connection:
        for statement in fill:
            connection.execute(statement, {"now": NOW})
    sizes = [1, 3, 7, 50, 1000, 2]
    barrier = Barrier(len(sizes))

    def run(size: int) -> int:
        with psycopg.connect(database_url, autocommit=True) as connection:
            barrier.wait()
            report = run_retention(
                connection, settings=strict, batch_size=size, force=True, now=NOW
            )
            assert report is not None
            return report.removed

    with ThreadPoolExecutor(len(sizes)) as pool:
        removed = sum(pool.map(run, sizes))

    with psycopg.connect(database_url) as connection:
        left = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            for table in TABLES
        ]
    assert left == [(10,), (10,), (0,)]
    assert removed == 590 + 590 + 600
