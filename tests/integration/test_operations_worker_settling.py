"""What an attempt came to is found out when the answer to its end was lost."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from operations_workers import quiet_settings, schedule

from datalayer.domains.operations.worker import AttemptEnded
from datalayer.domains.operations.worker.handling import Handled
from datalayer.domains.operations.worker.leases import prolong
from datalayer.domains.operations.worker.runs import Run, new_run
from datalayer.domains.operations.worker.settling import settle
from datalayer.migrate import migrate
from datalayer.queries.operations.queue import get_job, remove_job
from datalayer.queries.operations.queue_work import (
    claim_due_jobs,
    complete_job,
    fail_job,
    reclaim_expired_jobs,
)
from datalayer.server import Server, drop_database
from datalayer.server import database_url as url_of

MINUTE = timedelta(minutes=1)
NEXT_YEAR = datetime.now(UTC) + timedelta(days=365)
MIGRATIONS = Path(__file__).parents[2] / "migrations"
SETTINGS = quiet_settings(max_attempts=2)


def _claim(connection: psycopg.Connection) -> list[Run]:
    now = time.monotonic()
    jobs = claim_due_jobs(connection, worker="me", row_limit=10, lease=MINUTE)
    return [new_run(job, MINUTE, now) for job in jobs]


def _run(connection: psycopg.Connection, *, error: str | None = None) -> Run:
    """Return the run of a new job, whose handler has ended."""
    schedule(connection)
    (run,) = _claim(connection)
    remote_id = None if error else "there"
    run.handled = Handled(run.attempt, 5, remote_id, error)
    return run


def _settle(connection: psycopg.Connection, *runs: Run) -> list[AttemptEnded]:
    return [ended for _, ended in settle(connection, runs, SETTINGS)]


def test_completion_whose_answer_was_lost_is_posted(
    connection: psycopg.Connection,
) -> None:
    run = _run(connection)
    _settle(connection, run)

    (again,) = _settle(connection, run)

    assert again.outcome == "posted"


def test_failure_whose_answer_was_lost_counts_once(
    connection: psycopg.Connection,
) -> None:
    run = _run(connection, error="no")
    (first,) = _settle(connection, run)

    (again,) = _settle(connection, run)

    assert (again.outcome, again.retries) == ("retrying", 1)
    assert again.next_retry_at == first.next_retry_at
    job = get_job(connection, job_id=run.attempt.id)
    assert job is not None
    assert job.retries == 1


def test_last_failure_whose_answer_was_lost_is_a_dead_letter(
    connection: psycopg.Connection,
) -> None:
    schedule(connection)
    (first,) = _claim(connection)
    fail_job(
        connection,
        job_id=first.attempt.id,
        attempt_token=1,
        error="no",
        first_backoff=timedelta(0),
    )
    (run,) = _claim(connection)
    run.handled = Handled(run.attempt, 5, None, "no")
    _settle(connection, run)

    (again,) = _settle(connection, run)

    assert (again.outcome, again.retries) == ("dead_letter", 2)


@pytest.mark.parametrize("error", [None, "no"], ids=["posted", "failed"])
def test_reclaimed_attempt_is_lost(
    connection: psycopg.Connection, error: str | None
) -> None:
    schedule(connection)
    (run,) = _claim(connection)
    run.handled = Handled(run.attempt, 5, None, error)
    assert reclaim_expired_jobs(connection, now=NEXT_YEAR)

    (ended,) = _settle(connection, run)

    assert ended.outcome == "lost"
    job = get_job(connection, job_id=run.attempt.id)
    assert job is not None
    assert (job.status, job.retries) == ("scheduled", 0)


@pytest.mark.parametrize("error", [None, "no"], ids=["posted", "failed"])
def test_attempt_at_a_removed_job_is_lost(
    connection: psycopg.Connection, error: str | None
) -> None:
    run = _run(connection, error=error)
    remove_job(connection, job_id=run.attempt.id, force=True)

    (ended,) = _settle(connection, run)

    assert ended.outcome == "lost"


def test_overtaken_attempt_is_lost_though_the_next_one_posts(
    connection: psycopg.Connection,
) -> None:
    schedule(connection)
    (old,) = _claim(connection)
    reclaim_expired_jobs(connection, now=NEXT_YEAR)
    (new,) = _claim(connection)
    other = _run(connection)
    for run in (old, new):
        run.handled = Handled(run.attempt, 5, "there", None)

    ends = _settle(connection, old, new, other)

    assert [end.outcome for end in ends] == ["lost", "posted", "posted"]


def test_many_are_settled_together(connection: psycopg.Connection) -> None:
    posted = [_run(connection) for _ in range(3)]
    failed = _run(connection, error="no")
    done_before = _run(connection)
    complete_job(connection, job_id=done_before.attempt.id, attempt_token=1)
    running = Run(posted[0].attempt, timedelta(0))

    ends = _settle(connection, *posted, failed, done_before, running)

    assert [end.outcome for end in ends] == [*["posted"] * 3, "retrying", "posted"]


def test_prolonging_tells_a_running_attempt_that_it_is_lost(
    connection: psycopg.Connection,
) -> None:
    schedule(connection, 2)
    kept, gone = _claim(connection)
    remove_job(connection, job_id=gone.attempt.id, force=True)

    prolong(connection, [kept, gone], MINUTE)

    assert (kept.attempt.is_current(), gone.attempt.is_current()) == (True, False)


def test_prolonging_leaves_alone_what_may_be_settled_already(
    connection: psycopg.Connection,
) -> None:
    run = _run(connection)
    _settle(connection, run)

    prolong(connection, [run], MINUTE)
    (again,) = _settle(connection, run)

    assert again.outcome == "posted"


def test_database_without_some_characters_gets_them_escaped(server: Server) -> None:
    name = "latin_queue"
    with psycopg.connect(server.url(), autocommit=True) as keeper:
        keeper.execute(
            f"CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0"
            " LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    url = url_of(server.url(), name)
    try:
        migrate(url, MIGRATIONS, components=["operations"])
        with psycopg.connect(url, client_encoding="utf8") as connection:
            runs = [_run(connection), _run(connection, error="no \u2603")]
            runs[0].handled = Handled(runs[0].attempt, 5, "caf\u00e9 \u2603")
            other = _run(connection)
            connection.commit()
            connection.autocommit = True
            ends = _settle(connection, *runs, other)
            jobs = [get_job(connection, job_id=run.attempt.id) for run in runs]
    finally:
        drop_database(server.url(), name)

    assert [end.outcome for end in ends] == ["posted", "retrying", "posted"]
    assert jobs[0] is not None
    assert jobs[0].remote_id == r"caf\xe9 \u2603"
    assert jobs[1] is not None
    assert jobs[1].last_error == r"no \u2603"
