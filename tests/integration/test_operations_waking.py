"""Whoever listens hears of new work, and only of new work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest
from operations_queue_races import Connection, claimed_job

from datalayer.domains.operations import (
    NewJob,
    claim_due_jobs,
    complete_job,
    fail_job,
    reclaim_expired_jobs,
    replay_dead_letter,
    schedule_job,
    schedule_jobs,
    schedule_without_conflict,
)

pytest_plugins = ["automation_fixtures"]
pytestmark = pytest.mark.postgres

_PLAIN = "INSERT INTO assistly_queue_jobs (platform, content, scheduled_at) "
_END = "end"
LEASE = timedelta(seconds=30)


@pytest.fixture
def session(native_url: str) -> Iterator[Connection]:
    with psycopg.connect(native_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def listener(native_url: str) -> Iterator[Connection]:
    with psycopg.connect(native_url, autocommit=True) as connection:
        connection.execute("LISTEN assistly_queue")
        yield connection


def heard(session: Connection, listener: Connection) -> int:
    """Return how often the listener was woken until now."""
    session.execute("SELECT pg_notify('assistly_queue', %s)", (_END,))
    calls = 0
    for notification in listener.notifies():
        if notification.payload == _END:
            break
        calls += 1
    return calls


def insert_plainly(session: Connection) -> None:
    session.execute(_PLAIN + "VALUES ('x', 'hello', now())")


def insert_many_in_one_statement(session: Connection) -> None:
    session.execute(_PLAIN + "SELECT 'x', 'hello', now() FROM generate_series(1, 100)")


def copy_jobs(session: Connection) -> None:
    copy = "COPY assistly_queue_jobs (platform, content, scheduled_at) FROM STDIN"
    with session.cursor().copy(copy) as lines:
        lines.write("x\thello\t2026-01-01\n" * 10)


def schedule(session: Connection) -> None:
    schedule_job(session, platform="x", content="hello")


def schedule_many(session: Connection) -> None:
    schedule_jobs(session, new_jobs=[NewJob("x", "hello")] * 10)


def schedule_with_a_gap(session: Connection) -> None:
    [at] = session.execute("SELECT now()").fetchone() or [None]
    schedule_without_conflict(
        session, platform="x", content="hello", scheduled_at=at, min_gap=LEASE
    )


def replay(session: Connection) -> None:
    dead = session.execute(
        "SELECT id FROM assistly_queue_jobs WHERE status = 'dead_letter'"
    ).fetchone()
    assert dead is not None
    replay_dead_letter(session, job_id=dead[0])


@pytest.mark.parametrize(
    "act",
    [
        insert_plainly,
        insert_many_in_one_statement,
        copy_jobs,
        schedule,
        schedule_many,
        schedule_with_a_gap,
        replay,
    ],
    ids=lambda act: act.__name__,
)
def test_new_work_wakes_once(
    session: Connection, listener: Connection, act: Callable[[Connection], None]
) -> None:
    dead = claimed_job(session)
    fail_job(session, job_id=dead.id, attempt_token=1, error="no", max_attempts=1)
    assert heard(session, listener) == 1

    act(session)

    assert heard(session, listener) == 1


def test_work_itself_wakes_nobody(session: Connection, listener: Connection) -> None:
    job = claimed_job(session)
    heard(session, listener)

    reclaim_expired_jobs(session, now=job.locked_until)
    [again] = claim_due_jobs(
        session, worker="w", limit=1, lease=LEASE, now=job.locked_until
    )
    complete_job(session, job_id=job.id, attempt_token=again.attempt_token)

    assert heard(session, listener) == 0


def test_what_is_rolled_back_wakes_nobody(
    session: Connection, listener: Connection
) -> None:
    with session.transaction(force_rollback=True):
        schedule(session)

    assert heard(session, listener) == 0
