"""`datalayer conversations show`: trees on terminals, in pipes and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner, Result

from datalayer.cli import app, conversation_tree
from datalayer.domains.conversations.importing import ImportOptions, import_file
from traffic_lines import line, says

pytestmark = pytest.mark.postgres

Run = Callable[..., Result]
FIRST = "00000000-0000-4000-8000-000000000001"
EVIL = "a\x1b[2Jb [red]h[/red] :smile: \u202e"
TASK = {"type": "tool_use", "id": "t1", "name": "Task", "input": {"prompt": "count"}}
BEGIN = [says("user", "hello")]
LATER = [
    *BEGIN,
    says("assistant", "hi", TASK),
    says("user", {"type": "tool_result", "tool_use_id": "t1", "content": "3"}),
]
LAST = [*LATER, says("assistant", "three")]
PLAIN = f"""\
conversation {FIRST}
train red, 5 requests, 2 branches, 1 sub-task, 15 tokens in, 25 out, \
2026-05-04 12:00:01 to 2026-05-04 12:00:05 UTC
main
  * 2026-05-04 12:00:01  m-1  1+5  hello
    subtask_1 (sub-task)
      12:00:02  m-1  1+5  count
  12:00:03  m-1  3+5  [tool_result]
    branch_20260504120005000000
      12:00:05  m-1  5+5  what else?
  12:00:04  m-1  5+5  {EVIL.encode("unicode_escape").decode()[:9]}"""


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process; there is a conversation."""
    file = tmp_path / "proxy.jsonl"
    lines = [
        line(1, BEGIN, says("assistant", "hi", TASK), id=FIRST),
        line(2, [says("user", "count")], says("assistant", "3")),
        line(3, LATER, says("assistant", "three")),
        line(4, [*LAST, says("user", EVIL)], says("assistant", "ok")),
        line(5, [*LAST, says("user", "what else?")], says("assistant", "nothing")),
    ]
    file.write_bytes(b"\n".join(lines))
    with psycopg.connect(database_url, autocommit=True) as connection:
        import_file(connection, path=file, options=ImportOptions(train_id="red"))
    monkeypatch.setenv("DATABASE_URL", database_url)

    def run_command(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["conversations", "show", *arguments])

    return run_command


def test_pipe_gets_whole_lines(run: Run) -> None:
    done = run(FIRST)

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(PLAIN)
    assert "\x1b" not in done.stdout
    assert "[red]h[/red] :smile:" in done.stdout


def test_any_request_of_the_conversation_will_do(run: Run, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        ids = connection.execute("SELECT request_id::text FROM api_requests").fetchall()

    for (each,) in ids:
        done = run(each)

        assert done.stdout.splitlines()[0] == f"conversation {FIRST}"
        assert done.stdout.count("* ") == 1


def test_messages_are_shown_below(run: Run) -> None:
    done = run(FIRST, "--messages")

    lines = [each.strip() for each in done.stdout.splitlines()]
    assert "user: hello" in lines
    assert "assistant: hi" in lines
    assert '[Task] {"prompt": "count"}' in lines
    assert "user: [result] 3" in lines


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_terminal_has_lines_that_fit(
    run: Run, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Console(
        force_terminal=True, width=width, soft_wrap=True, color_system=None, record=True
    )
    monkeypatch.setattr(conversation_tree, "console", terminal)

    done = run(FIRST, "--messages")

    text = terminal.export_text()
    assert done.exit_code == 0
    assert max(map(cell_len, text.splitlines())) <= width
    assert "└── " in text
    assert "subtask" in text or width < 40


def test_json_has_every_request(run: Run) -> None:
    done = run(FIRST, "--json")
    found = json.loads(done.stdout)

    assert (found["exit_code"], found["conversation_id"]) == (0, FIRST)
    assert found["train_id"] == "red"
    assert [each["branch_id"] for each in found["requests"]] == [
        "main",
        "subtask_1",
        "main",
        "main",
        "branch_20260504120005000000",
    ]
    assert found["requests"][3]["first_words"] == EVIL.strip()


def test_unknown_id_is_an_error(run: Run) -> None:
    unknown = "00000000-0000-4000-8000-00000000ffff"

    said, data = run(unknown), run(unknown, "--json")

    assert (said.exit_code, said.stdout) == (1, "")
    assert said.stderr.startswith(f"error: no conversation `{unknown}`")
    assert data.exit_code == 1
    assert json.loads(data.stdout)["problems"][0]["kind"] == "ConversationNotFound"


def test_what_is_no_id_is_wrong_usage(run: Run) -> None:
    assert run("five").exit_code == 2
