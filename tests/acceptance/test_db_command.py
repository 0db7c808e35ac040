"""`datalayer db` from the outside."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from datalayer.server import server_status, use_server
from server_processes import copy_server, open_folder

pytestmark = pytest.mark.postgres


@pytest.fixture
def new_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The default folder of the commands."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with open_folder() as parent:
        monkeypatch.setenv("DATALAYER_FOLDER", str(parent / "server"))
        yield parent / "server"


@pytest.fixture
def folder(new_folder: Path, prepared_server: Path) -> Path:
    """The default folder of the commands, with a server that does not run."""
    return copy_server(prepared_server, new_folder)


def db(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Run `datalayer db` and check what it exits with."""
    # Typer would print escape codes even into a pipe.
    colours = {"FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS"}
    result = subprocess.run(
        [sys.executable, "-m", "datalayer", "db", *arguments],
        env={k: v for k, v in os.environ.items() if k not in colours},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert result.returncode == status, result.stdout + result.stderr
    return result


def test_server_from_start_to_stop(new_folder: Path) -> None:
    url = f"postgresql://postgres@/postgres?host={new_folder}/socket&port=5432\n"

    started = db("start")
    assert started.stdout == url
    assert "started PostgreSQL" in started.stderr
    again = db("start")
    assert again.stdout == url
    assert "running already" in again.stderr
    assert db("url").stdout == url
    assert "running, until `datalayer db stop`" in db("status").stdout
    assert db("psql", "--", "-Atc", "SELECT 7").stdout == "7\n"
    assert "stopped" in db("stop").stderr
    assert "no server runs" in db("stop").stderr
    assert "stopped" in db("status", status=3).stdout


def test_facts_as_json(folder: Path) -> None:
    facts = json.loads(db("start", "--json").stdout)
    status = json.loads(db("status", "--json").stdout)
    url = json.loads(db("url", "--json").stdout)

    assert facts.pop("started") is True
    assert facts.items() <= status.items()
    assert status["state"] == "running"
    assert status["folder"] == str(folder)
    assert status["keep_running"] is True
    assert status["users"] == []
    assert status["size_bytes"] > 1_000_000
    assert url == {"url": facts["url"]}


def test_status_names_the_users(folder: Path) -> None:
    with use_server(folder):
        text = db("status").stdout
        users = json.loads(db("status", "--json").stdout)["users"]
        refused = db("stop", status=1).stderr

    assert f"user     {os.getpid()} since " in text
    assert [user["pid"] for user in users] == [os.getpid()]
    assert "1 process uses the server" in refused
    assert str(os.getpid()) in refused


def test_nothing_runs(new_folder: Path) -> None:
    status = db("status", status=3)
    url = db("url", status=3)

    assert "absent" in status.stdout
    assert json.loads(db("status", "--json", status=3).stdout)["state"] == "absent"
    assert url.stdout == ""
    assert "`datalayer db start`" in url.stderr
    assert not new_folder.exists()


def test_psql_starts_the_server_and_stops_it_after_its_last_user(folder: Path) -> None:
    assert db("psql", "--", "-Atc", "SHOW server_encoding").stdout == "UTF8\n"
    assert server_status(folder).state == "stopped"


def test_psql_passes_its_exit_status_on(folder: Path) -> None:
    with use_server(folder):
        db("psql", "--", "-c", "SELECT", "-c", "oops", status=1)
        db("psql", "-d", "template1", "--", "-c", "SELECT 1")
        db("psql", "-d", "missing", status=2)


def test_port_and_password(folder: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    db("start", "--port", str(port))
    url = db("url", "--tcp", "--database", "template1").stdout.strip()

    assert re.fullmatch(
        rf"postgresql://postgres:\S+@127\.0\.0\.1:{port}/template1", url
    )
    assert f"127.0.0.1:{port}" in db("status").stdout
    assert url.split(":")[2].split("@")[0] not in db("status", "--json").stdout
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        other = str(folder.parent / "other")
        error = db(
            "start", "-f", other, "-p", str(busy.getsockname()[1]), status=1
        ).stderr
    assert "is in use by another program" in error
    assert "help: " in error


def test_database_url_counts_more_than_the_default_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with use_server(folder.parent / "other") as server:
        monkeypatch.setenv("DATABASE_URL", server.url("template1"))

        assert db("url").stdout.strip() == server.url("template1")
        output = db("psql", "--", "-Atc", "SELECT current_database()").stdout
        assert output == "template1\n"
        assert "DATABASE_URL is set" in db("status", status=3).stderr
        db("url", "--folder", str(folder), status=3)


def test_output_of_a_narrow_terminal_is_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    url = db("start").stdout

    assert url.count("\n") == 1
    assert str(folder) in db("status").stdout


@pytest.mark.parametrize("command", ["start", "stop", "status", "url", "psql"])
def test_help_says_what_the_command_exits_with(command: str) -> None:
    text = db(command, "--help").stdout

    assert "Exit" in text
    assert "--folder" in text


def test_wrong_usage() -> None:
    db("start", "--port", "70000", status=2)
    db("sing", status=2)
