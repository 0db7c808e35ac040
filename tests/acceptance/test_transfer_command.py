"""What docs/maintenance.md shows is what happens, and `datalayer migrate transfer`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from transfer_rows import fill_database, read_relations, read_tables

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "maintenance.md").read_text()
_COMMAND = [sys.executable, "-m", "datalayer", "migrate", "transfer"]
_ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in {"DATABASE_URL", "FORCE_COLOR", "PYTEST_CURRENT_TEST"}
} | {"COLUMNS": "100", "NO_COLOR": "1"}


@pytest.fixture
def filled_url(database_url: str) -> str:
    """The URL of a native database with rows of all kinds."""
    fill_database(database_url)
    return database_url


def section(heading: str) -> str:
    """Return a section of the page."""
    _, _, rest = PAGE.partition(f"## {heading}\n")
    assert rest, heading
    return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of a text, indented or not."""
    found = re.findall(
        rf"^( *)```{language}\n(.*?)^\1```", text, re.DOTALL | re.MULTILINE
    )
    return [
        re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, code in found
    ]


def run_transfer(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_COMMAND, *arguments],
        cwd=ROOT,
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_path_of_the_page_moves_a_database(
    filled_url: str, empty_timescaledb: str
) -> None:
    commands = [
        line.removeprefix("$ ")
        for block in blocks(section("Moving to the other profile"), "console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]
    assert len(commands) == 5
    function = f'datalayer() {{ {sys.executable} -m datalayer "$@"; }}'
    before = read_tables(filled_url)

    done = subprocess.run(
        ["bash", "-euc", "\n".join([function, *commands])],
        cwd=ROOT,
        env=_ENVIRONMENT | {"OLD": filled_url, "NEW": empty_timescaledb},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "(native to timescaledb)" in done.stdout
    assert "profile timescaledb" in done.stdout
    assert read_tables(empty_timescaledb) == before
    assert read_relations(empty_timescaledb) == read_relations(filled_url)


def test_statements_of_the_page_work_on_a_native_database(database_url: str) -> None:
    retain, _ = blocks(section("How long rows are kept"), "sql")
    (own,) = blocks(section("Tables of your own"), "sql")
    (mark,) = blocks(section("How hours are counted"), "sql")

    with psycopg.connect(database_url) as connection:
        for statements in (retain, own, mark):
            connection.execute(statements.encode())
        kept = connection.execute(
            "SELECT retain::text FROM datalayer_partitioned "
            "WHERE relation IN ('execution_history'::regclass, 'reading'::regclass) "
            "ORDER BY 1"
        )
        assert kept.fetchall() == [("1 year",), ("400 days",)]
        connection.execute("SELECT * FROM datalayer_maintain()")
        question = "SELECT count(*) FROM datalayer_list_partitions('reading')"
        assert connection.execute(question).fetchone() == (3,)


def test_statements_of_the_page_work_on_timescaledb(timescaledb_url: str) -> None:
    _, policies = blocks(section("How long rows are kept"), "sql")

    with psycopg.connect(timescaledb_url) as connection:
        for statement in policies.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
        question = """\
            SELECT config ->> 'drop_after' FROM timescaledb_information.jobs
            WHERE proc_name = 'policy_retention'
                AND hypertable_name = 'execution_history'"""
        assert connection.execute(question).fetchone() == ("400 days",)


def test_the_python_of_the_page_runs(database_url: str) -> None:
    (code,) = blocks(section("`datalayer maintain`"), "python")
    code = code.replace("postgresql://owner@db.example.org/app", database_url)

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "create partitions event 4" in done.stdout.splitlines()


def test_json_tells_each_table(filled_url: str, empty_database: str) -> None:
    done = run_transfer("--from", filled_url, "--to", empty_database, "--json")

    data = json.loads(done.stdout)
    assert (done.returncode, data["exit_code"], data["problems"]) == (0, 0, [])
    rows = {table["table"]: table["rows"] for table in data["tables"]}
    assert rows["execution"] == 39
    assert {relation["relation"] for relation in data["relations"]} >= {
        "event_volume_hourly"
    }


def test_a_refusal_is_exit_code_1(filled_url: str) -> None:
    done = run_transfer("--from", filled_url, "--to", filled_url + "_not_there")

    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert filled_url not in done.stderr


def test_interrupt_leaves_the_target_empty(
    filled_url: str, empty_database: str
) -> None:
    with psycopg.connect(filled_url) as connection:
        connection.execute(
            "INSERT INTO event (trigger_ref) SELECT 'a' FROM generate_series(1, 100000)"
        )
    with subprocess.Popen(
        [*_COMMAND, "--from", filled_url, "--to", empty_database],
        cwd=ROOT,
        env=_ENVIRONMENT | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        while "copying event" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()

    assert process.returncode == 130
    assert "interrupted: run it again" in said
    assert not any(read_tables(empty_database).values())
