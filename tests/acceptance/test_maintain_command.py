"""`datalayer maintain` as a process: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest

pytestmark = pytest.mark.postgres

Run = Callable[..., "subprocess.CompletedProcess[str]"]
_COMMAND = [sys.executable, "-m", "datalayer", "maintain"]
_ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in {"DATABASE_URL", "FORCE_COLOR", "PYTEST_CURRENT_TEST"}
} | {"COLUMNS": "100", "NO_COLOR": "1"}


@pytest.fixture
def run(database_url: str) -> Run:
    """Run the command on a migrated database."""

    def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*_COMMAND, *arguments],
            env=_ENVIRONMENT | {"DATABASE_URL": database_url},
            capture_output=True,
            text=True,
            check=False,
        )

    return run_command


def test_each_step_is_a_line(run: Run) -> None:
    done = run()

    assert done.returncode == 0, done.stderr
    *steps, total = done.stdout.splitlines()
    assert steps[0].startswith("store closed hours, enforcement: 1 hour in ")
    assert any(s.startswith("create partitions, run: 4 partitions in ") for s in steps)
    assert total.startswith(f"{len(steps)} steps in ")


def test_nothing_is_due_twice(run: Run) -> None:
    run()

    again = run()

    assert (again.returncode, again.stdout) == (0, "nothing was due\n")


def test_json_holds_the_steps(run: Run) -> None:
    done = run("--json", "--batch", "1")

    data = json.loads(done.stdout)
    assert (data["exit_code"], data["problems"], done.stderr) == (0, [], "")
    # One partition a step; runs have a batch of their own.
    amounts = {step["amount"] for step in data["steps"] if step["relation"] != "run"}
    assert amounts == {1}


def test_quiet_says_nothing(run: Run) -> None:
    done = run("--quiet")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_another_maintainer_is_exit_code_4(
    run: Run, connection: psycopg.Connection
) -> None:
    connection.execute("SELECT * FROM datalayer_maintain_step()")

    done = run()

    assert done.returncode == 4
    assert "another session maintains this database" in done.stderr


def test_a_database_without_tables_is_exit_code_1(empty_database: str) -> None:
    done = subprocess.run(
        [*_COMMAND, "--json"],
        env=_ENVIRONMENT | {"DATABASE_URL": empty_database},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert json.loads(done.stdout)["problems"][0]["kind"] == "MaintenanceMissing"


def test_interrupt_keeps_the_steps_that_were_shown(
    database_url: str, connection: psycopg.Connection
) -> None:
    # A row that a reader holds fast: the step of its table has to wait.
    with psycopg.connect(database_url) as writer:
        writer.execute("INSERT INTO event (trigger_ref) VALUES ('a')")
    connection.execute("SELECT FROM event")
    with subprocess.Popen(
        _COMMAND,
        env=_ENVIRONMENT | {"DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        shown = [process.stdout.readline()]
        while "enforcement: 4 partitions" not in shown[-1]:
            shown.append(process.stdout.readline())
        while "try 1" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGINT)
        process.wait()
        said = process.stderr.read()

    assert process.returncode == 130
    assert "interrupted: the step under way was rolled back" in said
    question = "SELECT count(*) FROM datalayer_list_partitions('enforcement')"
    assert connection.execute(question).fetchone() == (4,)
