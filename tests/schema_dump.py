"""The schema of a database as text that can be compared."""

from __future__ import annotations

import subprocess

from datalayer.server import find_binaries


def dump_schema(url: str) -> str:
    """Return all that a database contains but rows, as `pg_dump` writes it."""
    embedded = next(b for b in find_binaries() if b.embedded)
    return subprocess.run(
        [
            embedded.program("pg_dump"),
            "--schema-only",
            "--restrict-key=compared",
            f"--dbname={url}",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
