"""`datalayer worker` as a process: what it does, prints, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from worker_process import (
    COMMAND,
    ENVIRONMENT,
    jobs_in,
    run_worker,
    start_worker,
    wait_for_line,
    write_handlers,
)

from datalayer.queries.operations.queue import get_job, schedule_job
from server_processes import await_true

pytestmark = pytest.mark.postgres


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with handlers."""
    write_handlers(tmp_path)
    return tmp_path


def _schedule(connection: psycopg.Connection, count: int = 1) -> list[int]:
    jobs = [
        schedule_job(connection, platform="mastodon", content=f"post {number}")
        for number in range(count)
    ]
    connection.commit()
    return [job.id for job in jobs]


def _status(connection: psycopg.Connection, job_id: int) -> tuple[str, str | None]:
    connection.rollback()
    job = get_job(connection, job_id=job_id)
    connection.rollback()
    assert job is not None
    return job.status, job.remote_id


# What it does


def test_due_jobs_are_posted_and_told_as_json(
    folder: Path, database_url: str, connection: psycopg.Connection
) -> None:
    job_ids = _schedule(connection, 3)

    done = run_worker(
        folder, "posts:post", "--until-idle", "--worker-name", "w", "--database-url",
        database_url,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    lines = jobs_in(done.stdout)
    assert sorted(str(line["job_id"]) for line in lines) == sorted(map(str, job_ids))
    first = lines[0]
    assert datetime.fromisoformat(str(first.pop("time"))).tzinfo is not None
    for measured in ("milliseconds", "waited_ms"):
        assert isinstance(first.pop(measured), int)
    assert first == {
        "worker": "w",
        "job_id": first["job_id"],
        "platform": "mastodon",
        "attempt": 1,
        "outcome": "posted",
        "retries": 0,
        "remote_id": f"remote-{first['job_id']}",
        "error": None,
        "next_retry_at": None,
    }
    for job_id in job_ids:
        assert _status(connection, job_id) == ("posted", f"remote-{job_id}")


def test_events_are_json_on_standard_error(
    folder: Path, database_url: str, connection: psycopg.Connection
) -> None:
    _schedule(connection)

    done = run_worker(
        folder,
        "posts.post",
        "--until-idle",
        "--no-retention",
        DATABASE_URL=database_url,
    )

    events = jobs_in(done.stderr)
    assert [event["event"] for event in events] == ["started", "stopping", "stopped"]
    assert (events[-1]["posted"], events[-1]["unfinished"]) == (1, 0)


def test_prints_of_a_handler_are_not_in_the_log(
    folder: Path, database_url: str, connection: psycopg.Connection
) -> None:
    _schedule(connection)

    done = run_worker(folder, "posts:say", "--until-idle", DATABASE_URL=database_url)

    assert [line["outcome"] for line in jobs_in(done.stdout)] == ["posted"]
    assert "hello from the handler" in done.stderr


def test_failing_job_becomes_a_dead_letter(
    folder: Path, database_url: str, connection: psycopg.Connection
) -> None:
    (job_id,) = _schedule(connection)

    done = run_worker(
        folder, "posts:refuse", "--until-idle", "--first-backoff", "0",
        "--max-attempts", "2", DATABASE_URL=database_url,
    )  # fmt: skip

    assert done.returncode == 0
    lines = jobs_in(done.stdout)
    assert [(line["outcome"], line["error"]) for line in lines] == [
        ("retrying", "ValueError: no"),
        ("dead_letter", "ValueError: no"),
    ]
    assert isinstance(lines[0]["next_retry_at"], str)
    assert _status(connection, job_id) == ("dead_letter", None)


def test_job_is_done_while_the_worker_waits(
    folder: Path, database_url: str, connection: psycopg.Connection
) -> None:
    with start_worker(folder, database_url, "posts:post", "--poll", "3600") as process:
        assert process.stdout is not None
        wait_for_line(process, '"started"')
        job_ids = [_schedule(connection)[0]]
        lines = [process.stdout.readline()]
        job_ids += _schedule(connection)
        lines += [process.stdout.readline()]
        process.send_signal(signal.SIGTERM)
        code = process.wait()

    assert [json.loads(line)["job_id"] for line in lines] == job_ids
    assert code == 0


# How it ends


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
def test_signal_lets_handlers_end(
    folder: Path,
    database_url: str,
    connection: psycopg.Connection,
    number: signal.Signals,
) -> None:
    first, second = _schedule(connection, 2)
    with start_worker(
        folder, database_url, "posts:wait", "--concurrency", "1"
    ) as process:
        wait_for_line(process, f"begun {first}")
        process.send_signal(number)
        stopping = json.loads(wait_for_line(process, '"stopping"'))
        (folder / "go").write_text("")
        output, _ = process.communicate()

    assert (stopping["reason"], stopping["running"]) == (number.name, 1)
    assert process.returncode == 0
    assert [line["outcome"] for line in jobs_in(output)] == ["posted"]
    assert _status(connection, first)[0] == "posted"
    assert _status(connection, second)[0] == "scheduled"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_second_signal_ends_it_at_once(
    folder: Path,
    database_url: str,
    connection: psycopg.Connection,
    number: signal.Signals,
    code: int,
) -> None:
    (job_id,) = _schedule(connection)
    with start_worker(folder, database_url, "posts:wait") as process:
        wait_for_line(process, f"begun {job_id}")
        process.send_signal(number)
        wait_for_line(process, '"stopping"')
        process.send_signal(number)
        output, errors = process.communicate()

    assert (process.returncode, output) == (code, "")
    assert "Traceback" not in errors
    assert _status(connection, job_id)[0] == "processing"


def test_grace_has_an_end(
    folder: Path, database_url: str, connection: psycopg.Connection
) -> None:
    (job_id,) = _schedule(connection)
    with start_worker(folder, database_url, "posts:wait", "--grace", "0") as process:
        wait_for_line(process, f"begun {job_id}")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate()

    assert process.returncode == 4
    assert jobs_in(errors)[-1]["unfinished"] == 1


def test_killed_worker_delays_its_job_by_a_lease(
    folder: Path, database_url: str, connection: psycopg.Connection
) -> None:
    (job_id,) = _schedule(connection)
    with start_worker(
        folder, database_url, "posts:wait", "--lease", "1", "--worker-name", "killed"
    ) as process:
        wait_for_line(process, f"begun {job_id}")
        process.kill()
    with start_worker(folder, database_url, "posts:post") as process:
        assert process.stdout is not None
        reclaimed = json.loads(wait_for_line(process, '"reclaimed"'))
        line = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        process.wait()

    assert (reclaimed["job_id"], reclaimed["locked_by"]) == (job_id, "killed")
    assert (line["job_id"], line["attempt"], line["outcome"]) == (job_id, 2, "posted")
    assert _status(connection, job_id) == ("posted", f"remote-{job_id}")


def test_broken_pipe_ends_it_gracefully(
    folder: Path, database_url: str, connection: psycopg.Connection
) -> None:
    job_ids = _schedule(connection, 50)
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(
        [*COMMAND, "--database-url", database_url, "posts:post", "--concurrency", "2"],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(writing)
        _, errors = process.communicate()

    assert process.returncode == 1
    assert "Traceback" not in errors
    assert jobs_in(errors)[-1]["unfinished"] == 0
    statuses = {_status(connection, job_id)[0] for job_id in job_ids}
    assert statuses <= {"posted", "scheduled"}
    assert "posted" in statuses


def test_log_that_nobody_reads_keeps_no_job(
    folder: Path, database_url: str, connection: psycopg.Connection
) -> None:
    # More than a pipe holds.
    job_ids = _schedule(connection, 500)
    with start_worker(folder, database_url, "posts:post") as process:
        await_true(lambda: _status(connection, job_ids[-1])[0] == "posted")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate()

    assert process.returncode == 0
    assert sorted(map(int, re.findall('"job_id": ([0-9]+)', output))) == job_ids


# What it refuses


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        ("posts", "`posts` does not name a function"),
        ("nowhere:post", "there is no module `nowhere`"),
        ("posts:past", "there is no `past` in module `posts`"),
        ("posts:text", "`posts:text` is of type `str`"),
        ("broken:post", "ZeroDivisionError: division by zero"),
    ],
)
def test_bad_handler_is_an_error(folder: Path, handler: str, message: str) -> None:
    (folder / "broken.py").write_text("1 / 0\n")

    done = run_worker(folder, handler, "--database-url", "postgresql://localhost:1/x")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_environment_stops_the_start(folder: Path, database_url: str) -> None:
    done = run_worker(
        folder, "posts:post", "--until-idle", DATABASE_URL=database_url,
        RETENTION_NONCES_DAYS="soon",
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (1, "")
    assert "RETENTION_NONCES_DAYS" in done.stderr
    assert "soon" in done.stderr


def test_environment_does_not_matter_without_retention(
    folder: Path, database_url: str
) -> None:
    done = run_worker(
        folder, "posts:post", "--until-idle", "--no-retention",
        DATABASE_URL=database_url, RETENTION_NONCES_DAYS="soon",
    )  # fmt: skip

    assert done.returncode == 0


def test_server_that_is_not_there_is_an_error(folder: Path) -> None:
    done = run_worker(
        folder, "posts:post", "--database-url", "postgresql://localhost:1/nothing"
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot connect to database `nothing`" in done.stderr


def test_database_without_a_queue_is_an_error(
    folder: Path, empty_database: str
) -> None:
    done = run_worker(folder, "posts:post", "--database-url", empty_database)

    assert (done.returncode, done.stdout) == (1, "")
    assert "datalayer migrate up" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--lease", "nan"),
        ("--lease", "0"),
        ("--poll", "inf"),
        ("--grace", "-1"),
        ("--concurrency", "0"),
        ("--max-attempts", "0"),
    ],
    ids=" ".join,
)
def test_impossible_options_are_wrong_usage(
    folder: Path, arguments: tuple[str, str]
) -> None:
    done = run_worker(folder, "posts:post", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert arguments[0] in done.stderr


def test_help_fits_a_narrow_terminal(folder: Path) -> None:
    done = run_worker(folder, "--help", COLUMNS="60")

    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 60
    for option in ("--concurrency", "--until-idle", "--no-retention", "143"):
        assert option in done.stdout
