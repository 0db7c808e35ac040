"""`datalayer worker` as a process that is started, signalled and read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND = [sys.executable, "-m", "datalayer", "worker"]
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in {"DATABASE_URL", "FORCE_COLOR", "PYTEST_CURRENT_TEST"}
    and not name.startswith("RETENTION_")
} | {"COLUMNS": "100", "NO_COLOR": "1"}

#: `wait` says which job it has, and ends when somebody opens the pipe `go`.
HANDLERS = """
import sys
from pathlib import Path


def post(job):
    return f"remote-{job.id}"


def say(job):
    print("hello from the handler")


def refuse(job):
    raise ValueError("no")


def wait(job):
    print(f"begun {job.id}", file=sys.stderr, flush=True)
    Path("go").read_text()
    return f"remote-{job.id}"


text = "no function"
"""


def write_handlers(folder: Path) -> None:
    """Write the module `posts` into a folder, and what lets its handler end."""
    (folder / "posts.py").write_text(HANDLERS)
    os.mkfifo(folder / "go")


def run_worker(
    folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder until it ends by itself."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=ENVIRONMENT | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def start_worker(
    folder: Path, url: str, *arguments: str
) -> Iterator[subprocess.Popen[str]]:
    """Run the command in a folder; kill it at the end if it runs still."""
    with subprocess.Popen(
        [*COMMAND, "--database-url", url, *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def wait_for_line(process: subprocess.Popen[str], part: str) -> str:
    """Return the next line on standard error that has a part."""
    assert process.stderr is not None
    for line in process.stderr:
        if part in line:
            return line
    raise AssertionError(f"it ended without {part}")


def jobs_in(text: str) -> list[dict[str, object]]:
    """Return what lines of JSON hold."""
    return [json.loads(line) for line in text.splitlines()]
