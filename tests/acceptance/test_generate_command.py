"""`datalayer generate` and `datalayer check`, run as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from datalayer.codegen.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from datalayer.server import Server

GOOD = """\
-- name: get_account(id)^
-- Return an account, or nothing.
SELECT
    id,
    address
FROM account
WHERE id = :id;
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.datalayer]\noutput = "src/app/queries"\n'
    )
    (tmp_path / "migrations" / "app").mkdir(parents=True)
    (tmp_path / "migrations" / "app" / "001_account.sql").write_text(
        "-- The accounts.\n"
        "CREATE TABLE account (id int PRIMARY KEY, address text NOT NULL);\n"
    )
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "account.sql").write_text(GOOD)
    return tmp_path


@pytest.fixture
def run(
    project: Path, server: Server
) -> Callable[..., subprocess.CompletedProcess[str]]:
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "datalayer", *arguments],
            cwd=project,
            env={**os.environ, "DATALAYER_SCRATCH_URL": server.url(), "COLUMNS": "100"},
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def test_generate_writes_modules_and_a_second_run_changes_nothing(
    project: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    first = run("generate")
    written = {p: p.read_bytes() for p in (project / "src").rglob("*.py")}
    second = run("generate")

    assert first.returncode == 0, first.stderr
    assert project / "src/app/queries/account.py" in written
    assert project / "src/app/queries/aio/account.py" in written
    assert second.stdout.endswith(" 0 changed\n")
    assert {p: p.read_bytes() for p in (project / "src").rglob("*.py")} == written


def test_problems_are_printed_together_and_nothing_is_written(
    project: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (project / "queries" / "bad.sql").write_text(
        "-- name: list_a()\n-- List.\nSELECT nothing_a;\n\n"
        "-- name: list_b(x)\n-- List.\nSELECT 1 AS b;\n"
    )

    result = run("generate")

    assert result.returncode == 1
    assert result.stderr.startswith(
        "queries/bad.sql:3:8: column `nothing_a` does not exist\n"
    )
    assert "queries/bad.sql:5:" in result.stderr
    assert "2 problems found" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (project / "src").exists()


def test_migration_that_fails_is_a_located_error(
    project: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (project / "migrations" / "app" / "002_broken.sql").write_text(
        "-- Break.\nALTER TABLE acount ADD x int;\n"
    )

    result = run("generate")

    assert result.returncode == 1
    assert "migrations/app/002_broken.sql:2:" in result.stderr
    assert not (project / "src").exists()


def test_check_shows_a_diff_when_a_query_changed(
    project: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    run("generate")
    (project / "queries" / "account.sql").write_text(GOOD.replace("    id,\n", ""))
    before = (project / "src/app/queries/account.py").read_bytes()

    result = run("check")

    assert result.returncode == 1
    assert "-    id: int" in result.stdout
    assert "run `datalayer generate`" in result.stderr
    assert (project / "src/app/queries/account.py").read_bytes() == before


def test_check_is_silent_about_fresh_modules(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    run("generate")

    result = run("check")

    assert result.returncode == 0, result.stderr
    assert result.stdout == "up to date: 1 query\n"


def test_removed_query_file_removes_its_modules(
    project: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (project / "queries" / "other.sql").write_text(
        GOOD.replace("get_account", "get_other")
    )
    run("generate")
    (project / "queries" / "other.sql").unlink()

    result = run("generate")

    assert result.returncode == 0, result.stderr
    assert not (project / "src/app/queries/other.py").exists()
    assert not (project / "src/app/queries/aio/other.py").exists()
    assert (project / "src/app/queries/account.py").exists()


def test_json_lists_what_was_written_and_what_deserves_a_look(
    project: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (project / "queries" / "account.sql").write_text(
        GOOD.replace("WHERE id = :id", "WHERE id >= :id")
    )

    result = run("generate", "--json")

    report = json.loads(result.stdout)
    assert report["queries"] == 1
    assert any(path.endswith("account.py") for path in report["written"])
    (finding,) = report["findings"]
    assert (finding["path"], finding["line"], finding["column"]) == (
        "queries/account.sql",
        1,
        1,
    )
    assert finding["rule"] == "uncertain-row-count"


def test_findings_are_told_to_code_hosts_beside_their_lines(
    project: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (project / "queries" / "account.sql").write_text(
        GOOD.replace("WHERE id = :id", "WHERE id >= :id")
    )

    result = run("generate", "--format", "github")

    first = result.stdout.splitlines()[0]
    assert first.startswith(
        "::warning file=queries/account.sql,line=1,col=1,title=uncertain-row-count::"
    )
    assert "%0Ahelp: bind a whole unique key" in first
    assert result.returncode == 0


def test_problems_are_told_to_code_hosts_beside_their_lines(
    project: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (project / "queries" / "account.sql").write_text(
        GOOD.replace("WHERE id = :id", "WHERE idd = :id")
    )

    result = run("check", "--format", "github")

    assert result.returncode == 1
    assert result.stdout.startswith("::error file=queries/account.sql,line=")
    assert "title=QueryRefused::column `idd` does not exist" in result.stdout


def test_problems_are_data_on_request(
    project: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (project / "queries" / "account.sql").write_text(
        GOOD.replace("WHERE id = :id", "WHERE idd = :id")
    )

    result = run("check", "--json")

    assert result.returncode == 1
    (problem,) = json.loads(result.stdout)["problems"]
    assert problem["kind"] == "QueryRefused"
    assert problem["path"] == "queries/account.sql"


@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_problems_and_findings_are_told_together(
    form: str, project: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (project / "queries" / "account.sql").write_text(
        "-- fragment: forgotten\n/* TRUE */\n\n"
        + GOOD.replace("WHERE id = :id", "WHERE id >= :id")
        + "\n-- name: wrong()\nSELECT titel FROM account;\n"
    )

    result = run("generate", "--format", form)

    assert result.returncode == 1
    told = result.stderr if form == "text" else result.stdout
    assert "column `titel` does not exist" in told
    assert "uncertain-row-count" in told
    assert "unused-fragment" in told
    assert form != "json" or {"problems", "findings"} == set(json.loads(told))


def test_rule_is_explained(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    listed = run("explain")
    explained = run("explain", "uncertain-row-count")
    as_data = run("explain", "--json")

    assert "uncertain-row-count" in listed.stdout
    assert "-- @allow uncertain-row-count: reason" in explained.stdout
    assert [rule["name"] for rule in json.loads(as_data.stdout)] == sorted(RULES)


def test_rule_that_is_not_known_is_told_the_nearest(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = run("explain", "uncertain-row-cont")

    assert result.returncode == 1
    assert "did you mean `uncertain-row-count`?" in result.stderr


def test_folder_without_a_project_is_told_what_to_add(
    tmp_path: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")

    result = run("generate")

    assert result.returncode == 1
    assert "no `pyproject.toml` with `[tool.datalayer]`" in result.stderr
    assert "help: add a table" in result.stderr


def test_server_that_cannot_be_reached_is_a_clear_error(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = run("generate", "--server-url", "postgresql://nobody@127.0.0.1:1/x")

    assert result.returncode == 1
    assert "127.0.0.1" in result.stderr
    assert "Traceback" not in result.stderr
