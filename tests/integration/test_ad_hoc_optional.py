"""Single queries of which pieces are left out, as `datalayer query` runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from datalayer.ad_hoc import run_query
from datalayer.codegen.reading.query_files import read_query_file
from datalayer.codegen.reading.source_text import SourceText
from datalayer.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg.rows import TupleRow

    from datalayer.model import QuerySource

SOURCES = """\
-- name: search(least, most, address)
SELECT id
FROM account
WHERE
    id BETWEEN :least AND :most -- @optional
    AND address IS NOT DISTINCT FROM :address -- @optional
ORDER BY id;

-- name: recent(least)
-- @param least = 2
SELECT id
FROM account
WHERE id >= :least -- @optional
ORDER BY id;

-- name: change(id, address)!
UPDATE account
SET address = :address -- @optional
WHERE id = :id;

-- name: told()$
SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid();
"""


@pytest.fixture
def accounts(empty_database: str) -> Iterator[psycopg.Connection[TupleRow]]:
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE TABLE account (id int PRIMARY KEY, address text)")
        connection.execute("INSERT INTO account VALUES (1, 'a'), (2, NULL)")
        yield connection


def query(name: str) -> QuerySource:
    found = read_query_file(SourceText("q.sql", SOURCES), ("q",))
    return next(each for each in found.queries if each.name == name)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [1, 2]),
        ({"address": "a"}, [1]),
        ({"address": None}, [2]),
        ({"least": "1", "most": "1"}, [1]),
        ({"least": "1", "most": "1", "address": None}, []),
    ],
    ids=["nothing", "value", "null", "range", "all"],
)
def test_what_is_not_given_is_left_out(
    accounts: psycopg.Connection[TupleRow],
    arguments: Mapping[str, str | None],
    expected: list[int],
) -> None:
    result = run_query(accounts, query("search"), arguments)

    assert [id for (id,) in result.rows] == expected


def test_default_is_taken_before_anything_is_left_out(
    accounts: psycopg.Connection[TupleRow],
) -> None:
    assert run_query(accounts, query("recent"), {}).rows == ((2,),)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("search", {"most": "1"}, "needs `least` with `most`"),
        ("change", {"id": "1"}, "has nothing to change"),
        ("change", {"address": "c"}, "needs a value for `id`"),
    ],
    ids=["half", "nothing to change", "needed"],
)
def test_too_little_is_told(
    accounts: psycopg.Connection[TupleRow],
    name: str,
    arguments: Mapping[str, str | None],
    message: str,
) -> None:
    with pytest.raises(ArgumentError, match=message) as raised:
        run_query(accounts, query(name), arguments)

    assert "--arg" in str(raised.value)


def test_name_of_the_query_is_behind_its_first_word(
    accounts: psycopg.Connection[TupleRow],
) -> None:
    ((told,),) = run_query(accounts, query("told"), {}).rows

    assert str(told).startswith("SELECT /* told */ query FROM")
