"""The page about the queue is true: its examples are run from top to bottom."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from worker_process import ENVIRONMENT

from datalayer.domains.operations.worker import Attempt, load_handler
from datalayer.domains.operations.worker.handling import handle

PAGE = (Path(__file__).parents[2] / "docs" / "queue.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FILES = {
    text.partition("\n")[0].removeprefix("# "): text
    for language, text in BLOCKS
    if language == "python"
}
PROGRAMS = {
    "datalayer": [sys.executable, "-m", "datalayer"],
    "python": [sys.executable],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files of the page."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def _commands() -> list[tuple[str, str]]:
    """Return each command of the page, with what it prints."""
    found: list[tuple[str, str]] = []
    for language, text in BLOCKS:
        if language == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                found.append((command, output))
    return found


def _matches(expected: str, printed: str) -> bool:
    parts = [re.escape(part) for part in expected.strip().split("…")]
    return re.fullmatch(".*".join(parts), printed.strip(), re.DOTALL) is not None


@pytest.mark.postgres
def test_commands_print_what_the_page_says(folder: Path, empty_database: str) -> None:
    for command, expected in _commands():
        program, *arguments = shlex.split(command)
        done = subprocess.run(
            [*PROGRAMS[program], *arguments],
            cwd=folder,
            env=ENVIRONMENT | {"DATABASE_URL": empty_database, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, (command, done.stderr)
        assert _matches(expected, done.stdout), (command, done.stdout)

    with psycopg.connect(empty_database) as connection:
        counts = connection.execute(
            "SELECT status, count(*) FROM assistly_queue_jobs GROUP BY status"
            " ORDER BY status"
        ).fetchall()
    assert counts == [("posted", 3), ("scheduled", 1)]


@pytest.mark.parametrize(
    ("name", "content", "remote_id"),
    [("careful:post", "x", "post-1"), ("thread:post", "ab\n\nc", "part-2")],
)
def test_other_handlers_of_the_page_post(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    content: str,
    remote_id: str,
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    try:
        handler = load_handler(name)
        job = Attempt(7, "mastodon", content, datetime.now(UTC), None, 0, 1)
        ends = [handle(handler, job), handle(handler, job)]
    finally:
        del sys.modules[name.partition(":")[0]]

    assert [end.remote_id for end in ends] == [remote_id] * 2


def test_every_file_of_the_page_is_used() -> None:
    used = " ".join(command for command, _ in _commands())

    assert FILES.keys() == {
        "careful.py",
        "flaky.py",
        "own.py",
        "posts.py",
        "schedule.py",
        "thread.py",
    }
    for name in FILES.keys() - {"careful.py", "thread.py"}:
        assert name.removesuffix(".py") in used
