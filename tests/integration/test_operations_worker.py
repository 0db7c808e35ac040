"""A worker runs its handler once for each job, at its time."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from operations_workers import (
    HOUR,
    PATIENCE,
    quiet_settings,
    read,
    schedule,
    working,
)

from datalayer.domains.operations.retention_settings import RetentionSettings
from datalayer.domains.operations.worker import (
    Attempt,
    Handler,
    RetentionRun,
    Stop,
    run_worker,
)
from datalayer.queries.operations.nonce import register_nonce
from datalayer.queries.operations.queue import schedule_job
from server_processes import await_true

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def post(job: Attempt) -> str:
    return f"remote-{job.id}"


async def post_later(job: Attempt) -> str:
    await asyncio.sleep(0)
    return f"remote-{job.id}"


class Poster:
    async def __call__(self, job: Attempt) -> str:
        return f"remote-{job.id}"


def refuse(job: Attempt) -> str:
    raise ValueError(f"no {job.platform}")


@pytest.mark.parametrize(
    "handler",
    [post, post_later, Poster(), lambda job: post_later(job)],
    ids=["function", "coroutine", "object", "lambda"],
)
def test_job_is_posted(
    database_url: str, connection: psycopg.Connection, handler: Handler
) -> None:
    (job,) = schedule(connection)

    with working(database_url, handler) as worker:
        ended = worker.next_end()

    posted = read(connection, job.id)
    assert (posted.status, posted.remote_id) == ("posted", f"remote-{job.id}")
    assert (ended.outcome, ended.remote_id, ended.error) == (
        "posted",
        f"remote-{job.id}",
        None,
    )
    assert ended.waited_ms >= 0


def test_handler_gets_the_job(
    database_url: str, connection: psycopg.Connection
) -> None:
    seen: list[tuple[Attempt, bool]] = []
    schedule_job(
        connection,
        platform="mastodon",
        content="hello",
        scheduled_at=LONG_AGO,
        idempotency_key="k",
    )
    connection.commit()

    with working(
        database_url, lambda job: seen.append((job, job.is_current()))
    ) as worker:
        ended = worker.next_end()

    (job, was_current) = seen[0]
    assert (job.platform, job.content, job.idempotency_key) == (
        "mastodon",
        "hello",
        "k",
    )
    assert (job.scheduled_at, job.retries, job.attempt_token) == (LONG_AGO, 0, 1)
    assert was_current
    assert ended.remote_id is None


def test_failures_end_in_a_dead_letter(
    database_url: str, connection: psycopg.Connection
) -> None:
    (job,) = schedule(connection)

    with working(database_url, refuse) as worker:
        ends = worker.next_ends(3)

    assert [(end.outcome, end.retries) for end in ends] == [
        ("retrying", 1),
        ("retrying", 2),
        ("dead_letter", 3),
    ]
    assert [end.next_retry_at is None for end in ends] == [False, False, True]
    dead = read(connection, job.id)
    assert (dead.status, dead.retries, dead.attempt_token) == ("dead_letter", 3, 3)
    assert dead.dead_letter_reason == "ValueError: no mastodon"


def test_backoff_and_attempts_are_settings(
    database_url: str, connection: psycopg.Connection
) -> None:
    (job,) = schedule(connection)
    settings = quiet_settings(first_backoff=HOUR, max_attempts=2)

    with working(database_url, refuse, settings) as worker:
        end = worker.next_end()

    waiting = read(connection, job.id)
    assert waiting.status == "retrying"
    assert waiting.next_retry_at == end.next_retry_at
    assert waiting.next_retry_at is not None
    assert waiting.next_retry_at > datetime.now(UTC) + HOUR / 2


def test_other_jobs_go_on_beside_a_failing_one(
    database_url: str, connection: psycopg.Connection
) -> None:
    jobs = schedule(connection, 20)

    def handle(job: Attempt) -> str:
        return refuse(job) if job.id == jobs[3].id else post(job)

    settings = quiet_settings(first_backoff=HOUR)
    with working(database_url, handle, settings) as worker:
        ends = worker.next_ends(20)

    outcomes = {end.attempt.id: end.outcome for end in ends}
    assert outcomes.pop(jobs[3].id) == "retrying"
    assert set(outcomes.values()) == {"posted"}


def test_notification_wakes_the_worker(
    database_url: str, connection: psycopg.Connection
) -> None:
    with working(database_url, post) as worker:
        schedule(connection)
        first = worker.next_end()
        # Nothing but a notification tells of the second one: the next poll is far.
        (job,) = schedule(connection)
        second = worker.next_end()

    assert (first.outcome, second.attempt.id) == ("posted", job.id)


def test_job_that_was_due_before_the_last_one_is_done(
    database_url: str, connection: psycopg.Connection
) -> None:
    with working(database_url, post) as worker:
        schedule(connection, 10)
        worker.next_ends(10)
        job = schedule_job(
            connection, platform="mastodon", content="", scheduled_at=LONG_AGO
        )
        connection.commit()
        ended = worker.next_end()

    assert ended.attempt.id == job.id
    assert ended.waited_ms > timedelta(days=365).total_seconds()


def test_future_job_is_done_at_its_time(
    database_url: str, connection: psycopg.Connection
) -> None:
    due = datetime.now(UTC) + timedelta(seconds=0.7)
    with working(database_url, post) as worker:
        job = schedule_job(
            connection, platform="mastodon", content="", scheduled_at=due
        )
        connection.commit()
        worker.next_end()

    posted = read(connection, job.id)
    assert posted.posted_at is not None
    assert posted.posted_at >= due


def test_polling_finds_what_no_notification_tells(
    database_url: str, connection: psycopg.Connection
) -> None:
    connection.execute("DROP TRIGGER assistly_queue_jobs_wake ON assistly_queue_jobs")
    connection.commit()

    settings = quiet_settings(poll=timedelta(seconds=0.1))
    with working(database_url, post, settings) as worker:
        schedule(connection)
        first = worker.next_end()
        schedule(connection)
        second = worker.next_end()

    assert {first.outcome, second.outcome} == {"posted"}


def test_no_more_jobs_are_claimed_than_can_run(
    database_url: str, connection: psycopg.Connection
) -> None:
    schedule(connection, 5)
    begun = threading.Semaphore(0)
    go_on = threading.Event()

    def handle(job: Attempt) -> None:
        begun.release()
        assert go_on.wait(PATIENCE)

    with working(database_url, handle, quiet_settings(concurrency=2)) as worker:
        for _ in range(2):
            assert begun.acquire(timeout=PATIENCE)
        connection.rollback()
        claimed = connection.execute(
            "SELECT count(*) FROM assistly_queue_jobs WHERE status = 'processing'"
        ).fetchone()
        connection.rollback()
        go_on.set()
        worker.next_ends(5)

    assert claimed == (2,)


def test_two_workers_run_each_job_once(
    database_url: str, connection: psycopg.Connection
) -> None:
    ran: Counter[int] = Counter()

    def handle(job: Attempt) -> str:
        ran[job.id] += 1
        return post(job)

    jobs = schedule(connection, 300)
    with (
        working(database_url, handle, quiet_settings("one")) as one,
        working(database_url, handle, quiet_settings("two")) as two,
    ):
        jobs += schedule(connection, 300)
        await_true(lambda: _unposted(connection) == 0)
        ends = [one.end(), two.end()]

    assert set(ran.values()) == {1}
    assert ran.keys() == {job.id for job in jobs}
    assert sum(end.posted for end in ends) == 600


def _unposted(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "SELECT count(*) FROM assistly_queue_jobs WHERE status <> 'posted'"
    ).fetchone()
    connection.rollback()
    assert row is not None
    number: int = row[0]
    return number


def test_worker_ends_when_nothing_is_due(
    database_url: str, connection: psycopg.Connection
) -> None:
    schedule(connection, 10)
    schedule_job(
        connection,
        platform="mastodon",
        content="",
        scheduled_at=datetime.now(UTC) + HOUR,
    )
    connection.commit()

    stopped = run_worker(database_url, post, quiet_settings(until_idle=True))

    assert (stopped.posted, stopped.unfinished) == (10, 0)


def test_stop_before_the_start_is_heard(database_url: str) -> None:
    stop = Stop()
    stop.request()

    stopped = run_worker(database_url, post, quiet_settings(), stop=stop)

    assert stopped.posted == 0


def test_running_handlers_may_end(
    database_url: str, connection: psycopg.Connection
) -> None:
    (job, second) = schedule(connection, 2)
    begun, go_on = threading.Event(), threading.Event()

    def handle(job: Attempt) -> str:
        begun.set()
        assert go_on.wait(PATIENCE)
        return post(job)

    with working(database_url, handle, quiet_settings(concurrency=1)) as worker:
        assert begun.wait(PATIENCE)
        worker.stop.request()
        go_on.set()
        stopped = worker.end()

    assert (stopped.posted, stopped.unfinished) == (1, 0)
    statuses = {read(connection, each.id).status for each in (job, second)}
    assert statuses == {"posted", "scheduled"}


def test_handlers_that_do_not_end_are_left(
    database_url: str, connection: psycopg.Connection
) -> None:
    schedule(connection)
    begun, go_on = threading.Event(), threading.Event()

    def handle(job: Attempt) -> None:
        begun.set()
        assert go_on.wait(PATIENCE)

    settings = quiet_settings(grace=timedelta(0))
    with working(database_url, handle, settings) as worker:
        assert begun.wait(PATIENCE)
        stopped = worker.end()
    go_on.set()

    assert (stopped.posted, stopped.unfinished) == (0, 1)


def test_retention_runs_beside_the_jobs(
    database_url: str, connection: psycopg.Connection
) -> None:
    register_nonce(connection, nonce="old", timestamp_ms=1)
    connection.commit()

    settings = quiet_settings(retention=RetentionSettings())
    with working(database_url, post, settings) as worker:
        ran = worker.wait_for(RetentionRun)

    assert ran.removed.old_nonces == 1
