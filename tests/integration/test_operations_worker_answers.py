"""The answer to a statement of a worker is lost after the statement was carried out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from cutting_proxy import CuttingProxy, cutting_proxy
from operations_workers import (
    HOUR,
    PATIENCE,
    quiet_settings,
    read,
    schedule,
    working,
)

from datalayer.domains.operations.worker import Attempt, Reconnected, Started
from datalayer.queries.operations.queue_work import claim_due_jobs
from server_processes import await_true, open_folder


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose name leaves room for that of a socket."""
    with open_folder() as folder:
        yield folder


@pytest.fixture
def through(
    short_folder: Path, database_url: str
) -> Iterator[tuple[CuttingProxy, str]]:
    """A proxy, and the URL through it."""
    with cutting_proxy(short_folder, database_url) as (proxy, url):
        yield proxy, url


def post(job: Attempt) -> str:
    return f"remote-{job.id}"


def refuse(job: Attempt) -> str:
    raise ValueError("no")


@pytest.mark.parametrize("count", [1, 8], ids=["one", "many"])
def test_completion_is_not_repeated(
    through: tuple[CuttingProxy, str], connection: psycopg.Connection, count: int
) -> None:
    proxy, url = through
    proxy.cut_after("operations.complete_job")

    with working(url, post, quiet_settings(concurrency=8)) as worker:
        jobs = schedule(connection, count)
        ends = worker.next_ends(count)

    assert proxy.has_cut.is_set()
    assert {(end.outcome, end.attempt.attempt_token) for end in ends} == {("posted", 1)}
    for job in jobs:
        posted = read(connection, job.id)
        assert (posted.status, posted.attempt_token) == ("posted", 1)


def test_failure_is_counted_once(
    through: tuple[CuttingProxy, str], connection: psycopg.Connection
) -> None:
    proxy, url = through
    proxy.cut_after("operations.fail_job")

    with working(url, refuse, quiet_settings(first_backoff=HOUR)) as worker:
        (job,) = schedule(connection)
        end = worker.next_end()

    assert proxy.has_cut.is_set()
    assert (end.outcome, end.retries) == ("retrying", 1)
    failed = read(connection, job.id)
    assert (failed.retries, failed.next_retry_at) == (1, end.next_retry_at)


def test_job_of_a_claim_that_was_not_heard_comes_back(
    through: tuple[CuttingProxy, str], connection: psycopg.Connection
) -> None:
    proxy, url = through
    settings = quiet_settings(lease=timedelta(seconds=1))

    with working(url, post, settings) as worker:
        worker.wait_for(Started)
        schedule(connection)
        worker.next_end()
        proxy.cut_after("operations.claim_due_jobs")
        (job,) = schedule(connection)
        end = worker.next_end()

    assert proxy.has_cut.is_set()
    assert (end.outcome, end.attempt.id) == ("posted", job.id)
    assert end.attempt.attempt_token <= 2
    assert read(connection, job.id).status == "posted"


def test_prolonged_lease_that_was_not_heard_of_is_kept(
    through: tuple[CuttingProxy, str], connection: psycopg.Connection
) -> None:
    proxy, url = through

    def wait(job: Attempt) -> str:
        assert proxy.has_cut.wait(PATIENCE)
        return post(job)

    proxy.cut_after("operations.extend_leases")
    settings = quiet_settings(lease=timedelta(seconds=2))
    with working(url, wait, settings) as worker:
        schedule(connection)
        end = worker.next_end()

    assert (end.outcome, end.attempt.attempt_token) == ("posted", 1)


def test_reclaimed_job_that_was_not_heard_of_is_done(
    through: tuple[CuttingProxy, str], connection: psycopg.Connection
) -> None:
    proxy, url = through
    (job,) = schedule(connection)
    claim_due_jobs(connection, worker="dead", row_limit=1, lease=timedelta(seconds=0.1))
    connection.commit()
    await_true(lambda: _has_ended(connection))
    proxy.cut_after("operations.reclaim_expired_jobs")

    with working(url, post) as worker:
        worker.wait_for(Reconnected)
        end = worker.next_end()

    assert (end.attempt.id, end.attempt.attempt_token) == (job.id, 2)


def _has_ended(connection: psycopg.Connection) -> bool:
    row = connection.execute(
        "SELECT bool_and(locked_until < clock_timestamp()) FROM assistly_queue_jobs"
    ).fetchone()
    connection.rollback()
    return row == (True,)
