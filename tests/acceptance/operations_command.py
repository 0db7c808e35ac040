"""Commands on the tables of operations, run as a user runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

Run = Callable[..., "subprocess.CompletedProcess[str]"]
COMMAND = [sys.executable, "-m", "datalayer"]
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in {"DATABASE_URL", "FORCE_COLOR", "PYTEST_CURRENT_TEST"}
    and not name.upper().startswith("RETENTION_")
} | {"NO_COLOR": "1", "TERM": "xterm"}


def run_on(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command on another database."""
    return subprocess.run(
        [*COMMAND, *arguments, "--database-url", url],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
