"""The order in which derived files are written: each step reads what the last wrote."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: Description and command of each step.
STEPS = (
    ("the sync twins of the async sources", ("scripts/async_to_sync.py",)),
    ("src/datalayer/queries from queries/", ("-m", "datalayer", "generate")),
    ("the expected output of the golden cases", ("tests/golden/regenerate.py",)),
    ("the table of docs/types.md", ("scripts/types_page.py",)),
)


def main() -> int:
    """Run each step; stop at the first that fails."""
    for description, command in STEPS:
        sys.stderr.write(f"{description} …\n")
        status = subprocess.run(
            [sys.executable, *command], cwd=ROOT, check=False
        ).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
