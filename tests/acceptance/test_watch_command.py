"""`datalayer generate --watch`, as somebody who edits queries uses it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from datalayer.server import Server

QUERY = """\
-- name: get_account(id)^
-- Return an account, or nothing.
SELECT id, address FROM account WHERE id = :id;
"""
SECONDS = 60


@pytest.fixture
def project(tmp_path: Path) -> Path:
    settings = '[tool.datalayer]\noutput = "src/app/queries"\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    (tmp_path / "migrations" / "app").mkdir(parents=True)
    (tmp_path / "migrations" / "app" / "001_account.sql").write_text(
        "-- Accounts.\nCREATE TABLE account (id int PRIMARY KEY, address text);\n"
    )
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "account.sql").write_text(QUERY)
    return tmp_path


class Watcher:
    """A running command, and what it prints."""

    def __init__(self, project: Path, server: Server) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "datalayer", "generate", "--watch"],
            cwd=project,
            env={**os.environ, "DATALAYER_SCRATCH_URL": server.url(), "COLUMNS": "100"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read, args=[self.process.stdout])
        self.reader.start()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self.lines.put(line)

    def until(self, text: str) -> str:
        """Return what is printed up to a line that contains a text."""
        seen = ""
        while text not in seen.rpartition("\n")[0].rpartition("\n")[2]:
            seen += self.lines.get(timeout=SECONDS)
        return seen


@pytest.fixture
def watcher(project: Path, server: Server) -> Iterator[Watcher]:
    started = Watcher(project, server)
    try:
        yield started
    finally:
        started.close()


def test_whatever_is_saved_is_generated_again(project: Path, watcher: Watcher) -> None:
    queries, output = project / "queries", project / "src/app/queries"
    assert "wrote src/app/queries/account.py" in watcher.until("watching")

    (queries / "account.sql").write_text(QUERY.replace("id, address", "address"))
    watcher.until("1 query")
    assert "id: int\n" not in (output / "account.py").read_text()

    (queries / "account.sql").write_text(QUERY.replace("address", "adress"))
    assert "column `adress` does not exist" in watcher.until("help:")

    (queries / "account.sql").write_text(QUERY)
    watcher.until("1 query")
    assert "id: int\n" in (output / "account.py").read_text()


def test_a_migration_builds_the_database_again(project: Path, watcher: Watcher) -> None:
    watcher.until("watching")

    more = project / "migrations" / "app" / "002_address.sql"
    more.write_text("-- Needed.\nALTER TABLE account ALTER address SET NOT NULL;\n")
    watcher.until("watching")

    text = (project / "src/app/queries/account.py").read_text()
    assert "address: str\n" in text


def test_ctrl_c_ends_it(watcher: Watcher) -> None:
    watcher.until("watching")

    watcher.process.send_signal(signal.SIGINT)

    # The line before may come again: Ctrl-C can interrupt its printing.
    assert watcher.until("stopped").endswith("stopped\n")
    assert watcher.process.wait(SECONDS) == 0


def test_only_text_is_told(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "datalayer", "generate", "--watch", "--json"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "`--watch` tells what it does as text" in " ".join(done.stderr.split())
