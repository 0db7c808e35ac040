"""`datalayer history` as a process: what beginners get wrong, and what they read."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from datalayer.server import Server
from document_sessions import Session
from history_tables import write_project
from server_processes import open_folder

pytestmark = pytest.mark.postgres

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).resolve().parents[2]
_COMMAND = [sys.executable, "-m", "datalayer", "history"]
_ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in {"DATABASE_URL", "FORCE_COLOR", "PYTEST_CURRENT_TEST"}
} | {"COLUMNS": "100", "NO_COLOR": "1"}
_ITEM = """\
CREATE TABLE item (
    id bigint PRIMARY KEY,
    name text,
    price numeric,
    seen timestamptz
);
CREATE VIEW cheap AS SELECT id, name FROM item WHERE price < 1;
CREATE TABLE visit (at date NOT NULL, page text) PARTITION BY RANGE (at);
CREATE TABLE visit_rest PARTITION OF visit DEFAULT;
CREATE TABLE stock (shelf int, box int, item bigint, PRIMARY KEY (shelf, box));
CREATE TABLE taken (id int PRIMARY KEY, x int);
CREATE TABLE taken_history (id int);
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RETURN NULL; END $$;
CREATE TABLE audited (id int PRIMARY KEY, x int);
CREATE TRIGGER audit AFTER UPDATE ON audited FOR EACH ROW EXECUTE FUNCTION nothing();
"""
_ADD_ITEM = ("add", "item", "--track", "name,price", "--ignore", "seen")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose migrations lie directly in their folder."""
    write_project(tmp_path, item=_ITEM)
    return tmp_path


@pytest.fixture
def run(project: Path, server: Server) -> Run:
    """Run a subcommand in the project."""

    def run_command(*arguments: str, **environment: str) -> object:
        return subprocess.run(
            [*_COMMAND, *arguments],
            cwd=project,
            env=_ENVIRONMENT | {"DATALAYER_SCRATCH_URL": server.url()} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run_command  # type: ignore[return-value]  # of text


def test_the_page_about_history_is_true() -> None:
    with open_folder() as folder:
        (folder / "project").mkdir()
        session = Session(folder / "project", folder / "server")

        assert session.run_page((ROOT / "docs" / "history.md").read_text()) == 7


def test_a_history_is_written_and_says_so(run: Run, project: Path) -> None:
    done = run(*_ADD_ITEM)

    assert done.returncode == 0, done.stderr
    assert "wrote migrations/006_add_item_history.sql" in done.stdout.splitlines()
    assert (project / "migrations" / "006_add_item_history.sql").is_file()


def test_a_dry_run_writes_nothing(run: Run, project: Path) -> None:
    done = run(*_ADD_ITEM, "--dry-run")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("-- Keep the history of item")
    assert [path.name for path in (project / "migrations").iterdir()] == [
        "001_item.sql"
    ]


def test_json_tells_what_was_written(run: Run) -> None:
    data = json.loads(run(*_ADD_ITEM, "--json", "--profile", "both").stdout)

    assert [each["path"] for each in data["migrations"]] == [
        "migrations/006_add_item_history.native.sql",
        "migrations/006_add_item_history.timescaledb.sql",
    ]
    assert len(data["maintenance"]) == 4


def test_components_are_kept_apart(run: Run, project: Path) -> None:
    shop = project / "migrations" / "shop"
    shop.mkdir()
    (project / "migrations" / "001_item.sql").rename(shop / "001_item.sql")

    done = run(*_ADD_ITEM)

    assert done.returncode == 0, done.stderr
    text = (shop / "002_add_item_history.sql").read_text()
    assert text.startswith("-- datalayer: requires=maintenance\n")
    names = [path.name for path in (project / "migrations" / "maintenance").iterdir()]
    assert "004_add_history_support.sql" in names


def test_a_second_component_has_to_be_named(run: Run, project: Path) -> None:
    migrations = project / "migrations"
    for name in ("shop", "other"):
        (migrations / name).mkdir()
    (migrations / "001_item.sql").rename(migrations / "shop" / "001_item.sql")
    (migrations / "other" / "001_do.sql").write_text(
        "-- datalayer: requires=shop\n"
        "DO $$ BEGIN CREATE TABLE hidden (id int PRIMARY KEY, x int); END $$;\n"
    )

    unclear = run("add", "hidden", "--track", "x")
    clear = run("add", "hidden", "--track", "x", "--component", "other")

    assert unclear.returncode == 1
    assert "no component is seen to create `hidden`" in unclear.stderr
    assert clear.returncode == 0, clear.stderr
    assert (migrations / "other" / "002_add_hidden_history.sql").is_file()


MISTAKES = {
    "no such table": (("itm", "--track", "x"), "no table `itm`", "`item`"),
    "view": (("cheap", "--track", "name"), "`cheap` is a view", "help: track the"),
    "partition": (
        ("visit_rest", "--track", "page"),
        "`visit_rest` is a partition",
        "help: track the whole table",
    ),
    "no key": (
        ("visit", "--track", "page", "--ignore", "at"),
        "`visit` has no primary key",
        "`--key id`",
    ),
    "two columns of a key": (
        ("stock", "--track", "item"),
        "has 2 columns: `shelf`, `box`",
        "`--key shelf`",
    ),
    "nobody's column": (
        ("item", "--track", "name"),
        "2 columns of `item` are not declared: `price`, `seen`",
        "--ignore price,seen",
    ),
    "misspelt column": (
        ("item", "--track", "nme"),
        "`--track` names `nme`, which is no column",
        "`id`, `name`, `price`, `seen`",
    ),
    "months": (
        (*_ADD_ITEM[1:], "--retain", "3 months"),
        "`--retain` cannot be `3 months`",
        "`90 days`",
    ),
    "taken name": (
        ("taken", "--track", "x"),
        "there is a `taken_history` already",
        "rename it",
    ),
    "earlier trigger": (
        ("audited", "--track", "x"),
        "`audit` would fire before `audited_history_trigger`",
        "`ALTER TRIGGER audit ON audited RENAME TO zz_audit`",
    ),
    "component of a flat folder": (
        (*_ADD_ITEM[1:], "--component", "shop"),
        "no component `shop`",
        "leave `--component` out",
    ),
    "names with too many parts": (
        ("a.b.c.d", "--track", "x"),
        "no table `a.b.c.d`",
        "help: there is",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_explained(run: Run, name: str) -> None:
    arguments, message, remedy = MISTAKES[name]

    done = run("add", *arguments)

    assert done.returncode == 1
    assert message in done.stderr
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_second_history_is_refused(run: Run) -> None:
    run(*_ADD_ITEM)

    done = run(*_ADD_ITEM)

    assert done.returncode == 1
    assert "`item` has a history already" in done.stderr


def test_wrong_usage_is_another_exit_code(run: Run) -> None:
    assert run("add").returncode == 2
    assert run(*_ADD_ITEM, "--profile", "oracle").returncode == 2
    assert run("check", "--sample", "0").returncode == 2


# Check


@pytest.fixture
def broken(database_url: str) -> str:
    """A database with a column that nobody declared."""
    with psycopg.connect(database_url) as connection:
        connection.execute("ALTER TABLE worker ADD COLUMN zone text")
    return database_url


def test_check_is_silent_where_all_is_well(run: Run, database_url: str) -> None:
    done = run("check", DATABASE_URL=database_url)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "execution: clean, 0 rows compared",
        "worker: clean, 0 rows compared",
    ]


def test_check_prints_whole_lines_into_a_pipe(run: Run, broken: str) -> None:
    done = run("check", "worker", DATABASE_URL=broken, COLUMNS="30")

    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "worker: 1 finding, 0 rows compared",
        "  undeclared-column: the column `zone` is not declared",
        "    help: track or ignore it in a migration that replaces the function and "
        "its comment",
    ]


def test_check_is_readable_in_a_narrow_terminal(broken: str) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [*_COMMAND, "check", "worker"],
        env=_ENVIRONMENT | {"DATABASE_URL": broken, "COLUMNS": "60", "TERM": "xterm"},
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    os.close(theirs)
    text = os.read(ours, 100_000).decode()
    os.close(ours)

    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).split("\r\n")
    assert done.returncode == 1
    assert "      the function and its comment" in lines
    assert max(map(len, lines)) <= 60


def test_check_prints_json(run: Run, broken: str) -> None:
    done = run("check", "worker", "--json", DATABASE_URL=broken)

    data = json.loads(done.stdout)
    assert (done.returncode, data["is_clean"]) == (1, False)
    (history,) = data["histories"]
    assert (history["table"], history["compared"]) == ("worker", 0)
    (finding,) = history["findings"]
    assert finding["kind"] == "undeclared-column"
    assert not finding["is_note"]


def test_check_of_a_database_without_histories(run: Run, empty_database: str) -> None:
    done = run("check", DATABASE_URL=empty_database)

    assert done.returncode == 0
    assert done.stdout == "no history: begin one with `datalayer history add`\n"


def test_check_of_an_unreachable_database(run: Run) -> None:
    done = run("check", DATABASE_URL="postgresql://nobody@localhost:1/none")

    assert done.returncode == 1
    assert "cannot connect to" in done.stderr
