"""`datalayer migrate` as a process: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from server_processes import interrupt

pytestmark = pytest.mark.postgres

Run = Callable[..., "subprocess.CompletedProcess[str]"]
_COMMAND = [sys.executable, "-m", "datalayer", "migrate"]
_ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in {"DATABASE_URL", "FORCE_COLOR", "PYTEST_CURRENT_TEST"}
} | {"COLUMNS": "100", "NO_COLOR": "1"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two migrations, the second of which says something."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.datalayer]\noutput = "src/app/queries"\nmigrations = "sql/history"\n'
    )
    folder = tmp_path / "sql" / "history" / "shop"
    folder.mkdir(parents=True)
    (folder / "001_item.sql").write_text("CREATE TABLE item (price int);\n")
    (folder / "002_notice.sql").write_text(
        "DO $$ BEGIN RAISE NOTICE '[3] rows'; END $$;\n"
    )
    return tmp_path


@pytest.fixture
def run(project: Path, empty_database: str) -> Run:
    """Run a subcommand in the project, on an empty database."""

    def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*_COMMAND, *arguments],
            cwd=project,
            env=_ENVIRONMENT | {"DATABASE_URL": empty_database},
            capture_output=True,
            text=True,
            check=False,
        )

    return run_command


def as_json(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(done.stdout)
    assert data["exit_code"] == done.returncode
    return data


def test_up_applies_and_tells_in_plain_lines(run: Run) -> None:
    done = run("up")

    assert done.returncode == 0, done.stderr
    first, second, total = done.stdout.splitlines()
    assert first.startswith("applied sql/history/shop/001_item.sql in ")
    assert second.startswith("applied sql/history/shop/002_notice.sql in ")
    assert total == "2 migrations applied, 0 before (profile native)"
    assert done.stderr.splitlines() == [
        "applying sql/history/shop/001_item.sql (1 of 2)",
        "applying sql/history/shop/002_notice.sql (2 of 2)",
        "  NOTICE: [3] rows",
    ]


def test_status_shows_what_is_pending_and_then_nothing(run: Run) -> None:
    before = run("status")
    run("up")
    after = run("status")

    assert before.returncode == 1
    assert "pending sql/history/shop/001_item.sql" in before.stdout
    assert after.returncode == 0
    assert "002_notice" in after.stdout
    assert "pending sql" not in after.stdout


def test_up_stops_at_a_version(run: Run) -> None:
    done = run("up", "shop", "--to", "001")

    assert done.returncode == 0
    assert "1 migration applied" in done.stdout
    assert run("status").returncode == 1


def test_json_tells_the_same(run: Run) -> None:
    before = as_json(run("status", "--json"))
    done = as_json(run("up", "--json"))
    after = as_json(run("status", "--json"))

    assert [len(c["pending"]) for c in before["components"]] == [2]
    assert [applied["version"] for applied in done["applied"]] == ["001", "002"]
    assert [notice["message"] for notice in done["notices"]] == ["[3] rows"]
    assert (done["profile"], done["problems"]) == ("native", [])
    assert [row["name"] for row in after["components"][0]["applied"]] == [
        "item",
        "notice",
    ]


def test_a_wrong_statement_is_shown_where_it_stands(run: Run, project: Path) -> None:
    folder = project / "sql" / "history" / "shop"
    (folder / "003_wrong.sql").write_text("SELECT 1;\nALTER TABLE itm ADD y int;\n")

    done = run("up")

    assert done.returncode == 1
    assert "2 | ALTER TABLE itm ADD y int;" in done.stderr
    assert (
        "sql/history/shop/003_wrong.sql:2:13: relation `itm` does not exist"
        in done.stderr
    )
    assert "applied sql/history/shop/002_notice.sql" in done.stdout


def test_an_edited_file_is_drift(run: Run, project: Path) -> None:
    run("up")
    edited = project / "sql" / "history" / "shop" / "001_item.sql"
    edited.write_text("CREATE TABLE item (price numeric);\n")

    up, status = run("up"), run("status")

    assert (up.returncode, status.returncode) == (2, 2)
    for done in (up, status):
        assert "-CREATE TABLE item (price int);" in done.stderr
        assert "help: restore the file" in done.stderr


def test_problems_are_told_in_json(run: Run, project: Path) -> None:
    folder = project / "sql" / "history" / "shop"
    (folder / "002_twice.sql").write_text("SELECT 1;")

    data = as_json(run("up", "--json"))

    assert data["exit_code"] == 1
    assert [(p["kind"], p["path"], p["line"]) for p in data["problems"]] == [
        ("DuplicateVersionError", "sql/history/shop/002_twice.sql", 1)
    ]


def test_a_late_file_is_drift_unless_allowed(run: Run, project: Path) -> None:
    folder = project / "sql" / "history" / "shop"
    (folder / "005_last.sql").write_text("SELECT 1;")
    run("up")
    (folder / "004_late.sql").write_text("SELECT 1;")

    refused = run("up")
    allowed = run("up", "--allow-out-of-order")

    assert refused.returncode == 2
    assert "`005_last.sql`" in refused.stderr
    assert allowed.returncode == 0


@contextmanager
def closed_gate(url: str) -> Iterator[psycopg.Connection]:
    """Hold a lock that a migration may wait for."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(4712)")
        yield connection


def write_gate(project: Path) -> None:
    (project / "sql" / "history" / "shop" / "003_gate.sql").write_text(
        "-- datalayer: lock_timeout=0\n"
        "CREATE TABLE half (x int);\nSELECT pg_advisory_xact_lock(4712);\n"
    )


def start_and_wait_at_gate(
    project: Path, url: str, gate: psycopg.Connection
) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*_COMMAND, "up"],
        cwd=project,
        env=_ENVIRONMENT | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    while "003_gate" not in process.stderr.readline():
        assert process.poll() is None
    waiting = "SELECT FROM pg_locks WHERE NOT granted AND objid = 4712"
    while gate.execute(waiting).fetchone() is None:
        assert process.poll() is None
    return process


def rest_of(process: subprocess.Popen[str]) -> str:
    """Return what a process still tells until it ends."""
    assert process.stderr
    # `communicate` would lose what was read together with an earlier line.
    with process:
        return process.stderr.read()


def test_ctrl_c_rolls_the_file_back(
    run: Run, project: Path, empty_database: str
) -> None:
    write_gate(project)
    with closed_gate(empty_database) as gate:
        process = start_and_wait_at_gate(project, empty_database, gate)
        interrupt(process)
        errors = rest_of(process)

        assert process.returncode == 130
        assert "interrupted: the file under way was rolled back" in errors
        assert "Traceback" not in errors
        assert gate.execute("SELECT to_regclass('half')").fetchone() == (None,)
        assert gate.execute("SELECT count(*) FROM datalayer_migration").fetchone() == (
            2,
        )

    assert run("up").returncode == 0


def write_procedure(project: Path) -> None:
    """Write a file that stops in its second part, after a batch."""
    (project / "sql" / "history" / "shop" / "003_gate.sql").write_text(
        "CREATE TABLE half (x int);\n"
        "CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$\n"
        "BEGIN\n"
        "    INSERT INTO half VALUES (1); COMMIT;\n"
        "    RAISE NOTICE 'one batch'; PERFORM pg_advisory_xact_lock(4712);\n"
        "END $$;\n"
        "-- datalayer: transaction=off lock_timeout=0\n"
        "CALL fill();\n"
        "VACUUM half;\n"
    )


def test_ctrl_c_below_the_line_tells_what_stays(
    run: Run, project: Path, empty_database: str
) -> None:
    write_procedure(project)
    with closed_gate(empty_database) as gate:
        process = start_and_wait_at_gate(project, empty_database, gate)
        interrupt(process)
        errors = rest_of(process)
        half = run("status")
        half_as_json = as_json(run("status", "--json"))

    assert process.returncode == 130
    assert "  NOTICE: one batch\n" in errors
    assert (
        "interrupted: statement 3 of 4 of sql/history/shop/003_gate.sql was" in errors
    )
    assert "Traceback" not in errors
    assert half.returncode == half_as_json["exit_code"] == 5
    line = "pending sql/history/shop/003_gate.sql, half applied: 2 of 4 statements"
    assert line in half.stdout.splitlines()
    (file,) = half_as_json["components"][0]["pending"]
    assert (file["half_applied"], file["statements_done"]) == (True, 2)


def test_a_failure_below_the_line_exits_with_5(run: Run, project: Path) -> None:
    (project / "sql" / "history" / "shop" / "003_a.sql").write_text(
        "SELECT 1;\n-- datalayer: transaction=off\nSELECT 2;\nSELECT 1 / 0;\n"
    )

    done = run("up")

    assert done.returncode == 5
    assert "  statement 3 of 3 of sql/history/shop/003_a.sql" in done.stderr
    assert "sql/history/shop/003_a.sql:4:1: division by zero" in done.stderr
    assert "half applied: 2 of 3 statements are done and stay" in done.stderr


def test_a_second_runner_that_may_not_wait_exits_with_4(
    run: Run, project: Path, empty_database: str
) -> None:
    write_gate(project)
    with closed_gate(empty_database) as gate:
        process = start_and_wait_at_gate(project, empty_database, gate)

        done = run("up", "--wait", "0")

        assert done.returncode == 4
        assert "another runner is at work: pid " in done.stderr
        gate.execute("SELECT pg_advisory_unlock_all()")
        process.communicate(timeout=30)
        assert process.returncode == 0


def test_a_database_that_is_not_there_is_told_without_a_traceback(run: Run) -> None:
    done = run("status", "--database-url", "postgresql://me:secret@/shop?host=/nowhere")

    assert done.returncode == 1
    assert "`shop` on `/nowhere`" in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["up", "status"])
def test_help_tells_the_exit_codes(run: Run, command: str) -> None:
    done = run(command, "--help")

    assert done.returncode == 0
    assert "Exit codes: 0 clean;" in done.stdout


def test_a_folder_and_a_url_can_be_named(
    run: Run, tmp_path: Path, empty_database: str
) -> None:
    folder = tmp_path / "flat"
    folder.mkdir()
    (folder / "001_x.sql").write_text("SELECT 1;")

    done = run("up", "--folder", str(folder), "--database-url", empty_database)

    assert done.returncode == 0
    assert "1 migration applied" in done.stdout
