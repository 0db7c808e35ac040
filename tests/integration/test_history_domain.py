"""The histories of the domain are what the generator writes, for all their columns."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from datalayer.cli import app
from datalayer.history.declaration import Declaration, read_comment
from datalayer.history.naming import unquote_name
from datalayer.server import Server
from history_tables import MIGRATIONS, columns_of

AUTOMATION = MIGRATIONS / "automation"
#: What the generator writes since then; the migration 007 adds it to these two.
LATER = re.compile(
    r""",
    CONSTRAINT \w+_history_fields_are_named CHECK \(
        array_position\(changed_fields, NULL\) IS NULL
    \)"""
)
GENERATED = ("004_add_execution_history", "005_add_worker_history")


def command_of(text: str) -> list[str]:
    """Return the command that the header of a migration names."""
    found = re.search(r"^-- Written by\n((?:--     .*\n)+)", text, re.MULTILINE)
    assert found is not None
    lines = [line.removeprefix("--     ") for line in found[1].splitlines()]
    # The shell joins the lines; `shlex` does not.
    return shlex.split(" ".join(line.removesuffix("\\") for line in lines))


@pytest.mark.postgres
@pytest.mark.parametrize("name", GENERATED)
def test_the_command_in_the_header_writes_the_same(
    server: Server, tmp_path: Path, name: str
) -> None:
    shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    (tmp_path / "pyproject.toml").write_text('[tool.datalayer]\noutput = "queries"\n')
    for path in (tmp_path / "migrations" / "automation").iterdir():
        if path.name >= name:
            path.unlink()
    committed = {path.name: path.read_text() for path in AUTOMATION.glob(f"{name}.*")}
    program, *arguments = command_of(committed[f"{name}.native.sql"])
    options = ["--dry-run", "--json", "--project", str(tmp_path)]

    done = CliRunner().invoke(
        app, [*arguments, *options, "--server-url", server.url()], prog_name=program
    )

    assert done.exit_code == 0, done.output
    written = json.loads(done.stdout)["migrations"]
    texts = {Path(each["path"]).name: each["text"] for each in written}
    assert all(len(LATER.findall(text)) == 1 for text in texts.values())
    assert {name: LATER.sub("", text) for name, text in texts.items()} == committed


def declarations(connection: psycopg.Connection) -> dict[str, Declaration]:
    rows = connection.execute(
        "SELECT obj_description(oid, 'pg_proc') FROM pg_proc "
        "WHERE obj_description(oid, 'pg_proc') LIKE 'datalayer history of %'"
    ).fetchall()
    found = (read_comment(row[0]) for row in rows)
    return {unquote_name(table): declaration for table, declaration in found}


def undeclared(connection: psycopg.Connection) -> dict[str, set[str]]:
    """Return the columns of each tracked table that are in no list, or in vain."""
    return {
        table: set(columns_of(connection, table)) ^ declaration.columns
        for table, declaration in declarations(connection).items()
    }


def test_every_column_of_a_tracked_table_is_declared(
    connection: psycopg.Connection,
) -> None:
    assert undeclared(connection) == {"execution": set(), "worker": set()}


def test_every_column_is_declared_under_timescaledb(timescaledb_url: str) -> None:
    with psycopg.connect(timescaledb_url) as connection:
        assert undeclared(connection) == {"execution": set(), "worker": set()}


def test_a_new_column_would_be_noticed(connection: psycopg.Connection) -> None:
    connection.execute("ALTER TABLE worker ADD COLUMN zone text")

    assert undeclared(connection)["worker"] == {"zone"}


def test_what_is_tracked_is_what_the_domain_promises(
    connection: psycopg.Connection,
) -> None:
    found = declarations(connection)

    execution = "status result executor workflow_task env_vars started_at"
    assert found["execution"].track == tuple(execution.split())
    assert found["execution"].digest == ("result",)
    worker = "name status capabilities meta host port"
    assert found["worker"].track == tuple(worker.split())
    assert found["worker"].digest == ()
