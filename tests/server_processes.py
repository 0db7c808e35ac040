"""Processes that use a server, and folders that its OS account can reach."""

from __future__ import annotations

import contextlib
import os
import pickle
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from datalayer.server import Server, stop_server, use_server
from datalayer.server.account import service_account
from datalayer.server.cluster import end_processes
from datalayer.server.folder import ServerFolder

T = TypeVar("T")

#: Says the server's process and folder, then uses it until it hears something.
_USER = """
import sys
from pathlib import Path
from datalayer.server import use_server
folder = Path(sys.argv[1]) if sys.argv[1] else None
with use_server(folder, keep_running=sys.argv[2] == "keep") as server:
    print(server.pid, server.folder, flush=True)
    sys.stdin.readline()
"""


class User:
    """A process that uses a server."""

    def __init__(self, folder: Path | None, *, keep_running: bool = False) -> None:
        arguments = [str(folder or ""), "keep" if keep_running else "leave"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", _USER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def joined(self) -> tuple[int, Path]:
        """Wait until it uses the server; return the server's process and folder."""
        assert self.process.stdout is not None
        pid, _, folder = self.process.stdout.readline().strip().partition(" ")
        return int(pid), Path(folder)

    def leave(self) -> None:
        """Let it end, and wait until it has."""
        self.process.communicate("\n")
        assert self.process.returncode == 0

    def kill(self) -> None:
        """Kill it, so that it can do nothing more."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def users(folder: Path | None, count: int = 1) -> Iterator[list[User]]:
    """Run processes that use a server; kill those that are left in the end."""
    started = [User(folder) for _ in range(count)]
    try:
        yield started
    finally:
        for user in started:
            if user.process.poll() is None:
                user.kill()


#: What the servers of all workers take together, at most, in bytes.
_ROOM = 4 << 30


@contextmanager
def use_quick_server(binaries: Path | None = None) -> Iterator[Server]:
    """Run a server for tests in memory, where there is room for it.

    Nearly every test creates a database, which takes a disk up to ten times as long.
    """
    memory = Path("/dev/shm")
    usual = tempfile.tempdir
    with ExitStack() as stack:
        if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= _ROOM:
            tempfile.tempdir = str(memory)
        try:
            server = stack.enter_context(use_server(binaries=binaries))
        finally:
            tempfile.tempdir = usual
        yield server


def interrupt(process: subprocess.Popen[str]) -> None:
    """Press Ctrl-C while a command waits for its server, as a person would.

    A busy machine may have stopped it in the moment after it sent its statement, in
    which psycopg can do no more than to give the connection up.
    """
    stat = Path(f"/proc/{process.pid}/stat")
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "S":
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that any account may enter, unlike those of pytest."""
    path = Path(tempfile.mkdtemp(prefix="test-", dir="/tmp"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        for lock in sorted(path.rglob("datalayer.lock")):
            with contextlib.suppress(Exception):
                stop_server(lock.parent, force=True)
            end_processes(ServerFolder(lock.parent), signal.SIGQUIT)
        delete(path)


def copy_server(source: Path, target: Path) -> Path:
    """Copy a server that does not run, with the owners of its files."""
    subprocess.run(["cp", "-a", source, target], check=True)
    return target


def delete(folder: Path) -> None:
    """Delete a folder in which a server may still write."""

    def is_deleted() -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()

    await_true(is_deleted)


def as_ordinary_user(function: Callable[[], T]) -> T:
    """Call a function in a child that is no longer root; raise what it raises."""
    if os.geteuid() != 0:
        return function()
    account = pwd.getpwnam("nobody")
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # From Python 3.12 on: forking with threads. The child only runs `function`.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
            answer: object = function()
        except BaseException as error:
            answer = error
        os.write(writer, pickle.dumps(answer))
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:
        content = pipe.read()
    os.waitpid(pid, 0)
    result = pickle.loads(content)
    if isinstance(result, BaseException):
        raise result
    answer_of_function: T = result
    return answer_of_function


def await_true(condition: Callable[[], bool]) -> None:
    """Wait until something holds that another process brings about."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 30 s"
        time.sleep(0.005)


def server_account_uid() -> int:
    """Return who owns the data of a server that this process starts."""
    account = service_account()
    return account.uid if account else os.geteuid()
