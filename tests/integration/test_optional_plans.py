"""The plan of a variant is that of the bare statement."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from datalayer.runtime import UNSET
from datalayer.server import Server, scratch_database
from query_modules import Modules, load_modules

SCHEMA = """
CREATE TABLE book (book_id integer PRIMARY KEY, isbn text UNIQUE, shelf integer);
CREATE TABLE book_tag (book_id integer, tag text, PRIMARY KEY (tag, book_id));
CREATE INDEX ON book (shelf);
INSERT INTO book SELECT n, 'isbn' || n, n / 10 FROM generate_series(1, 5000) AS n;
INSERT INTO book_tag SELECT n, 'tag' || n / 5 FROM generate_series(1, 5000) AS n;
ANALYZE;
"""
QUERIES = """\
-- name: search(isbn, shelf, tag)
-- Return the books that fit.
SELECT book.book_id
FROM book
LEFT JOIN book_tag ON book.book_id = book_tag.book_id -- @optional for tag
WHERE
    book.isbn = :isbn -- @optional
    AND book.shelf = :shelf -- @optional
    AND book_tag.tag = :tag -- @optional
ORDER BY book.book_id;
"""
_JOIN = "LEFT JOIN book_tag ON book.book_id = book_tag.book_id"
BARE = {
    "": "SELECT book_id FROM book ORDER BY book_id",
    "isbn": "SELECT book_id FROM book WHERE isbn = $1 ORDER BY book_id",
    "shelf": "SELECT book_id FROM book WHERE shelf = $1 ORDER BY book_id",
    "isbn shelf": "SELECT book_id FROM book WHERE isbn = $1 AND shelf = $2 ORDER BY 1",
    "tag": f"SELECT book.book_id FROM book {_JOIN} WHERE tag = $1 ORDER BY 1",
}
IS_NULL_OR = (
    "SELECT book_id FROM book WHERE ($1::text IS NULL OR isbn = $1)"
    " AND ($2::int IS NULL OR shelf = $2) ORDER BY book_id"
)
VALUES = {"isbn": "isbn7", "shelf": 7, "tag": "tag7"}


@pytest.fixture(scope="module")
def library(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[psycopg.Connection[Any], Modules]]:
    with scratch_database(server.url()) as url:
        with psycopg.connect(url) as connection:
            connection.execute(SCHEMA)
        folder = tmp_path_factory.mktemp("optional_plans")
        modules = load_modules(url, folder, QUERIES, package="optional_plans_queries")
        with psycopg.connect(url, autocommit=True) as connection:
            # What becomes of a prepared statement in the end.
            connection.execute("SET plan_cache_mode = 'force_generic_plan'")
            yield connection, modules


def plan(connection: psycopg.Connection[Any], sql: str, values: list[object]) -> object:
    """Return the generic plan of a statement."""
    connection.execute(f"PREPARE it AS {sql}".encode(), prepare=False)
    written = ", ".join("NULL" if value is None else f"'{value}'" for value in values)
    call = f"EXECUTE it({written})" if values else "EXECUTE it"
    try:
        explained = connection.execute(f"EXPLAIN (FORMAT json) {call}".encode())
        row = explained.fetchone()
    finally:
        connection.execute("DEALLOCATE it")
    assert row is not None
    return row[0]


@pytest.mark.parametrize("names", BARE, ids=lambda names: names or "nothing")
def test_plan_of_a_variant_is_that_of_the_bare_statement(
    library: tuple[psycopg.Connection[Any], Modules], names: str
) -> None:
    connection, modules = library
    given = dict.fromkeys(VALUES, UNSET) | {n: VALUES[n] for n in names.split()}
    query, values = modules.sync.SEARCH.given(given)

    found = plan(connection, query.sql, list(values))

    assert found == plan(connection, BARE[names], list(values))
    assert ("Seq Scan" not in json.dumps(found)) or not names


def test_is_null_or_needs_another_plan(
    library: tuple[psycopg.Connection[Any], Modules],
) -> None:
    connection, modules = library
    query, values = modules.sync.SEARCH.given({"isbn": "isbn7", "shelf": UNSET})

    bare = json.dumps(plan(connection, query.sql, list(values)))
    either = json.dumps(plan(connection, IS_NULL_OR, ["isbn7", None]))

    assert "Index Cond" in bare
    assert "Index Cond" not in either


def test_true_is_not_in_the_plan(
    library: tuple[psycopg.Connection[Any], Modules],
) -> None:
    connection, modules = library
    query, values = modules.sync.SEARCH.given({"shelf": 7, "isbn": UNSET})

    assert "TRUE" in query.sql
    assert "true" not in json.dumps(plan(connection, query.sql, list(values)))
