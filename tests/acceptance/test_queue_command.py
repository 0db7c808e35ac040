"""`datalayer queue` as a process: what it prints, changes and refuses."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from operations_command import COMMAND, ENVIRONMENT, Run, run_on
from rich.cells import cell_len
from typer.testing import CliRunner

from datalayer.cli import app
from server_processes import interrupt

pytest_plugins = ["operations_command_fixtures"]
pytestmark = pytest.mark.postgres

DUE = datetime(2030, 1, 31, 8, 30, tzinfo=UTC)
EVIL = "a\x1b[2Jb\x07c\nd\te\x9bf\u202eg [red]h[/red] :smile: "
_PROCESSING = {
    "status": "processing",
    "locked_by": "w\x1b[1m",
    "locked_until": DUE + timedelta(days=1),
}
_DEAD = {
    "status": "dead_letter",
    "dead_letter_at": DUE + timedelta(days=2),
    "dead_letter_reason": "3 failures, the last: no route",
    "retries": 3,
}


def add(session: psycopg.Connection, **columns: object) -> int:
    """Insert a job as it is given and return its id."""
    values = {"platform": "x", "content": "post", "scheduled_at": DUE} | columns
    names, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    row = session.execute(
        f"INSERT INTO assistly_queue_jobs ({names}) VALUES ({places})"
        " RETURNING id".encode(),
        values,
    ).fetchone()
    assert row is not None
    return int(row[0])


#: Whatever a terminal has to show.
CONTENTS = [
    EVIL,
    "Hello world, " * 40,
    "日本語の長い投稿 " * 30,
    "\U0001f469\u200d\U0001f467" * 50,
    "",
]


def ids(done: subprocess.CompletedProcess[str]) -> list[int]:
    return [job["id"] for job in json.loads(done.stdout)["jobs"]]


def statuses(session: psycopg.Connection) -> dict[int, str]:
    rows = session.execute("SELECT id, status FROM assistly_queue_jobs ORDER BY id")
    return dict(rows.fetchall())


# status


def test_status_of_an_empty_queue(run: Run) -> None:
    done = run("queue", "status")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "scheduled       0\n"
        "retrying        0\n"
        "processing      0\n"
        "posted          0\n"
        "dead_letter     0\n"
        "\n"
        "due now         0\n"
        "next due        none\n"
        "expired leases  0\n"
    )


def test_status_tells_what_waits(run: Run, session: psycopg.Connection) -> None:
    now = datetime.now(UTC)
    ago = now - timedelta(days=2, hours=3)
    add(session, scheduled_at=ago)
    add(session, scheduled_at=ago, status="retrying", next_retry_at=DUE, retries=1)
    add(session, scheduled_at=now + timedelta(days=9, minutes=30))
    add(session, **_PROCESSING)
    add(session, **_PROCESSING | {"locked_until": now - timedelta(hours=5)})
    add(session, **_DEAD)

    shown = run("queue", "status").stdout
    data = json.loads(run("queue", "status", "--json").stdout)

    assert shown.splitlines()[6:] == [
        "due now         1",
        "  oldest for    2 d 3 h",
        "next due        in 9 d",
        "expired leases  1",
        "  oldest for    5 h",
    ]
    assert data["counts"] == {
        "scheduled": 2,
        "retrying": 1,
        "processing": 2,
        "posted": 0,
        "dead_letter": 1,
    }
    assert (data["exit_code"], data["problems"]) == (0, [])
    assert (data["due_jobs"], data["expired_leases"]) == (1, 1)
    assert data["oldest_due_seconds"] >= 51 * 3600
    assert 0 < data["next_due_seconds"] <= 9 * 86400 + 1800
    assert data["oldest_expired_seconds"] >= 5 * 3600


# list


def test_jobs_are_a_table(run: Run, session: psycopg.Connection) -> None:
    add(session, content="Hello", platform="mastodon")
    add(session, **_PROCESSING)
    add(session, **_DEAD)
    add(session, status="retrying", next_retry_at=DUE + timedelta(hours=1), retries=1)
    add(session, status="posted", posted_at=DUE + timedelta(days=3), retries=2)

    done = run("queue", "list", width=80)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "id  status       platform  when (UTC)        failed  content\n"
        " 1  scheduled    mastodon  2030-01-31 08:30       0  Hello\n"
        " 2  processing   x         2030-02-01 08:30       0  post\n"
        " 3  dead_letter  x         2030-02-02 08:30       3  post\n"
        " 4  retrying     x         2030-01-31 09:30       1  post\n"
        " 5  posted       x         2030-02-03 08:30       2  post\n"
    )


@pytest.mark.parametrize("width", [200, 80, 60, 40, 20, 1])
def test_no_line_is_wider_than_the_terminal(
    run: Run, session: psycopg.Connection, width: int
) -> None:
    for content in CONTENTS:
        add(session, content=content, platform="名前 of a long platform")

    done = run("queue", "list", width=width)

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if cell_len(line) > width] == []
    assert len(lines) == (6 if width >= 80 else 15)


def test_a_narrow_terminal_gets_lines_for_each_job(
    run: Run, session: psycopg.Connection
) -> None:
    add(session, content="Hello world, here is a long post", retries=1)

    done = run("queue", "list", width=40)

    assert done.stdout.splitlines() == [
        "1  scheduled  x",
        "    2030-01-31 08:30 UTC, 1 failure",
        "    Hello world, here is a long post",
    ]


def test_a_pipe_gets_each_job_whole_on_a_line(
    run: Run, session: psycopg.Connection
) -> None:
    content = "word " * 500 + "end"
    add(session, content=content, platform="a platform with a long name")
    add(session, content="日本語")

    head, *lines = run("queue", "list").stdout.splitlines()

    assert len(lines) == 2
    assert lines[0].endswith(f"  {content}")
    assert "  a platform with a long name  " in lines[0]
    assert lines[1].index("日本語") == lines[0].index("word") == head.index("content")


@pytest.mark.parametrize("width", [None, 200])
def test_nothing_in_a_job_can_disturb_a_terminal(
    run: Run, session: psycopg.Connection, width: int | None
) -> None:
    add(session, content=EVIL, platform="p\x1b]0;t\x07")
    add(session, **_DEAD | {"dead_letter_reason": EVIL})
    add(session, **_PROCESSING)

    outputs = [
        run("queue", "list", width=width),
        run("queue", "dead", width=width),
        run("queue", "remove", "3", width=width),
    ]

    shown = r"a\x1b[2Jb\x07c\nd\te\x9bf\u202eg [red]h[/red] :smile:"
    assert shown in outputs[0].stdout
    assert shown in outputs[1].stdout
    assert r"`w\x1b[1m`" in outputs[2].stderr
    for done in outputs:
        text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
        assert all(c.isprintable() or c == "\n" for c in text)


def test_json_has_content_as_it_is(run: Run, session: psycopg.Connection) -> None:
    add(session, content=EVIL * 100, idempotency_key="k")

    data = json.loads(run("queue", "list", "--json").stdout)

    (job,) = data["jobs"]
    assert (job["content"], job["idempotency_key"]) == (EVIL * 100, "k")
    assert job["scheduled_at"] == "2030-01-31 08:30:00+00:00"
    assert (data["exit_code"], data["next_after"], data["problems"]) == (0, None, [])


def test_pages_follow_one_another(run: Run, session: psycopg.Connection) -> None:
    for _ in range(5):
        add(session)

    first = run("queue", "list", "--limit", "2")
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = run("queue", "list", "--limit=2", f"--after={after}", "--json")
        seen += ids(page)
        after = json.loads(page.stdout)["next_after"]

    assert first.stderr == "more jobs follow: add --after 2 for the next page\n"
    assert seen == [1, 2, 3, 4, 5]
    assert run("queue", "list", "--limit=2", "--after=3").stderr == ""


def test_pages_of_some_statuses_and_a_platform(
    run: Run, session: psycopg.Connection
) -> None:
    for platform in ("x", "mastodon"):
        add(session, platform=platform)
        add(session, platform=platform, **_PROCESSING)
        add(session, platform=platform, **_DEAD)

    both = ["--status", "dead_letter", "--status", "scheduled"]

    assert ids(run("queue", "list", *both, "--json")) == [1, 3, 4, 6]
    assert ids(run("queue", "list", *both, "--platform=x", "--json")) == [1, 3]
    assert ids(run("queue", "list", *both, "--after=1", "--limit=2", "--json")) == [
        3,
        4,
    ]
    assert ids(run("queue", "list", "--platform=mastodon", "--json")) == [4, 5, 6]
    assert ids(run("queue", "list", "--platform=mas", "--json")) == []


def test_no_jobs_are_no_failure(run: Run) -> None:
    for command in ("list", "dead"):
        done = run("queue", command)

        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == "no such jobs\n"


# dead


def test_dead_letters_are_listed_with_their_reasons(
    run: Run, session: psycopg.Connection
) -> None:
    add(session)
    for _ in range(3):
        add(session, **_DEAD)

    done = run("queue", "dead", "--limit=2", width=80)

    assert done.stdout == (
        "id  platform  when (UTC)        failed  reason\n"
        " 2  x         2030-02-02 08:30       3  3 failures, the last: no route\n"
        " 3  x         2030-02-02 08:30       3  3 failures, the last: no route\n"
    )
    assert done.stderr == "more jobs follow: add --after 3 for the next page\n"
    assert ids(run("queue", "dead", "--after=3", "--json")) == [4]


# replay


def test_replayed_jobs_are_scheduled_again(
    run: Run, session: psycopg.Connection
) -> None:
    for _ in range(3):
        add(session, **_DEAD)

    done = run("queue", "replay", "3", "1", "3")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "replayed job 3\nreplayed job 1\n"
    assert statuses(session) == {1: "scheduled", 2: "dead_letter", 3: "scheduled"}


def test_what_cannot_be_replayed_keeps_no_other_back(
    run: Run, session: psycopg.Connection
) -> None:
    add(session, idempotency_key="k\x1b")
    add(session, idempotency_key="k\x1b", **_DEAD)
    add(session, **_DEAD)

    done = run("queue", "replay", "1", "2", "99", "3")
    as_json = run("queue", "replay", "1", "2", "99", "3", "--json")

    assert (done.returncode, done.stdout) == (1, "replayed job 3\n")
    assert done.stderr == (
        "error: job 1 is `scheduled`, not `dead_letter`\n"
        "error: job 2 cannot be replayed: another job has its key `k\\x1b`\n"
        "error: job 99 does not exist\n"
    )
    data = json.loads(as_json.stdout)
    assert (as_json.returncode, data["exit_code"], data["replayed"]) == (1, 1, [])
    told = [(problem["job_id"], problem["kind"]) for problem in data["problems"]]
    assert told == [
        (1, "NotDeadLetter"),
        (2, "KeyInUse"),
        (99, "JobNotFound"),
        (3, "NotDeadLetter"),
    ]


@pytest.mark.parametrize("batch", [1, 2, 5, 100])
def test_all_dead_letters_are_replayed_but_those_whose_key_is_used(
    run: Run, session: psycopg.Connection, batch: int
) -> None:
    for number in range(5):
        add(session, idempotency_key="k" if number in {1, 3} else None, **_DEAD)

    done = run("queue", "replay", "--all", f"--batch={batch}")

    assert (done.returncode, done.stdout) == (1, "replayed 4 jobs\n")
    assert done.stderr == (
        "error: job 4 cannot be replayed: another job has its key `k`\n"
    )
    assert statuses(session) == dict.fromkeys(range(1, 6), "scheduled") | {
        4: "dead_letter"
    }


def test_replay_of_all_where_none_is_dead(run: Run) -> None:
    done = run("queue", "replay", "--all")
    data = json.loads(run("queue", "replay", "--all", "--json").stdout)

    assert (done.returncode, done.stdout) == (0, "replayed 0 jobs\n")
    assert data == {"exit_code": 0, "replayed": [], "problems": []}


def test_interrupt_leaves_the_replayed_batches(
    database_url: str, session: psycopg.Connection
) -> None:
    for _ in range(5):
        add(session, **_DEAD)
    with psycopg.connect(database_url) as blocker:
        blocker.execute("SELECT FROM assistly_queue_jobs WHERE id = 4 FOR UPDATE")
        with subprocess.Popen(
            [*COMMAND, "queue", "replay", "--all", "--batch=2"],
            env=ENVIRONMENT | {"DATABASE_URL": database_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            _wait_until_one_waits(session)
            interrupt(process)
            stdout, stderr = process.communicate()

    assert (process.returncode, stdout) == (130, "")
    assert stderr == "interrupted: 2 jobs replayed before\n"
    assert list(statuses(session).values()).count("dead_letter") == 3


def _wait_until_one_waits(session: psycopg.Connection) -> None:
    question = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND application_name = 'datalayer queue'"
    )
    while session.execute(question).fetchone() == (0,):
        pass


# remove


def test_jobs_are_removed_and_others_told(
    run: Run, session: psycopg.Connection
) -> None:
    add(session)
    add(session, **_PROCESSING)
    add(session, **_DEAD)

    done = run("queue", "remove", "3", "2", "99", "1")

    assert (done.returncode, done.stdout) == (1, "removed job 3\nremoved job 1\n")
    assert done.stderr == (
        "error: job 2 is being worked on by `w\\x1b[1m`; --force removes it\n"
        "error: job 99 does not exist\n"
    )
    assert statuses(session) == {2: "processing"}


def test_with_force_the_job_of_a_worker_goes(
    run: Run, session: psycopg.Connection
) -> None:
    add(session, **_PROCESSING)
    refused = json.loads(run("queue", "remove", "1", "--json").stdout)

    done = run("queue", "remove", "1", "--force", "--json")

    assert (refused["exit_code"], refused["removed"]) == (1, [])
    assert refused["problems"][0]["kind"] == "JobProcessing"
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "exit_code": 0,
        "removed": [1],
        "problems": [],
    }
    assert statuses(session) == {}


# Errors


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay"],
        ["replay", "1", "--all"],
        ["replay", "0"],
        ["replay", "--all", "--batch=0"],
        ["replay", "9223372036854775808"],
        ["remove"],
        ["remove", "x"],
        ["remove", "-1"],
        ["list", "--status=done"],
        ["list", "--limit=0"],
        ["list", "--after=-1"],
        ["list", "--after=9223372036854775808"],
        ["dead", "--limit=10001"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, ["queue", *arguments])

    assert (done.exit_code, done.stdout) == (2, "")


COMMANDS: list[list[str]] = [
    ["status"],
    ["list"],
    ["dead"],
    ["replay", "1"],
    ["replay", "--all"],
    ["remove", "1"],
]
every_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


@every_command
def test_without_the_tables_the_remedy_is_told(
    empty_database: str, command: list[str]
) -> None:
    done = run_on(empty_database, "queue", *command)

    assert (done.returncode, done.stdout) == (1, "")
    assert "has no tables of operations" in done.stderr
    assert "help: apply the migrations with `datalayer migrate up`" in done.stderr


def test_an_unreachable_database_is_a_clear_error() -> None:
    url = "postgresql://u:secret@127.0.0.1:1/x"

    done = run_on(url, "queue", "status")
    as_json = run_on(url, "queue", "list", "--json")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: cannot connect to database `x`")
    data: dict[str, Any] = json.loads(as_json.stdout)
    assert (as_json.returncode, data["exit_code"]) == (1, 1)
    assert data["problems"][0]["kind"] == "DatabaseUnreachable"
    assert "secret" not in done.stderr + as_json.stdout


@every_command
def test_help_tells_the_exit_codes(command: list[str]) -> None:
    done = CliRunner().invoke(app, ["queue", command[0], "--help"])

    assert (done.exit_code, done.stderr) == (0, "")
    assert "Exit codes: 0 " in done.stdout
