"""Several processes share a server, and none is missed however it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from datalayer.errors import ServerInUse
from datalayer.server import (
    join_server,
    server_status,
    start_server,
    stop_server,
    use_server,
)
from datalayer.server.processes import is_alive, list_processes
from server_processes import User, await_true, copy_server, delete, open_folder, users

pytestmark = pytest.mark.postgres


@pytest.fixture
def new_folder() -> Iterator[Path]:
    with open_folder() as parent:
        yield parent / "server"


@pytest.fixture
def folder(new_folder: Path, prepared_server: Path) -> Path:
    return copy_server(prepared_server, new_folder)


@pytest.fixture
def temporary_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where throw-away servers go, apart from those of other tests."""
    with open_folder() as path:
        monkeypatch.setattr(tempfile, "tempdir", str(path))
        monkeypatch.setenv("TMPDIR", str(path))
        yield path


def state(folder: Path) -> str:
    return server_status(folder).state


def test_server_without_a_folder_is_deleted_in_the_end() -> None:
    with use_server() as server:
        with psycopg.connect(server.url()) as connection:
            row = connection.execute("SELECT 1").fetchone()
        assert server.folder.is_dir()

    assert row == (1,)
    assert not server.folder.exists()
    assert not is_alive(server.pid)


def test_data_outlives_the_server(new_folder: Path) -> None:
    with use_server(new_folder) as server, psycopg.connect(server.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")

    with use_server(new_folder) as server, psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_processes_share_a_server_and_the_last_one_stops_it(folder: Path) -> None:
    with users(folder, 2) as (first, second):
        assert first.joined() == second.joined()
        pids = {user.pid for user in server_status(folder).users}
        assert pids == {first.process.pid, second.process.pid}

        first.leave()
        assert state(folder) == "running"

        second.leave()
        assert state(folder) == "stopped"


def test_processes_that_start_at_once_start_one_server(new_folder: Path) -> None:
    with users(new_folder, 4) as started:
        servers = {user.joined() for user in started}

        assert len(servers) == 1


def test_threads_share_a_server(folder: Path) -> None:
    all_joined = threading.Barrier(4)

    def use() -> int:
        with use_server(folder) as server:
            all_joined.wait(timeout=60)
            return server.pid

    with ThreadPoolExecutor(4) as pool:
        pids = {future.result() for future in [pool.submit(use) for _ in range(4)]}

    assert len(pids) == 1
    assert state(folder) == "stopped"


def test_server_keeps_running_when_a_user_said_so(folder: Path) -> None:
    user = User(folder, keep_running=True)
    user.joined()
    user.leave()

    assert state(folder) == "running"
    assert server_status(folder).keep_running


def test_started_server_runs_until_it_is_stopped(folder: Path) -> None:
    _, started = start_server(folder)
    with use_server(folder) as server:
        pass
    again, started_again = start_server(folder)

    assert started
    assert not started_again
    assert again.pid == server.pid
    assert stop_server(folder)
    assert not stop_server(folder)
    assert state(folder) == "stopped"


def test_keeping_a_used_server_outlives_its_user(folder: Path) -> None:
    with use_server(folder):
        start_server(folder)

    assert state(folder) == "running"


def test_stopping_is_refused_while_somebody_uses_the_server(folder: Path) -> None:
    with use_server(folder) as server:
        with pytest.raises(ServerInUse, match=str(os.getpid())):
            stop_server(folder)

        assert is_alive(server.pid)
        assert stop_server(folder, force=True)
        assert not is_alive(server.pid)


def test_killed_user_does_not_keep_the_server(folder: Path) -> None:
    with users(folder, 2) as (killed, other):
        killed.joined()
        other.joined()
        killed.kill()

        assert [u.pid for u in server_status(folder).users] == [other.process.pid]
        other.leave()

        assert state(folder) == "stopped"


def test_server_of_a_killed_user_is_joined_and_then_stopped(folder: Path) -> None:
    with users(folder) as (user,):
        pid, _ = user.joined()
        user.kill()

    with use_server(folder) as server:
        assert server.pid == pid
    assert state(folder) == "stopped"


def test_forked_child_does_not_leave_for_its_parent(folder: Path) -> None:
    membership = join_server(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        membership.close()
        os._exit(0)
    os.waitpid(child, 0)

    assert state(folder) == "running"
    assert [user.pid for user in server_status(folder).users] == [os.getpid()]
    membership.close()
    membership.close()
    assert state(folder) == "stopped"


def test_killed_server_starts_again_with_its_data(folder: Path) -> None:
    with users(folder) as (user,):
        pid, _ = user.joined()
        with use_server(folder) as server:
            with psycopg.connect(server.url()) as connection:
                connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
            os.kill(pid, signal.SIGKILL)
            await_true(lambda: not is_alive(pid))

            # The other two are users still, of the server that takes its place.
            with use_server(folder) as again:
                assert again.pid != pid
                assert again.url() == server.url()
                with psycopg.connect(again.url()) as connection:
                    row = connection.execute("SELECT number FROM kept").fetchone()
                assert row == (7,)


def test_busy_process_of_a_killed_server_does_not_block_the_next(folder: Path) -> None:
    server, _ = start_server(folder)
    connection = psycopg.connect(server.url(), autocommit=True)
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    # It does not wait for anything, so that it never notices that the server died.
    busy = "SELECT count(*) FROM generate_series(1, 100000000000)"
    connection.pgconn.send_query(busy.encode())
    os.kill(server.pid, signal.SIGKILL)
    await_true(lambda: not is_alive(server.pid))
    assert is_alive(row[0])

    with use_server(folder) as again, psycopg.connect(again.url()) as fresh:
        assert fresh.execute("SELECT 1").fetchone() == (1,)
    assert not is_alive(row[0])
    connection.close()


def test_killed_server_and_users_leave_nothing_that_blocks(folder: Path) -> None:
    with users(folder) as (user,):
        pid, _ = user.joined()
        user.kill()
        os.kill(pid, signal.SIGKILL)

    with use_server(folder) as server:
        assert server.pid != pid
        assert [u.pid for u in server_status(folder).users] == [os.getpid()]


@pytest.mark.parametrize("command", ["sleep", "postgres"])
def test_process_that_got_the_number_of_the_server_is_left_alone(
    folder: Path, command: str
) -> None:
    with use_server(folder):
        content = (folder / "data" / "postmaster.pid").read_text().splitlines()
    # A server of another folder, as far as can be seen from outside.
    sleeping = [shutil.which("sleep") or "sleep", "60"]
    with subprocess.Popen([command, *sleeping[1:]], executable=sleeping[0]) as other:
        try:
            content[0] = str(other.pid)
            (folder / "data" / "postmaster.pid").write_text("\n".join(content) + "\n")

            with use_server(folder) as server:
                assert server.pid != other.pid

            assert other.poll() is None
        finally:
            other.kill()


def test_server_that_lost_its_folder_is_replaced(folder: Path) -> None:
    server, _ = start_server(folder)
    delete(folder)

    with use_server(folder) as again:
        assert again.pid != server.pid
        assert not is_alive(server.pid)


def test_leaving_a_folder_that_was_deleted_ends_its_server(folder: Path) -> None:
    with use_server(folder) as server:
        delete(folder)

    assert not is_alive(server.pid)


def test_abandoned_throw_away_server_is_deleted_by_a_later_one(
    temporary_folder: Path,
) -> None:
    with users(None) as (user,):
        pid, folder = user.joined()
        user.kill()
    assert folder.is_relative_to(temporary_folder)
    assert is_alive(pid)

    with use_server() as server:
        assert server.folder != folder
        assert not is_alive(pid)
        assert not folder.exists()


def test_used_throw_away_server_is_left_alone_by_a_later_one(
    temporary_folder: Path,
) -> None:
    with users(None) as (user,):
        pid, folder = user.joined()
        assert folder.is_relative_to(temporary_folder)

        with use_server():
            assert is_alive(pid)

        user.leave()
        assert not folder.exists()


def test_shared_memory_of_a_killed_throw_away_server_is_freed(
    temporary_folder: Path,
) -> None:
    segments = Path("/proc/sysvipc/shm")
    if not segments.exists():
        pytest.skip("only Linux lists the segments of shared memory")
    with users(None) as (user,):
        pid, folder = user.joined()
        assert folder.is_relative_to(temporary_folder)
        user.kill()
        os.kill(pid, signal.SIGKILL)

    def creators() -> set[str]:
        lines = segments.read_text().splitlines()[1:]
        return {line.split()[4] for line in lines}

    assert str(pid) in creators()
    with use_server():
        assert str(pid) not in creators()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_interrupted_first_start_breaks_nothing(
    new_folder: Path, number: signal.Signals
) -> None:
    with users(new_folder) as (user,):
        await_true(lambda: any(new_folder.glob(".data-*/global")))
        user.process.send_signal(number)
        user.process.communicate()

    if number == signal.SIGINT:
        assert not any(new_folder.glob(".data-*"))
        assert not any(str(new_folder) in p.command for p in list_processes())
    assert state(new_folder) == "absent"
    with use_server(new_folder) as server, psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not any(new_folder.glob(".data-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_start_breaks_nothing(folder: Path, number: signal.Signals) -> None:
    postmaster = folder / "data" / "postmaster.pid"

    with users(folder) as (user,):
        await_true(postmaster.exists)
        user.process.send_signal(number)
        user.process.communicate()

    with use_server(folder) as server, psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert state(folder) == "stopped"
