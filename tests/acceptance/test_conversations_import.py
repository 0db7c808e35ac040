"""`datalayer conversations import`: killed, interrupted, and gone on with."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from operations_command import COMMAND, ENVIRONMENT
from typer.testing import CliRunner, Result

from datalayer.cli import app
from datalayer.server import Server, scratch_database
from traffic_lines import fingerprint, lines_of_conversations

pytestmark = pytest.mark.postgres

Run = Callable[..., Result]

LINES = lines_of_conversations(seed=2, number=120)
COMMAND_LINE = [*COMMAND, "conversations", "import", "--train", "red"]

#: Holds up whoever stores a request, from the moment when there are so many.
_HOLD = """
CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM api_requests) > {limit} THEN
        PERFORM pg_advisory_xact_lock(77);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER hold_up AFTER INSERT ON api_requests
FOR EACH STATEMENT EXECUTE FUNCTION hold_up();
"""
_WAITERS = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND objid = 77 AND NOT granted
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "proxy.jsonl"
    path.write_bytes(b"".join(each + b"\n" for each in LINES))
    return path


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process, on a migrated database."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    def run_command(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["conversations", "import", *arguments])

    return run_command


@pytest.fixture
def undisturbed(
    server: Server, migrated_template: str, file: Path
) -> Iterator[list[tuple[object, ...]]]:
    """What one import stores that nobody interrupts."""
    with ExitStack() as stack:
        url = stack.enter_context(
            scratch_database(server.url(), template=migrated_template)
        )
        _finish(url, file)
        with psycopg.connect(url) as connection:
            yield fingerprint(connection)


def _environment(url: str) -> dict[str, str]:
    return ENVIRONMENT | {"DATABASE_URL": url}


def _finish(url: str, file: Path) -> dict[str, object]:
    arguments = ["conversations", "import", "--train", "red", str(file), "--json"]
    done = CliRunner().invoke(app, [*arguments, "--database-url", url])
    assert done.exit_code == 0
    found: dict[str, object] = json.loads(done.stdout)
    return found


def _begin_and_stop(url: str, file: Path, signal_number: int) -> tuple[int, str]:
    """Begin an import and end it in the middle of a batch, when some are stored.

    Returns its exit code and what it said on standard error.
    """
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(_HOLD.format(limit=50).encode())
        session.execute("SELECT pg_advisory_lock(77)")
        process = subprocess.Popen(
            [*COMMAND_LINE, str(file), "--batch-size", "10"],
            env=_environment(url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while session.execute(_WAITERS).fetchone() == (0,):
            assert process.poll() is None, process.communicate()
        process.send_signal(signal_number)
        _, said = process.communicate()
        session.execute("SELECT pg_advisory_unlock(77)")
        session.execute("DROP FUNCTION hold_up CASCADE")
    return process.returncode, said


def _stored(url: str) -> int:
    with psycopg.connect(url) as connection:
        return len(fingerprint(connection))


def test_killed_import_goes_on_as_if_nothing_had_happened(
    database_url: str, file: Path, undisturbed: list[tuple[object, ...]]
) -> None:
    _begin_and_stop(database_url, file, signal.SIGKILL)
    before = _stored(database_url)

    done = _finish(database_url, file)

    assert before == 50
    assert (done["stored"], done["known"]) == (70, 0)
    with psycopg.connect(database_url) as connection:
        assert fingerprint(connection) == undisturbed


def test_interrupted_import_leaves_whole_batches(
    database_url: str, file: Path, undisturbed: list[tuple[object, ...]]
) -> None:
    code, said = _begin_and_stop(database_url, file, signal.SIGINT)

    assert code == 130
    assert said == (
        "interrupted: 50 requests stored, in whole batches; run it again to go on\n"
    )
    assert _stored(database_url) == 50
    assert _finish(database_url, file)["stored"] == 70
    with psycopg.connect(database_url) as connection:
        assert fingerprint(connection) == undisturbed


def test_summary_and_bad_lines(run: Run, file: Path, tmp_path: Path) -> None:
    with file.open("ab") as log:
        log.write(b'{\n[]\n{"request": {}}\n\xff\n{"half')
    bad = tmp_path / "bad.jsonl"

    done = run(
        str(file), "--train", "red", "--show-bad", "2",
        "--bad-lines", str(bad),
    )  # fmt: skip

    assert done.exit_code == 1
    assert done.stdout == f"{file}: 120 requests stored, 5 bad lines\n"
    assert done.stderr.splitlines() == [
        f"{file}:121: not JSON: expecting property name enclosed in double quotes at 1",
        f"{file}:122: the line is a list, not an object",
        f"3 more bad lines not shown; all are in {bad}",
    ]
    written = [json.loads(each) for each in bad.read_text().splitlines()]
    assert [each["line"] for each in written] == [121, 122, 123, 124, 125]
    assert [each["content"] for each in written][:2] == ["{", "[]"]
    assert written[4]["reason"].startswith("the file ends in the middle of the line")
    assert stat.S_IMODE(bad.stat().st_mode) == 0o600


def test_second_import_has_nothing_to_do(run: Run, file: Path) -> None:
    run(str(file), "--train", "red")

    done = run(str(file), "--train", "red")

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"{file}: 0 requests stored, after line 120\n"


def test_json_has_the_sums_and_each_file(run: Run, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_bytes(LINES[0] + b"\n{\n")

    done = run(str(file), str(other), "none", "--train",
               "red", "--json")  # fmt: skip
    found = json.loads(done.stdout)

    assert (done.exit_code, done.stderr) == (1, "")
    assert [found[name] for name in ("exit_code", "stored", "known", "bad")] == [
        1, 120, 1, 1,
    ]  # fmt: skip
    assert [each["path"] for each in found["files"]] == [str(file), str(other)]
    assert [each["line"] for each in found["bad_lines"]] == [2]
    assert [each["kind"] for each in found["problems"]] == ["ImportFileUnreadable"]


def test_unreadable_file_keeps_no_other_back(run: Run, file: Path) -> None:
    done = run("none", str(file), "--train", "red")

    assert done.exit_code == 1
    assert done.stderr == "error: `none` cannot be read: No such file or directory\n"
    assert done.stdout == f"{file}: 120 requests stored\n"


def test_dry_run_needs_no_database(run: Run, file: Path) -> None:
    done = run(str(file), "--train", "red", "--dry-run", "--database-url", "none://x")

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"{file}: 120 requests could be stored\n"


def test_standard_input_is_read(database_url: str) -> None:
    done = subprocess.run(
        [*COMMAND_LINE, "-"],
        env=_environment(database_url),
        input=b"\n".join(LINES[:9]),
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, b"-: 9 requests stored\n")


@pytest.mark.parametrize(
    "options",
    [
        ["--batch-size", "0"],
        ["--max-line", "0"],
        ["--train", ""],
        ["--train", "x" * 201],
        ["--bad-lines", "/none/bad.jsonl"],
        ["-", "-"],
    ],
)
def test_wrong_usage(run: Run, file: Path, options: list[str]) -> None:
    done = run(str(file), *options)

    assert done.exit_code == 2


def test_bad_lines_do_not_replace_the_file(run: Run, file: Path) -> None:
    done = run(str(file), "--bad-lines", str(file))

    assert done.exit_code == 2
    assert file.stat().st_size > 0


def test_database_without_the_tables_is_an_error(
    empty_database: str, run: Run, file: Path
) -> None:
    done = run(str(file), "--train", "red", "--database-url", empty_database)

    assert done.exit_code == 1
    assert "has no tables of conversations" in done.stderr
    assert "datalayer migrate up" in done.stderr


def test_terminal_shows_a_line_that_moves(database_url: str, file: Path) -> None:
    terminal = {"FORCE_COLOR": "1", "COLUMNS": "60"}
    done = subprocess.run(
        [*COMMAND_LINE, str(file), "--batch-size", "10"],
        env=_environment(database_url) | terminal,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert "lines/s" in done.stderr
    assert done.stdout == f"{file}: 120 requests stored\n"
