"""`datalayer conversations list`: pages of a train's conversations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner, Result

from datalayer.cli import app, conversations_list
from datalayer.domains.conversations.importing import ImportOptions, import_file
from traffic_lines import line, says

pytestmark = pytest.mark.postgres

Run = Callable[..., Result]
TASK = {"type": "tool_use", "id": "t1", "name": "Task", "input": {"prompt": "count"}}


def _id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process; there are five conversations."""
    file = tmp_path / "proxy.jsonl"
    hi = says("assistant", "hi")
    lines = [
        line(n, [says("user", f"hello {n}")], hi, id=_id(n), account=f"a{n}")
        for n in range(4)
    ]
    lines.append(line(4, [says("user", "go")], says("assistant", TASK), id=_id(4)))
    lines.append(line(5, [says("user", "count")], says("assistant", "3")))
    file.write_bytes(b"\n".join(lines))
    with psycopg.connect(database_url, autocommit=True) as connection:
        import_file(connection, path=file, options=ImportOptions(train_id="red"))
    monkeypatch.setenv("DATABASE_URL", database_url)

    def run_command(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["conversations", "list", *arguments])

    return run_command


def test_last_active_comes_first(run: Run) -> None:
    done = run("--train", "red")

    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == (
        f"{_id(4)}  2026-05-04 12:00:05  2 requests, 1 sub-task, 12 tokens, m-1"
    )
    assert [each[:36] for each in lines] == [_id(n) for n in (4, 3, 2, 1, 0)]


def test_pages_follow_each_other(run: Run) -> None:
    found: list[str] = []
    arguments = ["--train", "red", "--limit", "2", "--json"]
    following = None
    while True:
        done = json.loads(
            run(*arguments, *(["--after", following] if following else [])).stdout
        )
        found += [each["conversation_id"] for each in done["conversations"]]
        following = done["next_after"]
        if following is None:
            break

    assert found == [_id(n) for n in (4, 3, 2, 1, 0)]
    said = run("--train", "red", "--limit", "2").stderr
    assert said == (
        "more conversations follow: add --after "
        f"2026-05-04T12:00:03+00:00,{_id(3)} for the next page\n"
    )


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["--since", "2026-05-04T12:00:03"], [4, 3]),
        (["--until", "2026-05-04 12:00:01"], [0]),
        (["--account", "a2"], [2]),
        (["--model", "m-1", "--limit", "1"], [4]),
    ],
)
def test_filters(run: Run, options: list[str], numbers: list[int]) -> None:
    done = run("--train", "red", *options)

    assert [each[:36] for each in done.stdout.splitlines()] == list(map(_id, numbers))


def test_other_trains_have_none(run: Run) -> None:
    done = run("--train", "blue")

    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "no such conversations\n"


def test_narrow_terminal_has_lines_that_fit(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Console(
        force_terminal=True, width=40, soft_wrap=True, color_system=None, record=True
    )
    monkeypatch.setattr(conversations_list, "console", terminal)

    run("--train", "red")

    lines = terminal.export_text().splitlines()
    assert len(lines) == 10
    assert max(map(cell_len, lines)) <= 40


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--train", "red", "--limit", "0"],
        ["--train", "red", "--after", "yesterday"],
        ["--train", "red", "--after", "2026-05-04"],
        ["--train", "red", "--since", "soon"],
    ],
)
def test_wrong_usage(run: Run, options: list[str]) -> None:
    assert run(*options).exit_code == 2
