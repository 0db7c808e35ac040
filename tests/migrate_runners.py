"""Runners in threads and processes, and a gate where a test stops what they run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import psycopg
import pytest

from datalayer.errors import MigrationHalfApplied
from datalayer.migrate import Event, MigrationReport, migrate

OFF = "-- datalayer: transaction=off\n"
#: Held by a test, it stops a file where the file asks for it.
GATE = 4711
PASS_GATE = f"SELECT pg_advisory_xact_lock_shared({GATE});"
# A test that waits for something that never comes fails instead of hanging.
PATIENCE = 30.0


def fetch(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def journal(url: str) -> list[tuple[object, ...]]:
    """Return how far each file is, and whether its next statement was begun."""
    return fetch(
        url,
        "SELECT version, statements_done, statements, "
        "statement_started_at IS NOT NULL FROM datalayer_migration ORDER BY ordinal",
    )


def indexes(url: str, table: str = "a") -> list[tuple[object, ...]]:
    return fetch(
        url,
        "SELECT relname, indisvalid FROM pg_index INNER JOIN pg_class "
        f"ON pg_class.oid = indexrelid WHERE indrelid = '{table}'::regclass "
        "ORDER BY relname",
    )


def half_apply(url: str, folder: Path) -> MigrationHalfApplied:
    with pytest.raises(MigrationHalfApplied) as raised:
        migrate(url, folder)
    return raised.value


@contextmanager
def closed_gate(url: str) -> Iterator[Callable[[], None]]:
    """Hold up all files that pass the gate, until the yielded function is called."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (GATE,))

        def open_gate() -> None:
            connection.execute("SELECT pg_advisory_unlock_all()")

        try:
            yield open_gate
        finally:
            open_gate()


def wait_for_gate(url: str) -> int:
    """Return the process of the backend that stands at the gate, when one does."""
    query = (
        "SELECT pid FROM pg_locks WHERE NOT granted AND locktype = 'advisory' "
        "AND objid = %s"
    )
    pause = threading.Event()
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(int(PATIENCE / 0.01)):
            row = connection.execute(query, (GATE,)).fetchone()
            if row:
                return int(row[0])
            pause.wait(0.01)
    raise AssertionError("nobody came to the gate")


class Runner:
    """A runner in a thread of its own, whose events come through a queue."""

    def __init__(self, pool: ThreadPoolExecutor, url: str, folder: Path) -> None:
        self.events: SimpleQueue[Event] = SimpleQueue()
        self.future: Future[MigrationReport] = pool.submit(
            migrate, url, folder, wait=PATIENCE, report=self.events.put
        )

    def next_event(self) -> Event:
        return self.events.get(timeout=PATIENCE)


def kill_a_runner_at_the_gate(url: str, folder: Path) -> None:
    """Start a runner as a process, and kill it in the middle of a file."""
    code = (
        "import sys; from pathlib import Path; from datalayer.migrate import migrate; "
        "migrate(sys.argv[1], Path(sys.argv[2]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, url, str(folder)], stderr=subprocess.DEVNULL
    ) as process:
        wait_for_gate(url)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
