"""Each step of the conversations domain: fresh, over rows, again, and to the end."""

from __future__ import annotations

import psycopg
import pytest

from conversations_backfill_model import after_step
from conversations_filling import SEED, fill
from conversations_ladder import Ladder, migrate_to
from conversations_steps import (
    LAST,
    STEPS,
    THOROUGH,
    assert_rows,
    fingerprint,
    read_tables,
    run_plainly,
    run_psql,
)
from conversations_traffic import make_requests
from datalayer.server import scratch_database
from schema_dump import dump_schema

pytest_plugins = ["conversations_step_fixtures"]
pytestmark = pytest.mark.postgres

#: From which steps a filled database is taken to the end: all, or a few of each kind.
_FROM = range(LAST) if THOROUGH else (2, 7, 12)
_REPEATABLE = [
    number
    for number, file in enumerate(STEPS)
    if "\n-- Safe to run again.\n" in file.read_text()
]


def test_the_steps_are_the_fifteen() -> None:
    assert [file.stem for file in STEPS] == [
        "000_init_requests",
        "001_add_conversation_columns",
        "002_add_conversation_indexes",
        "003_add_subtasks",
        "004_add_window_indexes",
        "005_add_account_id",
        "006_add_system_hash",
        "007_add_parent_request_id",
        "008_inherit_conversations",
        "009_add_response_index",
        "010_add_temporal_indexes",
        "011_add_analyses",
        "012_rename_domain_to_train_id",
        "013_add_trains",
        "014_add_train_members",
    ]


def test_what_creates_tables_alone_need_not_run_again() -> None:
    assert set(range(LAST + 1)) - set(_REPEATABLE) == {0, 11, 13}


def test_all_at_once_is_one_by_one(ladder: Ladder) -> None:
    with scratch_database(ladder.server.url()) as url:
        migrate_to(url, ladder.folder, LAST)

        assert dump_schema(url) == ladder.schema(LAST)


def test_psql_builds_what_the_runner_builds(ladder: Ladder) -> None:
    with scratch_database(ladder.server.url()) as url:
        # The runner's own table first, so that the schemas can be compared.
        migrate_to(url, ladder.folder, 0)
        run_psql(url, *STEPS[1:])

        assert dump_schema(url) == ladder.schema(LAST)


@pytest.mark.parametrize("step", range(1, LAST + 1))
def test_step_keeps_each_row_and_can_be_run_again_where_it_says_so(
    ladder: Ladder, step: int
) -> None:
    file = STEPS[step]
    with ladder.clone(ladder.filled(step - 1)) as url:
        run_plainly(url, file)
        assert_rows(read_tables(url), after_step(step, ladder.rows_before(step - 1)))

        if step in _REPEATABLE:
            once = fingerprint(url)
            run_plainly(url, file, file)
            assert fingerprint(url) == once
        assert dump_schema(url) == ladder.schema(step)


def test_the_runner_takes_a_filled_database_to_the_end(ladder: Ladder) -> None:
    expected = ladder.rows_before(0)
    for step in range(1, LAST + 1):
        expected = after_step(step, expected)

    with ladder.clone(ladder.filled(0)) as url:
        migrate_to(url, ladder.folder, LAST)

        assert_rows(read_tables(url), expected)
        assert dump_schema(url) == ladder.schema(LAST)


def test_rows_of_every_step_reach_the_end(ladder: Ladder) -> None:
    """A database that was in use after each step, and never empty."""
    with (
        ladder.clone(ladder.filled(0)) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        for step, file in enumerate(STEPS[1:], start=1):
            run_plainly(url, file)
            fill(connection, step, seed=100 + step, conversations=1)
        found = connection.execute("SELECT request_id FROM api_requests").fetchall()

        seeds = {100 + step for step in range(1, LAST + 1)}
        stored = [row for s in seeds for row in make_requests(s, conversations=1)]
        stored += make_requests(SEED)
        assert {row["request_id"] for row in stored} == {id for (id,) in found}
        assert dump_schema(url) == ladder.schema(LAST)


@pytest.mark.parametrize("step", _FROM)
def test_database_that_is_filled_at_a_step_reaches_the_end(
    ladder: Ladder, step: int
) -> None:
    with ladder.clone(ladder.filled(step)) as url:
        run_plainly(url, *STEPS[step + 1 :])

        assert dump_schema(url) == ladder.schema(LAST)
