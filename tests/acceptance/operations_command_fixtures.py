"""A migrated database, and commands that run on it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import psycopg
import pytest
from operations_command import COMMAND, ENVIRONMENT, Run


@pytest.fixture
def run(database_url: str) -> Run:
    """Run a command on a migrated database; a width stands for a terminal."""

    def run_command(
        *arguments: str, width: int | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        terminal = {"FORCE_COLOR": "1", "COLUMNS": str(width)} if width else {}
        return subprocess.run(
            [*COMMAND, *arguments],
            env=ENVIRONMENT | {"DATABASE_URL": database_url} | terminal | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    return run_command


@pytest.fixture
def session(database_url: str) -> Iterator[psycopg.Connection]:
    """A connection in autocommit mode."""
    with psycopg.connect(database_url, autocommit=True) as opened:
        yield opened
