"""The parts of the server that need none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from datalayer.errors import (
    DiskFull,
    EmbeddedServerMissing,
    FolderInUse,
    NotEnoughRights,
    PortInUse,
    ServerError,
    ServerStartFailed,
)
from datalayer.server import Server, binaries, database_url, processes
from datalayer.server.cluster import read_postmaster
from datalayer.server.failures import explain_failure
from datalayer.server.folder import explained, server_folder


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("initdb: error: could not write: No space left on device", DiskFull),
        ("could not extend file: Disk quota exceeded", DiskFull),
        (
            "FATAL:  could not create shared memory segment: No space left on device",
            ServerStartFailed,
        ),
        (
            'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use',
            PortInUse,
        ),
        (
            'LOG:  could not bind IPv4 address "127.0.0.1": Permission denied',
            NotEnoughRights,
        ),
        (
            'initdb: error: could not access directory "/x": Permission denied',
            NotEnoughRights,
        ),
        (
            "FATAL:  lock file exists\nHINT:  Is another postmaster (PID 1) …",
            FolderInUse,
        ),
        ("", ServerStartFailed),
    ],
)
def test_output_of_programs_is_understood(
    output: str, expected: type[ServerError]
) -> None:
    error = explain_failure(output, action="start", folder=Path("/x"), port=543)

    assert type(error) is expected


def test_message_ends_with_the_last_lines_of_the_log() -> None:
    output = "\n".join(f"line {number}" for number in range(100))

    message = explain_failure(output, action="start", folder=Path("/x")).message

    assert message.startswith("start failed:\n    line 85\n")
    assert message.endswith("\n    line 99")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(28, "No space left on device", "/x"), DiskFull),
        (OSError(30, "Read-only file system", "/x"), NotEnoughRights),
        (PermissionError(13, "Permission denied", "/x"), NotEnoughRights),
        (OSError(40, "Too many levels of symbolic links", "/x"), ServerError),
    ],
)
def test_errors_of_the_system_are_understood(
    error: OSError, expected: type[ServerError]
) -> None:
    with pytest.raises(expected, match="/x") as caught, explained(Path("/y")):
        raise error

    assert type(caught.value) is expected
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("server_url", "expected"),
    [
        ("postgresql://u:p@h:5/old?sslmode=require", "postgresql://u:p@h:5/n%20w"),
        ("postgresql://h1:1,h2:2/old", "postgresql://h1:1,h2:2/n%20w"),
        ("postgresql://", "postgresql:///n%20w"),
    ],
)
def test_url_of_another_database(server_url: str, expected: str) -> None:
    url = database_url(server_url, "n w")

    assert url.partition("?")[0] == expected
    assert ("sslmode=require" in url) == ("sslmode" in server_url)


def test_url_quotes_what_needs_it() -> None:
    server = Server(
        folder=Path("/f"),
        host="/with space/ü&?",
        port=5432,
        major=18,
        version="18.6",
        pid=1,
        binaries=Path("/b"),
    )

    assert server.url("a/b") == (
        "postgresql://postgres@/a%2Fb?host=/with%20space/%C3%BC%26%3F&port=5432"
    )


@pytest.mark.parametrize("content", ["", "\n", "garbage\n/x\n"])
def test_incomplete_postmaster_file_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "postmaster.pid").write_text(content)

    assert read_postmaster(tmp_path) is None


def test_half_written_postmaster_file_has_no_status(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text("12\n/x\n1700000000\n5432\n")

    postmaster = read_postmaster(tmp_path)

    assert postmaster is not None
    assert (postmaster.pid, postmaster.port, postmaster.status) == (12, 5432, "")


def test_folder_of_a_tilde_is_below_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert server_folder(Path("~/x")).path == tmp_path / "x"


def test_machine_without_any_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATALAYER_PG_BIN", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(binaries, "_INSTALLED", ())
    monkeypatch.setattr(binaries, "_WHEEL", "not-installed")

    assert binaries.find_binaries() == []
    with pytest.raises(EmbeddedServerMissing, match="no PostgreSQL to run") as error:
        binaries.choose_binaries()
    assert "datalayer[tools]" in str(error.value)


def test_ended_process_that_nobody_collected_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        assert processes.wait_until(
            lambda: not processes.is_alive(process.pid), timeout=30
        )


@pytest.mark.skipif(shutil.which("ps") is None, reason="Linux without `ps` has /proc")
def test_processes_are_found_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_PROC", Path("/nowhere"))

    own = processes.find_process(os.getpid())

    assert own is not None
    assert "python" in own.command
    assert os.getpid() in {process.pid for process in processes.list_processes()}
    assert processes.working_folder(os.getpid()) is None


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/usr/lib/postgresql/18/bin/postgres -D /x", True),
        ("postgres: datalayer-1: checkpointer", True),
        ("/a folder/bin/postgres -D /x", True),
        ("sleep 60", False),
        ("vim postgres.conf", False),
        ("postgresql-exporter", False),
    ],
)
def test_server_processes_are_recognised(command: str, expected: bool) -> None:
    assert processes.Process(1, command).is_postgres is expected
