"""What a worker needs to start, and what it says when that is missing."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from operations_workers import quiet_settings

from datalayer.domains.errors import InvalidArgument
from datalayer.domains.operations import schedule_job
from datalayer.domains.operations.errors import OperationsUnusable
from datalayer.domains.operations.worker import Attempt, WorkerSettings, run_worker
from datalayer.errors import DatabaseUnreachable


def post(job: Attempt) -> str:
    return f"remote-{job.id}"


def test_database_without_a_queue_is_refused(empty_database: str) -> None:
    with pytest.raises(OperationsUnusable, match="assistly_queue_jobs") as caught:
        run_worker(empty_database, post, quiet_settings())

    assert "datalayer migrate up" in str(caught.value)


def test_user_without_rights_is_refused(
    database_url: str, connection: psycopg.Connection
) -> None:
    connection.execute("CREATE ROLE reader LOGIN")
    connection.execute("GRANT SELECT ON assistly_queue_jobs TO reader")
    connection.commit()
    try:
        url = psycopg.conninfo.make_conninfo(database_url, options="-c role=reader")
        with pytest.raises(OperationsUnusable, match="permission denied"):
            run_worker(url, post, quiet_settings())
    finally:
        connection.execute("DROP OWNED BY reader")
        connection.execute("DROP ROLE reader")
        connection.commit()


def test_server_that_is_not_there_is_an_error() -> None:
    with pytest.raises(DatabaseUnreachable):
        run_worker("postgresql://localhost:1/nothing", post, quiet_settings())


def test_connection_ended_at_the_start_is_an_unreachable_database(
    database_url: str, connection: psycopg.Connection
) -> None:
    schedule_job(connection, platform="mastodon", content="hello")
    connection.execute("ALTER TABLE assistly_queue_jobs RENAME TO jobs")
    connection.execute(
        "CREATE VIEW assistly_queue_jobs AS SELECT * FROM jobs"
        " WHERE pg_terminate_backend(pg_backend_pid())"
    )
    connection.commit()

    with pytest.raises(DatabaseUnreachable, match="terminating connection"):
        run_worker(database_url, post, quiet_settings())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("concurrency", 0),
        ("max_attempts", 0),
        ("max_claims", 0),
        ("lease", timedelta(0)),
        ("poll", timedelta(-1)),
        ("grace", timedelta(-1)),
        ("first_backoff", timedelta(-1)),
        ("name", ""),
    ],
)
def test_impossible_settings_are_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidArgument) as caught:
        WorkerSettings(**{name: value})  # type: ignore[arg-type]  # by name

    assert caught.value.name == name
