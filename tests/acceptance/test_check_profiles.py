"""`datalayer check` and `prove` under both profiles: what agrees, what differs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from datalayer import finding_shapes, project
from datalayer.cli import app
from datalayer.config import load_config
from datalayer.errors import NodeNotFound, TimescaleMissing
from datalayer.server import Server
from datalayer.server.timescaledb import TimescaleServer, packages

QUERY = """\
-- name: list_readings(since)
-- List the readings from a time on.
SELECT
    time,
    value
FROM reading
WHERE time >= :since
ORDER BY time;
"""
TABLE = (
    "-- Readings.\nCREATE TABLE reading (\n    time timestamptz NOT NULL,\n    {}\n);\n"
)
HYPERTABLE = "SELECT create_hypertable('reading', by_range('time'));\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.datalayer]\noutput = "src/app/queries"\n'
    )
    (tmp_path / "migrations").mkdir()
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "reading.sql").write_text(QUERY)
    write_variants(tmp_path, timescaledb="value bigint NOT NULL")
    return tmp_path


def write_variants(folder: Path, *, timescaledb: str) -> None:
    native = TABLE.format("value bigint NOT NULL")
    (folder / "migrations" / "001_reading.native.sql").write_text(native)
    (folder / "migrations" / "001_reading.timescaledb.sql").write_text(
        TABLE.format(timescaledb) + HYPERTABLE
    )


@pytest.fixture
def check(
    folder: Path,
    server: Server,
    analysing_timescaledb: str,
    timescaledb: TimescaleServer,
    monkeypatch: pytest.MonkeyPatch,
) -> CliRunner:
    """The command line with generated modules and the TimescaleDB of the session."""

    @contextmanager
    def emptied(server_url: str | None) -> Iterator[TimescaleServer]:
        # What the variable names is for the other profile.
        assert server_url is None
        timescaledb.reset()
        yield timescaledb

    monkeypatch.setattr(finding_shapes, "use_timescaledb", emptied)
    monkeypatch.setenv("DATALAYER_SCRATCH_URL", server.url())
    monkeypatch.chdir(folder)
    project.generate(load_config(folder), server_url=server.url())
    return CliRunner()


def test_same_modules_under_both_profiles_are_up_to_date(check: CliRunner) -> None:
    result = check.invoke(app, ["check"])

    assert result.exit_code == 0, result.output
    assert result.stdout == "up to date: 1 query (native, timescaledb)\n"


def test_profile_that_gives_other_types_is_named(
    check: CliRunner, folder: Path
) -> None:
    write_variants(folder, timescaledb="value bigint")

    result = check.invoke(app, ["check"])

    assert result.exit_code == 1
    assert "--- native/reading.py\n+++ timescaledb/reading.py\n" in result.stdout
    assert "-    value: int\n+    value: int | None\n" in result.stdout
    assert "reading.py differs under profile timescaledb" in result.stderr
    assert "`-- @column name not null`" in result.stderr


def test_query_that_one_profile_refuses_is_located(
    check: CliRunner, folder: Path
) -> None:
    write_variants(folder, timescaledb="other bigint NOT NULL")

    result = check.invoke(app, ["check"])

    told = str(result.exception)
    assert told.startswith("queries/reading.sql:5:5: column `value` does not exist")
    assert told.endswith("1 problem found under profile `timescaledb`")


def test_one_profile_can_be_checked_alone(check: CliRunner, folder: Path) -> None:
    write_variants(folder, timescaledb="value bigint")

    native = check.invoke(app, ["check", "--profile", "native"])
    other = check.invoke(app, ["check", "--profile", "timescaledb"])

    assert native.stdout == "up to date: 1 query (native)\n"
    assert other.exit_code == 1
    assert "1 stale module under profile timescaledb" in other.stderr


def test_json_lists_the_profiles(check: CliRunner, folder: Path) -> None:
    write_variants(folder, timescaledb="value bigint")

    result = check.invoke(app, ["check", "--json"])

    report = json.loads(result.stdout)
    assert report["profiles"] == ["native", "timescaledb"]
    assert report["stale"] == []
    assert report["differing"] == {"timescaledb": ["reading.py"]}


def test_missing_node_is_no_silent_pass(
    folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "_candidates", lambda: iter(()))
    monkeypatch.delenv("DATALAYER_TIMESCALEDB_URL", raising=False)

    with pytest.raises(NodeNotFound, match="check --profile native"):
        project.check(load_config(folder), server_url=server.url())


def test_unknown_profile_is_wrong_usage(folder: Path) -> None:
    result = CliRunner().invoke(
        app, ["check", "--project", str(folder), "--profile", "oracle"]
    )

    assert result.exit_code == 2
    assert "'oracle' is not one of" in result.stderr


@pytest.mark.usefixtures("analysing_timescaledb")
def test_check_starts_its_own_server(folder: Path, server: Server) -> None:
    project.generate(load_config(folder), server_url=server.url())

    result = subprocess.run(
        [sys.executable, "-m", "datalayer", "check"],
        cwd=folder,
        env={**os.environ, "DATALAYER_SCRATCH_URL": server.url()},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout == "up to date: 1 query (native, timescaledb)\n", result.stderr


@pytest.fixture
def imports() -> Iterator[None]:
    """What is imported from the project of one test is unknown to the next."""
    before = list(sys.path)
    yield
    sys.path[:] = before
    for name in [each for each in sys.modules if each.split(".")[0] == "app"]:
        del sys.modules[name]


@pytest.mark.usefixtures("imports")
def test_one_profile_can_be_proven(check: CliRunner, folder: Path) -> None:
    write_variants(folder, timescaledb="value bigint")

    proven = ["prove", "--examples", "4", "--profile"]
    native = check.invoke(app, [*proven, "native"])
    other = check.invoke(app, [*proven, "timescaledb"])

    assert native.exit_code == 0, native.output
    assert other.exit_code == 1, other.output
    assert "`value` is declared `int`, and NULL came back" in other.stdout


def test_a_server_without_timescaledb_has_a_remedy(
    folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)

    result = CliRunner().invoke(
        app, ["prove", "--profile", "timescaledb", "--server-url", server.url()]
    )

    assert isinstance(result.exception, TimescaleMissing)
    assert "cannot create the extension `timescaledb`" in str(result.exception)
    assert "name no server" in str(result.exception)
