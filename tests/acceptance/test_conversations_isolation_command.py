"""`datalayer conversations isolation`: what it prints, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import psycopg
import pytest
from operations_command import run_on
from typer.testing import CliRunner, Result

from datalayer.cli import app

pytest_plugins = ["operations_command_fixtures"]
pytestmark = pytest.mark.postgres

COMMAND = ("conversations", "isolation")
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str) -> Run:
    """Run a command on a migrated database, in this process, which is quicker."""

    def run_command(*arguments: str) -> Result:
        return CliRunner().invoke(
            app, [*COMMAND, *arguments], env={"DATABASE_URL": database_url}
        )

    return run_command


@pytest.fixture
def role(session: psycopg.Connection) -> Iterator[str]:
    """A role without privileges."""
    session.execute("CREATE ROLE web")
    yield "web"
    session.execute("DROP OWNED BY web")
    session.execute("DROP ROLE web")


def test_it_is_turned_on_shown_and_turned_off(run: Run, role: str) -> None:
    on = run("on", role)
    status = run("status")
    off = run("off", role)
    after = run("status", "--json")

    assert (on.exit_code, on.stdout) == (0, "isolated: web\n")
    assert (off.exit_code, off.stdout) == (0, "isolated: nobody\n")
    assert status.exit_code == 0
    lines = [line.split() for line in status.stdout.splitlines()]
    assert len(lines) == 10
    assert all(rest == ["on", "web"] for _, *rest in lines)
    tables = json.loads(after.stdout)["tables"]
    assert [table["relation"] for table in tables] == [name for name, *_ in lines]
    assert not any(table["is_on"] for table in tables)


def test_a_missing_policy_is_a_problem(
    run: Run, session: psycopg.Connection, role: str
) -> None:
    run("on", role)
    session.execute("DROP POLICY train_isolation ON train_members")

    status = run("status")
    as_json = run("status", "--json")
    again = run("on", role, "--json")
    whole = run("status")

    assert status.exit_code == 1
    assert "train_members" in status.stdout
    assert "not whole" in status.stderr
    assert json.loads(as_json.stdout)["exit_code"] == 1
    assert json.loads(again.stdout)["isolated_roles"] == [role]
    assert whole.exit_code == 0


def test_what_is_refused_says_why_and_what_to_do(run: Run) -> None:
    refused = run("on", "postgres")
    as_json = run("on", "nobody here", "--json")
    unknown = run("off", "web")

    assert (refused.exit_code, as_json.exit_code, unknown.exit_code) == (1, 1, 1)
    assert 'policies do not bind role "postgres"' in refused.stderr
    assert "help: " in refused.stderr
    assert "does not exist" in json.loads(as_json.stdout)["problems"][0]["message"]
    assert "is not isolated" in unknown.stderr


@pytest.mark.parametrize("arguments", [("on",), ("off",), ("off", "web", "--all")])
def test_wrong_usage_is_told(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_database_without_the_component_is_told(empty_database: str) -> None:
    done = run_on(empty_database, *COMMAND, "status")

    assert done.returncode == 1
    assert "datalayer migrate up" in done.stderr
