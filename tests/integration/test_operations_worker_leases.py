"""A worker keeps what it has, gives up what it lost, and connects again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from operations_workers import (
    HOUR,
    PATIENCE,
    end_backends,
    quiet_settings,
    read,
    schedule,
    working,
)

from datalayer.domains.operations.worker import (
    Attempt,
    Reclaimed,
    Reconnected,
    Reconnecting,
)
from datalayer.queries.operations.queue_work import claim_due_jobs
from server_processes import await_true

DEAD = "a worker that is dead"


class Patient:
    """A handler that waits until the test lets it end."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.attempts: list[Attempt] = []

    def __call__(self, job: Attempt) -> str:
        self.attempts.append(job)
        self.begun.set()
        assert self.go_on.wait(PATIENCE)
        return f"remote-{job.id}"


@pytest.fixture
def patient() -> Iterator[Patient]:
    """A handler that ends with the test at the latest."""
    handler = Patient()
    yield handler
    handler.go_on.set()


def post(job: Attempt) -> str:
    return f"remote-{job.id}"


def _server_time_is_past(connection: psycopg.Connection, job_id: int) -> bool:
    row = connection.execute(
        "SELECT clock_timestamp() > locked_until FROM assistly_queue_jobs"
        " WHERE id = %s",
        (job_id,),
    ).fetchone()
    connection.rollback()
    return row == (True,)


def test_long_job_keeps_its_lease(
    database_url: str, connection: psycopg.Connection, patient: Patient
) -> None:
    (job,) = schedule(connection)
    settings = quiet_settings(lease=timedelta(seconds=1))

    with working(database_url, patient, settings) as worker:
        assert patient.begun.wait(PATIENCE)
        claimed = read(connection, job.id)
        assert claimed.locked_until is not None
        later = claimed.locked_until + 2 * settings.lease
        await_true(lambda: (read(connection, job.id).locked_until or later) > later)
        await_true(patient.attempts[0].is_current)
        patient.go_on.set()
        ended = worker.next_end()

    assert ended.outcome == "posted"
    assert read(connection, job.id).attempt_token == 1


def test_lease_is_kept_while_the_worker_stops(
    database_url: str, connection: psycopg.Connection, patient: Patient
) -> None:
    (job,) = schedule(connection)
    settings = quiet_settings(lease=timedelta(seconds=1))

    with working(database_url, patient, settings) as worker:
        assert patient.begun.wait(PATIENCE)
        worker.stop.request()
        claimed = read(connection, job.id)
        assert claimed.locked_until is not None
        later = claimed.locked_until + settings.lease
        await_true(lambda: (read(connection, job.id).locked_until or later) > later)
        patient.go_on.set()
        stopped = worker.end()

    assert stopped.posted == 1


def test_lost_attempt_is_told_and_not_reported(
    database_url: str, connection: psycopg.Connection
) -> None:
    (job,) = schedule(connection)
    begun = threading.Event()
    told: list[bool] = []

    def handle(attempt: Attempt) -> str:
        begun.set()
        told.append(attempt.lost.wait(PATIENCE))
        told.append(attempt.is_current())
        return "too late"

    settings = quiet_settings(lease=timedelta(seconds=1))
    with working(database_url, handle, settings) as worker:
        assert begun.wait(PATIENCE)
        connection.execute(
            "UPDATE assistly_queue_jobs SET attempt_token = attempt_token + 1,"
            " locked_by = 'somebody else',"
            " locked_until = clock_timestamp() + interval '1 hour'"
        )
        connection.commit()
        ended = worker.next_end()

    assert told == [True, False]
    assert (ended.outcome, ended.attempt.attempt_token) == ("lost", 1)
    kept = read(connection, job.id)
    assert (kept.status, kept.locked_by, kept.remote_id) == (
        "processing",
        "somebody else",
        None,
    )


def test_removed_job_is_lost(
    database_url: str, connection: psycopg.Connection, patient: Patient
) -> None:
    schedule(connection)

    with working(database_url, patient) as worker:
        assert patient.begun.wait(PATIENCE)
        connection.execute("DELETE FROM assistly_queue_jobs")
        connection.commit()
        patient.go_on.set()
        ended = worker.next_end()

    assert ended.outcome == "lost"


def test_job_of_a_dead_worker_comes_back(
    database_url: str, connection: psycopg.Connection
) -> None:
    (job,) = schedule(connection)
    claim_due_jobs(
        connection, worker=DEAD, row_limit=1, lease=timedelta(milliseconds=700)
    )
    connection.commit()

    # Its lease ends while the worker looks on, which nobody notifies it of.
    with working(database_url, post) as worker:
        reclaimed = worker.wait_for(Reclaimed)
        ended = worker.next_end()

    assert (reclaimed.job_id, reclaimed.locked_by) == (job.id, DEAD)
    assert (ended.outcome, ended.attempt.attempt_token) == ("posted", 2)


def test_job_that_ends_its_workers_becomes_a_dead_letter(
    database_url: str, connection: psycopg.Connection
) -> None:
    (job,) = schedule(connection)
    claim_due_jobs(
        connection, worker=DEAD, row_limit=1, lease=timedelta(milliseconds=1)
    )
    connection.commit()
    await_true(lambda: _server_time_is_past(connection, job.id))

    with working(database_url, post, quiet_settings(max_claims=1)) as worker:
        reclaimed = worker.wait_for(Reclaimed)

    assert reclaimed.status == "dead_letter"
    assert read(connection, job.id).status == "dead_letter"


def test_worker_goes_on_after_its_backends_were_terminated(
    database_url: str, connection: psycopg.Connection
) -> None:
    with working(database_url, post) as worker:
        schedule(connection)
        worker.next_end()
        # Its notifications are on the way as soon as it listens, which is not said.
        application = "datalayer worker first"
        await_true(lambda: _listeners(connection, application) == 1)
        ended = end_backends(connection, application)
        worker.wait_for(Reconnected)
        schedule(connection)
        after = worker.next_end()

    assert ended == 2
    assert after.outcome == "posted"


def _listeners(connection: psycopg.Connection, application: str) -> int:
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        " AND datname = current_database() AND query LIKE 'LISTEN%%'",
        (application,),
    ).fetchone()
    connection.rollback()
    assert row is not None
    number: int = row[0]
    return number


def test_job_whose_connections_broke_is_posted_once(
    database_url: str, connection: psycopg.Connection, patient: Patient
) -> None:
    (job,) = schedule(connection)

    with working(database_url, patient) as worker:
        assert patient.begun.wait(PATIENCE)
        assert end_backends(connection, "datalayer worker first")
        patient.go_on.set()
        ended = worker.next_end()

    assert (ended.outcome, len(patient.attempts)) == ("posted", 1)
    posted = read(connection, job.id)
    assert (posted.status, posted.attempt_token) == ("posted", 1)


def test_lease_that_ended_without_a_connection_is_kept_all_the_same(
    database_url: str, connection: psycopg.Connection, patient: Patient
) -> None:
    """What runs is prolonged before expired leases are looked for."""
    (job,) = schedule(connection)
    database = connection.info.dbname
    with (
        psycopg.connect(database_url, dbname="postgres", autocommit=True) as keeper,
        working(
            database_url, patient, quiet_settings(lease=timedelta(seconds=1))
        ) as worker,
    ):
        assert patient.begun.wait(PATIENCE)
        keeper.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false')
        assert end_backends(connection, "datalayer worker first")
        worker.wait_for(Reconnecting)
        await_true(lambda: _server_time_is_past(connection, job.id))
        keeper.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true')
        worker.wait_for(Reconnected)
        await_true(lambda: not _server_time_is_past(connection, job.id))
        patient.go_on.set()
        ended = worker.next_end()

    assert (ended.outcome, ended.attempt.attempt_token) == ("posted", 1)


def test_locked_job_does_not_keep_the_others(
    database_url: str, connection: psycopg.Connection, patient: Patient
) -> None:
    locked, *others = schedule(connection, 4)
    settings = quiet_settings(concurrency=4, lease=timedelta(seconds=3))

    with working(database_url, patient, settings) as worker:
        await_true(lambda: len(patient.attempts) == 4)
        with psycopg.connect(database_url) as holder:
            holder.execute(
                "SELECT FROM assistly_queue_jobs WHERE id = %s FOR UPDATE",
                (locked.id,),
            )
            patient.go_on.set()
            ends = worker.next_ends(3)
        last = worker.next_end()

    assert {end.attempt.id for end in ends} == {job.id for job in others}
    assert {end.outcome for end in [*ends, last]} == {"posted"}


def test_stopping_worker_without_server_gives_up_after_its_grace(
    database_url: str, connection: psycopg.Connection, patient: Patient
) -> None:
    schedule(connection)
    database = connection.info.dbname
    settings = quiet_settings(grace=timedelta(seconds=0.5), lease=HOUR)
    with psycopg.connect(database_url, dbname="postgres", autocommit=True) as keeper:
        with working(database_url, patient, settings) as worker:
            assert patient.begun.wait(PATIENCE)
            keeper.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false')
            assert end_backends(connection, "datalayer worker first")
            patient.go_on.set()
            worker.wait_for(Reconnecting)
            stopped = worker.end()
        keeper.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true')

    assert (stopped.posted, stopped.unfinished) == (0, 1)
