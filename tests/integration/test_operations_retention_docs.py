"""The page about retention is true."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from os import environ
from pathlib import Path

import psycopg
import pytest

from datalayer.domains.operations import RetentionSettings
from datalayer.domains.operations.retention_settings import VARIABLES, largest

PAGE = (Path(__file__).parents[2] / "docs" / "retention.md").read_text()
_EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
_COMMANDS = re.findall(r"\$ (.*)\n((?:(?!\$|```).*\n)*)", PAGE)


@pytest.mark.parametrize(("code", "printed"), _EXAMPLES, ids=["calls", "settings"])
def test_examples_print_what_the_page_says(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    code: str,
    printed: str,
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)

    exec(compile(code, "docs/retention.md", "exec"), {})  # noqa: S102 (the page)

    assert capsys.readouterr().out == printed


def test_commands_print_what_the_page_says(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO assistly_approvals"
            " (id, status, created_at, decided_at, payload)"
            " SELECT i::text, 'approved', now(), now(), '{}'"
            " FROM generate_series(1, 3) AS i"
        )
    assert len(_COMMANDS) == 2
    for line, printed in _COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", *line.split()],
            env=environ | {"DATABASE_URL": database_url},
            capture_output=True,
            text=True,
            check=True,
        )

        assert done.stdout == printed


def test_every_setting_is_in_the_table() -> None:
    for field in fields(RetentionSettings):
        name = field.name
        row = f"| `{VARIABLES[name]}` | `{name}` | {field.default} | {largest(name)} |"
        assert row in PAGE
