"""The examples of docs/import-traffic.md, executed."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from datalayer.cli import app
from datalayer.domains.conversations.importing import Defaults, parse_line
from traffic_lines import lines_of_conversations

PAGE = (Path(__file__).parents[2] / "docs" / "import-traffic.md").read_text()
LINES = lines_of_conversations(seed=3, number=6)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a log, beside a migrated database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "proxy.jsonl").write_bytes(b"\n".join(LINES) + b"\n")
    return tmp_path


def test_the_line_is_one() -> None:
    (example,) = blocks("json")

    record = parse_line(example.encode(), Defaults(train_id="red"))

    assert (record.tokens.input, record.tokens.output) == (12, 5)
    assert record.model == "m-1"


def test_commands_print_what_the_page_says(folder: Path) -> None:
    first, second = blocks("console")

    assert run(first) == said(first)

    lines = [LINES[0], LINES[1], b"{", b'{"request": {}}', *LINES[2:]]
    (folder / "proxy.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    shown = run(second)

    # They are stored already, by the first one.
    assert shown == said(second).replace(
        "6 requests stored", "0 requests stored, 6 stored before"
    )
    assert (folder / "bad.jsonl").read_text().count("\n") == 2


def test_python_prints_the_numbers(
    folder: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (example,) = blocks("python")
    connect = psycopg.connect

    def connect_to_ours(_: str, *, autocommit: bool) -> psycopg.Connection:
        return connect(database_url, autocommit=autocommit)

    monkeypatch.setattr(psycopg, "connect", connect_to_ours)

    exec(compile(example, "docs/import-traffic.md", "exec"), {})  # noqa: S102 (the page)

    assert capsys.readouterr().out == "6 0 0\n"


def test_page_names_every_member_that_is_read() -> None:
    names = re.findall(r"`([a-z_@]+)`", PAGE.split("## Formats")[0])

    for name in ("request", "response", "timestamp", "ttft_ms", "api_key_hash"):
        assert name in names


def run(transcript: str) -> str:
    """Run the imports of a transcript; return all that they said."""
    output = ""
    for command in re.findall(r"^\$ datalayer (conversations .*)$", transcript, re.M):
        done = CliRunner().invoke(app, command.split())
        output += done.output
    return output


def said(transcript: str) -> str:
    return "".join(
        line + "\n" for line in transcript.splitlines() if not line.startswith("$")
    )
