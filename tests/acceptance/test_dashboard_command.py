"""`datalayer dashboard` as a process: what it says, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psycopg
import pytest
from dashboard_process import ENVIRONMENT, run_dashboard, serve_dashboard

pytestmark = pytest.mark.postgres


def _get(address: str) -> tuple[int, str]:
    with urllib.request.urlopen(address) as response:
        return response.status, response.read().decode()


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_it_serves_until_it_is_stopped(
    database_url: str, number: signal.Signals, status: int
) -> None:
    with serve_dashboard(database_url, "--hours", "6") as (address, process):
        code, page = _get(address)
        process.send_signal(number)
        output, errors = process.communicate()

    assert code == 200
    assert 'href="/?hours=6" aria-current="true"' in page
    assert process.returncode == status
    assert output == ""
    assert errors.splitlines()[0] == "Ctrl-C stops the dashboard"
    assert "Traceback" not in errors
    assert "Error" not in errors


def test_its_connections_end_with_it(database_url: str) -> None:
    with serve_dashboard(database_url) as (address, _):
        _get(address)

    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT state FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).fetchall()
    assert rows == []


def test_an_address_in_use_is_an_error(database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        result = run_dashboard("--database-url", database_url, "--port", port)

    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"error: cannot listen on 127.0.0.1:{port}: address already in use",
        "  help: choose another one with `--port`, or 0 for any that is free",
    ]


def test_a_database_without_automation_is_an_error(empty_database: str) -> None:
    result = run_dashboard("--database-url", empty_database, "--port", "0")

    assert result.returncode == 1
    assert "has no `enforcement_volume_hourly`" in result.stderr
    assert "`datalayer migrate up automation`" in result.stderr


def test_a_database_that_is_down_is_an_error() -> None:
    result = run_dashboard(
        "--database-url", "postgresql://me:secret-word@127.0.0.1:1/app", "--port", "0"
    )

    assert result.returncode == 1
    assert "error: cannot connect to database `app`" in result.stderr
    assert "secret-word" not in result.stderr


def test_other_addresses_are_warned_of(database_url: str) -> None:
    with serve_dashboard(
        database_url, "--host", "0.0.0.0", "--allow-host", "board.example"
    ) as (address, process):
        port = address.rstrip("/").rpartition(":")[2]
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/", headers={"Host": "board.example"}
        )
        with urllib.request.urlopen(request) as response:
            status = response.status
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()

    assert status == 200
    assert "everyone who reaches 0.0.0.0 can read this" in errors


def test_it_takes_on_a_role(database_url: str) -> None:
    with serve_dashboard(database_url, "--role", "pg_read_all_data") as (address, _):
        code, _ = _get(address)
    result = run_dashboard("--database-url", database_url, "--role", "nobody_here")

    assert code == 200
    assert result.returncode == 1
    assert "cannot take on the role `nobody_here`" in result.stderr


def test_it_opens_the_browser(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = tmp_path / "opened"
    os.mkfifo(opened)
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    program.chmod(0o755)
    monkeypatch.setitem(ENVIRONMENT, "BROWSER", str(program))

    with serve_dashboard(database_url, "--open") as (address, _):
        # Reading waits for the browser.
        assert opened.read_text().strip() == address


@pytest.mark.parametrize("option", [("--port", "65536"), ("--hours", "0")])
def test_wrong_usage_is_told(option: tuple[str, str]) -> None:
    assert run_dashboard(*option).returncode == 2


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import importlib.util, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = "
        "lambda name: None if name == 'starlette' else find(name)\n"
        "sys.argv = ['datalayer', 'dashboard']\n"
        "from datalayer.__main__ import main\n"
        "main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=ENVIRONMENT,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert "pip install 'datalayer[tools,dashboard]'" in result.stderr
