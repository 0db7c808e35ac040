"""`datalayer dashboard` as a process that is started, asked and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

COMMAND = [sys.executable, "-m", "datalayer", "dashboard"]
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in {"DATABASE_URL", "FORCE_COLOR", "PYTEST_CURRENT_TEST"}
} | {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}


@contextmanager
def serve_dashboard(
    url: str, *arguments: str
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the command; lend its address and the process, and stop it by Ctrl-C."""
    with subprocess.Popen(
        [*COMMAND, "--database-url", url, "--port", "0", *arguments],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            yield address, process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait()


def run_dashboard(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command until it ends by itself."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
