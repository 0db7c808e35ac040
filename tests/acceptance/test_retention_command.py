"""`datalayer retention run` as a process: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import subprocess

import psycopg
import pytest
from operations_command import COMMAND, ENVIRONMENT, Run, run_on

from server_processes import interrupt

pytest_plugins = ["operations_command_fixtures"]
pytestmark = pytest.mark.postgres

NOTHING = """\
removed        too old   too many
approvals            0          0
idempotency          0          0
nonces               0
"""
TWELVE_OLD = """\
removed        too old   too many
approvals           12          0
idempotency          0          0
nonces               0
"""


@pytest.fixture
def old_approvals(session: psycopg.Connection) -> None:
    """Twelve approvals, decided 40 days ago and more."""
    session.execute(
        "INSERT INTO assistly_approvals (id, status, created_at, decided_at, payload)"
        " SELECT i::text, 'approved', now() - (40 + i) * interval '24 hours', now(),"
        " '{}' FROM generate_series(1, 12) AS i"
    )


def take_turn(session: psycopg.Connection) -> None:
    """Let nobody have a turn, however long the test takes."""
    session.execute(
        "INSERT INTO assistly_retention (last_run_at) VALUES (now() + interval '1 h')"
        " ON CONFLICT (id) DO UPDATE SET last_run_at = excluded.last_run_at"
    )


def left(session: psycopg.Connection) -> int:
    row = session.execute("SELECT count(*) FROM assistly_approvals").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.usefixtures("old_approvals")
def test_what_goes_is_counted(run: Run, session: psycopg.Connection) -> None:
    done = run("retention", "run")

    assert (done.returncode, done.stdout, done.stderr) == (0, TWELVE_OLD, "")
    assert left(session) == 0


@pytest.mark.usefixtures("old_approvals")
def test_out_of_turn_it_says_so_and_is_no_failure(
    run: Run, session: psycopg.Connection
) -> None:
    take_turn(session)

    again = run("retention", "run")
    forced = run("retention", "run", "--force")

    assert (again.returncode, again.stdout) == (0, "")
    assert again.stderr == (
        "not its turn: retention ran less than a minute ago; `--force` runs it "
        "nevertheless\n"
    )
    assert (forced.returncode, forced.stdout) == (0, TWELVE_OLD)


def test_quiet_says_nothing(run: Run, session: psycopg.Connection) -> None:
    done = run("retention", "run", "--quiet")
    take_turn(session)
    again = run("retention", "run", "--quiet")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


@pytest.mark.usefixtures("old_approvals")
def test_json(run: Run, session: psycopg.Connection) -> None:
    first = run("retention", "run", "--json")
    take_turn(session)
    second = run("retention", "run", "--json")

    assert (first.stderr, second.stderr) == ("", "")
    assert json.loads(first.stdout) == {
        "exit_code": 0,
        "is_turn": True,
        "removed": {
            "old_approvals": 12,
            "surplus_approvals": 0,
            "old_idempotency": 0,
            "surplus_idempotency": 0,
            "old_nonces": 0,
        },
        "problems": [],
    }
    assert json.loads(second.stdout) == {
        "exit_code": 0,
        "is_turn": False,
        "removed": {},
        "problems": [],
    }


@pytest.mark.usefixtures("old_approvals")
def test_options_count_more_than_the_environment(run: Run) -> None:
    # Only the one of 41 days stays.
    done = run(
        "retention",
        "run",
        "--approvals-days=42",
        "--batch=3",
        RETENTION_APPROVALS_DAYS="1",
    )

    assert "approvals           11          0\n" in done.stdout


@pytest.mark.usefixtures("old_approvals")
def test_every_setting_has_an_option(run: Run, session: psycopg.Connection) -> None:
    session.execute(
        "INSERT INTO assistly_idempotency (key, state, saved_at, value)"
        " SELECT i::text, 'done', now() - i * interval '24 hours', '{}'"
        " FROM generate_series(1, 12) AS i"
    )
    session.execute(
        "INSERT INTO assistly_nonces SELECT i::text,"
        " 1000 * extract(epoch FROM now() - i * interval '24 hours')"
        " FROM generate_series(1, 12) AS i"
    )

    done = run(
        "retention",
        "run",
        "--approvals-days=1000",
        "--max-approvals=7",
        "--idempotency-days=11",
        "--max-idempotency=8",
        "--nonces-days=2",
    )

    assert done.stdout == (
        "removed        too old   too many\n"
        "approvals            0          5\n"
        "idempotency          2          2\n"
        "nonces              11\n"
    )


@pytest.mark.usefixtures("old_approvals")
def test_wrong_settings_remove_nothing(run: Run, session: psycopg.Connection) -> None:
    wrong = {"RETENTION_NONCES_DAYS": "0", "RETENTION_MAX_APPROVAL": "[b]9"}

    done = run("retention", "run", **wrong)
    as_json = run("retention", "run", "--json", **wrong)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: 2 settings of retention are wrong:\n"
        "  `RETENTION_NONCES_DAYS` is `0`, not a whole number from 1 to 36500\n"
        "  `RETENTION_MAX_APPROVAL` is `[b]9`, a name that nothing reads; did you mean"
        " `RETENTION_MAX_APPROVALS`?\n"
    )
    assert as_json.returncode == 1
    data = json.loads(as_json.stdout)
    assert (data["exit_code"], data["is_turn"], data["removed"]) == (1, None, {})
    assert data["problems"][0]["kind"] == "InvalidSetting"
    assert left(session) == 12


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "36501"])
def test_options_out_of_bounds_are_wrong_usage(run: Run, value: str) -> None:
    done = run("retention", "run", f"--nonces-days={value}")

    assert done.returncode == 2
    assert "--nonces-days" in done.stderr


def test_without_the_tables_the_remedy_is_told(empty_database: str) -> None:
    done = run_on(empty_database, "retention", "run")

    assert (done.returncode, done.stdout) == (1, "")
    assert "has no tables of operations" in done.stderr
    assert "help: apply the migrations with `datalayer migrate up`" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_database_is_a_clear_error() -> None:
    done = run_on("postgresql://u:secret@127.0.0.1:1/x", "retention", "run", "--json")

    assert done.returncode == 1
    problem = json.loads(done.stdout)["problems"][0]
    assert problem["kind"] == "DatabaseUnreachable"
    assert "secret" not in done.stdout + done.stderr


def test_missing_rights_are_named(session: psycopg.Connection) -> None:
    session.execute("DROP ROLE IF EXISTS retention_reader")
    session.execute("CREATE ROLE retention_reader LOGIN")
    try:
        done = run_on(
            f"postgresql:///{session.info.dbname}?host={session.info.host}"
            f"&port={session.info.port}&user=retention_reader",
            "retention",
            "run",
        )
    finally:
        session.execute("DROP ROLE retention_reader")

    assert done.returncode == 1
    assert "permission denied for table assistly_retention" in done.stderr
    assert "help: grant the user what the message names" in done.stderr


@pytest.mark.usefixtures("old_approvals")
def test_progress_is_shown_on_a_terminal(database_url: str) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "retention", "run", "--batch", "1"],
        env=ENVIRONMENT | {"DATABASE_URL": database_url, "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as process:
        os.close(theirs)
        said = _read_all(ours)
        stdout, _ = process.communicate()

    assert stdout == TWELVE_OLD
    assert "old approvals" in said


def _read_all(descriptor: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(descriptor, 4096)
        except OSError:
            # What Linux says when the other end is closed.
            break
        if not part:
            break
        parts.append(part)
    os.close(descriptor)
    return b"".join(parts).decode()


@pytest.mark.usefixtures("old_approvals")
def test_interrupt_leaves_the_finished_batches(
    database_url: str, session: psycopg.Connection
) -> None:
    with psycopg.connect(database_url) as blocker:
        # Its batches of nonces have to wait.
        blocker.execute("LOCK TABLE assistly_nonces")
        with subprocess.Popen(
            [*COMMAND, "retention", "run", "--batch", "5"],
            env=ENVIRONMENT | {"DATABASE_URL": database_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            _wait_until_one_waits(session)
            interrupt(process)
            stdout, stderr = process.communicate()

    assert (process.returncode, stdout) == (130, "")
    assert stderr == (
        "interrupted: 12 rows removed before, the batch under way rolled back\n"
    )
    assert left(session) == 0


def _wait_until_one_waits(session: psycopg.Connection) -> None:
    question = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND application_name = 'datalayer retention'"
    )
    while session.execute(question).fetchone() == (0,):
        pass
