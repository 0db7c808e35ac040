"""`datalayer query`, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUERIES = """\
-- fragment: matching(pattern)
/*
address LIKE :pattern -- @optional
-- any of them
*/

-- name: list_accounts(least, row_limit)
-- Return the accounts from a number on, smallest first.
-- @param row_limit = 10
SELECT
    id,
    address
FROM account
WHERE id >= :least
ORDER BY id
LIMIT :row_limit;

-- name: search(least, address)
-- Return the accounts that fit.
SELECT id
FROM account
WHERE
    id >= :least
    AND address IS NOT DISTINCT FROM :address -- @optional
ORDER BY id;

-- name: get_matching(least, pattern)
-- Return the accounts that match.
SELECT id
FROM account
WHERE
    id > :least
    AND FALSE; -- @use matching(:pattern)

-- name: page_accounts(row_limit)
-- Return a page of accounts, the largest first.
-- @order largest = id DESC
-- @order smallest = id
-- @page
-- @param row_limit = 1
-- @param row_limit max 5
SELECT
    id,
    address
FROM account
ORDER BY id DESC
LIMIT :row_limit;

-- name: set_address(id, address)!
-- Change an address.
UPDATE account SET address = :address WHERE id = :id;
"""


@pytest.fixture
def run(
    tmp_path: Path, empty_database: str
) -> Callable[..., subprocess.CompletedProcess[str]]:
    (tmp_path / "pyproject.toml").write_text('[tool.datalayer]\noutput = "app/q"\n')
    (tmp_path / "queries" / "people").mkdir(parents=True)
    (tmp_path / "queries" / "people" / "account.sql").write_text(QUERIES)
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE TABLE account (id int PRIMARY KEY, address text)")
        connection.execute("INSERT INTO account VALUES (1, 'a[b]'), (2, NULL)")

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "datalayer", "query", *arguments],
            cwd=tmp_path,
            env={**os.environ, "DATABASE_URL": empty_database, "COLUMNS": "100"},
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def test_rows_are_printed_as_a_table(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = run("people.list_accounts", "--arg", "least=1")

    assert result.returncode == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines == [["id", "address"], ["1", "a[b]"], ["2", "NULL"]]
    assert result.stderr.startswith("2 rows, ")


def test_wide_rows_stay_whole_in_a_pipe(
    run: Callable[..., subprocess.CompletedProcess[str]], empty_database: str
) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute("UPDATE account SET address = repeat('x', 300)")

    result = run("list_accounts", "--arg", "least=2")

    assert result.stdout.splitlines()[1].split() == ["2", "x" * 300]


def test_short_name_and_json(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = run("list_accounts", "--arg", "least=2", "--arg", "row_limit=1", "--json")

    assert json.loads(result.stdout) == [{"id": 2, "address": None}]


def test_write_is_committed_and_null_can_be_passed(
    run: Callable[..., subprocess.CompletedProcess[str]], empty_database: str
) -> None:
    result = run("set_address", "--arg", "id=1", "--null", "address")

    assert result.stderr.startswith("1 affected, ")
    with psycopg.connect(empty_database) as connection:
        row = connection.execute("SELECT address FROM account WHERE id = 1").fetchone()
    assert row == (None,)


def test_rollback_takes_a_write_back(
    run: Callable[..., subprocess.CompletedProcess[str]], empty_database: str
) -> None:
    run("set_address", "--arg", "id=1", "--arg", "address=z", "--rollback")

    with psycopg.connect(empty_database) as connection:
        row = connection.execute("SELECT address FROM account WHERE id = 1").fetchone()
    assert row == ("a[b]",)


def test_without_a_name_all_queries_are_listed(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = run()

    assert "people.list_accounts(least, row_limit)" in result.stdout
    assert "people.set_address(id, address)" in result.stdout


def test_show_prints_the_statement_as_it_is_sent(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = run("set_address", "--show")

    assert result.stdout.splitlines() == [
        "UPDATE account SET address = $1 WHERE id = $2;",
        "-- people.set_address at queries/people/account.sql:49",
        "-- $1 is address",
        "-- $2 is id",
    ]


def test_show_puts_fragments_in_and_tells_what_can_go(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    lines = run("get_matching", "--show").stdout.splitlines()

    assert lines[:5] == [
        "SELECT id",
        "FROM account",
        "WHERE",
        "    id > $1",
        "    AND address LIKE $2;",
    ]
    assert lines[-2:] == [
        "-- without pattern this goes: AND address LIKE :pattern",
        "-- with the fragment matching at queries/people/account.sql:1",
    ]


def test_show_as_json(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    said = json.loads(run("get_matching", "--show", "--json").stdout)

    assert said["sql"].endswith("AND address LIKE $2")
    assert said["parameters"] == ["least", "pattern"]
    assert said["optional"] == [
        {
            "text": "AND address LIKE :pattern",
            "needs_all_of": ["pattern"],
            "needs_one_of": [],
        }
    ]
    assert said["fragments"] == [
        {"name": "matching", "source": "queries/people/account.sql:1:1"}
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lst_accounts"], "did you mean `people.list_accounts`,"),
        (["list_accounts"], "needs a value for `least`"),
        (["list_accounts", "--arg", "leest=1"], "has no parameter `leest`"),
        (["list_accounts", "--arg", "least"], "is not `NAME=VALUE`"),
        (["list_accounts", "--arg", "least=1", "--null", "least"], "given twice"),
        (["list_accounts", "--arg", "least=x"], "invalid input syntax"),
    ],
    ids=["name", "missing", "unknown", "form", "twice", "value"],
)
def test_wrong_use_is_a_clear_error(
    run: Callable[..., subprocess.CompletedProcess[str]],
    arguments: list[str],
    message: str,
) -> None:
    result = run(*arguments)

    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_what_is_optional_may_be_left_out(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = run("search", "--arg", "least=0", "--json")

    assert json.loads(result.stdout) == [{"id": 1}, {"id": 2}]


def test_list_shows_what_is_optional(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    assert "people.search(least, [address])" in run().stdout


def test_pages_are_read_one_by_one(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    first = run("page_accounts")
    said = first.stderr.splitlines()[-1]
    assert said.startswith("next page: --arg cursor="), first.stderr
    second = run("page_accounts", "--json", *said.removeprefix("next page: ").split())

    assert first.stdout.splitlines()[1].split() == ["2", "NULL"]
    assert json.loads(second.stdout) == {
        "items": [{"id": 1, "address": "a[b]"}],
        "next": None,
    }


def test_order_can_be_chosen(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    smallest = run("page_accounts", "--arg", "order=smallest", "--json")
    unknown = run("page_accounts", "--arg", "order=finest")
    cursor = json.loads(smallest.stdout)["next"]
    other = run("page_accounts", "--arg", f"cursor={cursor}")

    assert json.loads(smallest.stdout)["items"] == [{"id": 1, "address": "a[b]"}]
    assert "has no order `finest`" in unknown.stderr
    assert "its orders: `largest`, `smallest`" in unknown.stderr
    assert "the cursor is of the order `smallest`" in other.stderr


def test_numbers_above_their_maximum_are_refused(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = run("page_accounts", "--arg", "row_limit=6")

    assert result.returncode == 1
    assert "`row_limit` is 6, and at most 5 is allowed" in result.stderr
