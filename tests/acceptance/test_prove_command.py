"""`datalayer prove` and the plugin of pytest, run as a user runs them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from datalayer import cli, project
from datalayer.config import load_config
from datalayer.server import Server

SCHEMA = """\
-- People.
CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, nick text);
"""
QUERIES = """\
-- name: list_people()
-- Return all people.
-- @column nick not null
SELECT id, nick FROM person;

-- name: get_person(id)^
-- Return a person, or nothing.
SELECT id, name FROM person WHERE id = :id;
"""
TEST = "def test_truth(query_proof):\n    query_proof()\n"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Path:
    """A project that is generated once, for the tests to copy."""
    tmp_path = tmp_path_factory.mktemp("generated")
    (tmp_path / "pyproject.toml").write_text('[tool.datalayer]\noutput = "app/q"\n')
    for name, text in (
        ("queries/people.sql", QUERIES),
        ("migrations/001_a.sql", SCHEMA),
    ):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    project.generate(load_config(tmp_path), server_url=server.url())
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path, generated: Path) -> Path:
    return shutil.copytree(generated, tmp_path / "project")


@pytest.fixture
def run(
    folder: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """Run the command line in this process: to start another one takes seconds."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DATALAYER_SCRATCH_URL", server.url())

    def call(*command: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["datalayer", *command])
        code = 0
        try:
            cli.run()
        except SystemExit as ended:
            code = int(ended.code or 0)
        told, errors = capsys.readouterr()
        return subprocess.CompletedProcess(command, code, told, errors)

    before = list(sys.path)
    yield call
    sys.path[:] = before
    for name in [each for each in sys.modules if each.split(".")[0] == "app"]:
        del sys.modules[name]


@pytest.fixture
def start(folder: Path, server: Server) -> Run:
    def call(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=folder,
            env={
                **os.environ,
                "DATALAYER_SCRATCH_URL": server.url(),
                "COLUMNS": "40",
                # Those of this repository take a second to import.
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def test_a_lie_is_printed_with_its_sql(start: Run) -> None:
    result = start("datalayer", "prove", "--examples", "10")

    assert result.returncode == 1, result.stderr
    first, *rest = result.stdout.splitlines()
    assert first == (
        "queries/people.sql:1: `list_people` (sync): "
        "`nick` is declared `str`, and NULL came back"
    )
    assert [line.strip() for line in rest[:4]] == [
        "BEGIN;",
        "INSERT INTO person (id, name) VALUES ('1', 'a');",
        "SELECT id, nick FROM person;",
        "ROLLBACK;",
    ]
    assert "2 queries" in rest[-1]
    assert "1 untrue" in rest[-1]


def test_one_query_that_is_true(run: Run) -> None:
    result = run("prove", "get_person", "--examples", "30")

    assert result.returncode == 0, result.stdout
    assert result.stdout.startswith("1 query, 60 runs, ")


def test_json_holds_everything(run: Run) -> None:
    result = run("prove", "--json", "--examples", "30", "--seed", "5")

    data = json.loads(result.stdout)
    assert result.returncode == 1
    assert data["untrue"] == 1
    assert data["empty_tables"] == data["not_exercised"] == data["left"] == []
    (lie,) = data["queries"][0]["lies"]
    assert lie["claim"] == {"where": "nick", "kind": "null"}


def test_a_code_host_is_told_the_place(run: Run) -> None:
    result = run("prove", "--format", "github")

    assert result.stdout.startswith("::error file=queries/people.sql,line=1,col=1,")


def test_an_unknown_query_is_wrong_usage(run: Run) -> None:
    result = run("prove", "list_persons")

    assert result.returncode == 2
    assert "list_people" in result.stderr


def test_without_queries_nothing_is_proven_and_said_so(run: Run, folder: Path) -> None:
    (folder / "queries" / "people.sql").unlink()

    result = run("prove")

    assert result.returncode == 0
    assert result.stdout.startswith("0 queries, 0 runs, 0 rows: 0 untrue")
    assert "there is no query in `queries`: nothing was proven" in result.stderr
    assert "help: write one" in result.stderr


def test_a_migration_that_fails_is_shown(run: Run, folder: Path) -> None:
    (folder / "migrations" / "002_b.sql").write_text("-- Wrong.\nCREATE TABEL x ();\n")

    result = run("prove")

    assert result.returncode == 1
    assert result.stderr.startswith("migrations/002_b.sql:2:8: syntax error")
    assert "help: did you mean `TABLE`" in result.stderr


def test_without_hypothesis_the_extra_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)

    result = run("prove")

    assert result.returncode == 1
    assert result.stderr == (
        "error: the package `hypothesis` is not installed\n"
        "  help: `pip install 'datalayer[prove]'`\n"
    )


def test_a_server_that_is_not_there_is_named(run: Run) -> None:
    result = run("prove", "--json", "--server-url", "postgresql://localhost:1/x")

    (problem,) = json.loads(result.stdout)["problems"]
    assert result.returncode == 1
    assert problem["kind"] == "DatabaseUnreachable"
    assert "`x` on `localhost` port 1" in problem["message"]
    assert problem["help"] == "check the URL, and that the server runs"


def test_no_time_leaves_queries_and_says_so(run: Run) -> None:
    result = run("prove", "--seconds", "0")

    assert result.returncode == 0
    assert "2 queries not tried: list_people, get_person" in result.stdout


def test_ctrl_c_tells_what_was_found_and_leaves_nothing(
    folder: Path, server: Server
) -> None:
    before = databases(server)
    with subprocess.Popen(
        [sys.executable, "-m", "datalayer", "prove", "--examples", "1000000"],
        cwd=folder,
        env={**os.environ, "DATALAYER_SCRATCH_URL": server.url()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for_runs(server, 6)
        process.send_signal(signal.SIGINT)
        told, errors = process.communicate()

    assert process.returncode == 130, errors
    assert "`nick` is declared `str`, and NULL came back" in told
    assert "1 query not tried: get_person" in told
    assert databases(server) == before


def wait_for_runs(server: Server, count: int) -> None:
    """Wait until so many runs of a query have been seen halfway."""
    seen: set[object] = set()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        while len(seen) < count:
            seen |= set(
                connection.execute(
                    "SELECT xact_start FROM pg_stat_activity"
                    " WHERE query = 'ROLLBACK TO before' AND datname ~ 'scratch'"
                )
            )


def databases(server: Server) -> set[str]:
    with psycopg.connect(server.url()) as connection:
        rows = connection.execute("SELECT datname FROM pg_database").fetchall()
    return {name for (name,) in rows}


def test_a_missing_function_names_the_remedy(run: Run, folder: Path) -> None:
    (folder / "app" / "q" / "people.py").unlink()

    result = run("prove")

    assert result.returncode == 1
    assert "help: run `datalayer generate`" in result.stderr


def test_the_fixture_proves_each_query_by_itself(start: Run, folder: Path) -> None:
    (folder / "test_queries.py").write_text(TEST)

    result = start(
        "pytest", "-q", "-p", "no:cacheprovider", *plugin(), "-p", "xdist", "-n", "2"
    )

    assert result.returncode == 1, result.stdout + result.stderr
    assert "1 failed, 1 passed" in result.stdout
    assert "INSERT INTO person (id, name) VALUES ('1', 'a');" in result.stdout
    assert "test_truth[list_people]" in result.stdout


def test_the_fixture_says_what_is_wrong_and_no_more(start: Run, folder: Path) -> None:
    (folder / "test_queries.py").write_text(TEST)
    (folder / "migrations" / "002_b.sql").write_text("-- Wrong.\nCREATE TABEL x ();\n")

    result = start("pytest", "-q", "-p", "no:cacheprovider", *plugin())

    assert result.returncode == 1, result.stdout + result.stderr
    assert "migrations/002_b.sql:2:8: syntax error" in result.stdout
    assert "Traceback" not in result.stdout
    assert "src/datalayer" not in result.stdout


def test_the_plugin_imports_nothing_heavy(start: Run, folder: Path) -> None:
    (folder / "test_none.py").write_text(
        "import sys\n"
        "def test_it():\n"
        "    assert 'datalayer.pytest_plugin' in sys.modules\n"
        "    assert 'datalayer.proving' not in sys.modules\n"
        "    assert 'psycopg' not in sys.modules\n"
    )

    result = start("pytest", "-q", "-p", "no:cacheprovider", *plugin())

    assert result.returncode == 0, result.stdout + result.stderr


def plugin() -> list[str]:
    """Return what loads the plugin where its entry point is not installed yet."""
    return ["-p", "datalayer.pytest_plugin"]
