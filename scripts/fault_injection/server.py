"""A server of its own, which can be stopped in any mode while it is used."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import psycopg

from datalayer.config import bundled_folder
from datalayer.migrate import migrate
from datalayer.server import create_database, start_server, stop_server
from datalayer.server.processes import is_alive
from fault_injection.errors import ChaosError

FOLDER = Path(__file__).parent
QUEUE, REMOTE = "queue", "remote"
_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_STOP_TIMEOUT = 60.0
_BACKENDS = """
SELECT pid
FROM pg_stat_activity
WHERE
    backend_type = 'client backend'
    AND pid <> pg_backend_pid()
    AND right(application_name, length(%(worker)s)) = %(worker)s
ORDER BY pid
"""
_TERMINATE = """
SELECT count(*) FILTER (WHERE pg_terminate_backend(pid))
FROM unnest(%s::int[]) AS chosen (pid)
"""


@dataclass(slots=True)
class FaultyServer:
    """A server, and the process that it is at the moment."""

    folder: Path
    pid: int
    version: str
    queue_url: str
    remote_url: str
    admin_url: str

    def restart(self, mode: str) -> None:
        """Stop it as `pg_ctl stop --mode` does, and start it again."""
        os.kill(self.pid, _SIGNALS[mode])
        deadline = time.monotonic() + _STOP_TIMEOUT
        while is_alive(self.pid):
            if time.monotonic() > deadline:
                raise ChaosError(f"the server did not stop in {_STOP_TIMEOUT:g} s")
            time.sleep(0.01)
        self.pid = start_server(self.folder)[0].pid

    def terminate(self, part: float, seed: int) -> int:
        """End a part of the connections; return how many."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            pids = _list_backends(connection)
            chosen = Random(seed).sample(pids, round(len(pids) * part))
            return _terminate(connection, chosen)

    def cut_off(self, worker: str) -> int:
        """End the connections that a worker has to the queue; return how many."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            return _terminate(connection, _list_backends(connection, worker))


def _list_backends(connection: psycopg.Connection, worker: str = "") -> list[int]:
    """Return the processes of all connections but this one, or of a worker's."""
    return [pid for (pid,) in connection.execute(_BACKENDS, {"worker": worker})]


def _terminate(connection: psycopg.Connection, pids: list[int]) -> int:
    ended = connection.execute(_TERMINATE, (pids,)).fetchone()
    return int(ended[0]) if ended else 0


@contextmanager
def run_server(parent: Path, remote_change: tuple[str, str]) -> Iterator[FaultyServer]:
    """Start a server with the queue and the remote; it survives a crash as usual.

    A text of the remote may be replaced, which makes it a broken one.
    """
    folder = parent / "server"
    try:
        running, _ = start_server(folder)
        admin = running.url()
        queue_url = create_database(admin, QUEUE)
        remote_url = create_database(admin, REMOTE)
        migrate(queue_url, bundled_folder("migrations"), components=["operations"])
        _run(queue_url, (FOLDER / "witness.sql").read_text())
        _run(remote_url, (FOLDER / "remote.sql").read_text().replace(*remote_change))
        yield FaultyServer(
            folder, running.pid, running.version, queue_url, remote_url, admin
        )
    finally:
        stop_server(folder, force=True)


@contextmanager
def work_folder(keep: Path | None = None) -> Iterator[Path]:
    """Make a folder that the server's account may enter; delete it in the end.

    The logs in it may be kept elsewhere.
    """
    path = Path(tempfile.mkdtemp(prefix="chaos-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        if keep is not None:
            _keep_logs(path, keep)
        shutil.rmtree(path, ignore_errors=True)


def _keep_logs(folder: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for log in folder.rglob("*.log"):
        shutil.copy(log, target)


def _run(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())
