"""What `docs/optional-filters.md` shows is what happens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import aiosql
import psycopg
import pytest

from datalayer.ad_hoc import run_query
from datalayer.codegen.reading.query_files import read_query_file
from datalayer.codegen.reading.source_text import SourceText
from datalayer.errors import IncompleteArguments
from datalayer.runtime import UNSET
from datalayer.server import Server, scratch_database
from query_modules import load_modules

PAGE = (Path(__file__).parents[2] / "docs" / "optional-filters.md").read_text()
BLOCKS = re.findall(r"^```(sql|python)\n(.*?)^```$", PAGE, re.M | re.S)
QUERIES = "\n".join(text for kind, text in BLOCKS if text.startswith("-- name:"))
SENT = [text for kind, text in BLOCKS if text.startswith("SELECT /*")]
CALLS = "".join(text for kind, text in BLOCKS if kind == "python")
SCHEMA = """
CREATE TABLE book (
    book_id integer PRIMARY KEY, title text NOT NULL, language text NOT NULL,
    price numeric NOT NULL, member_id integer
);
CREATE TABLE book_tag (book_id integer, tag text, PRIMARY KEY (book_id, tag));
CREATE TABLE place (book_id integer, shelf text);
INSERT INTO book VALUES
    (1, 'SQL', 'en', 10, 1), (2, 'SQL again', 'de', 30, NULL), (3, 'C', 'en', 20, 2);
INSERT INTO book_tag VALUES (1, 'data'), (2, 'data'), (2, 'thick');
"""


@pytest.fixture(scope="module")
def library(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, ModuleType]]:
    with scratch_database(server.url()) as url:
        with psycopg.connect(url) as connection:
            connection.execute(SCHEMA)
        folder = tmp_path_factory.mktemp("optional_docs")
        yield url, load_modules(url, folder, QUERIES, package="optional_docs").sync


@pytest.fixture
def page(library: tuple[str, ModuleType]) -> Iterator[dict[str, Any]]:
    """What the calls of the page left behind, in a transaction that is undone."""
    url, module = library
    with psycopg.connect(url) as connection:
        names = {**vars(module), "connection": connection, "UNSET": UNSET}
        exec(CALLS, {**names, "Decimal": Decimal}, names)  # noqa: S102 - the page
        yield names
        connection.rollback()


def numbers(rows: list[Any]) -> list[int]:
    return [row.book_id for row in rows]


def test_calls_return_what_they_are_named(page: dict[str, Any]) -> None:
    assert numbers(page["everything"]) == [3, 1, 2]
    assert numbers(page["german"]) == [2]
    assert numbers(page["cheap"]) == [1]
    assert numbers(page["of_ada"]) == [1]
    assert numbers(page["on_the_shelf"]) == [2]
    assert numbers(page["all_of_them"]) == [1, 2, 3]


def test_only_what_is_given_changed(page: dict[str, Any]) -> None:
    row = page["connection"].execute("SELECT * FROM book WHERE book_id = 1").fetchone()

    assert row == (1, "SQL, once more", "en", 10, None)


def test_what_is_sent_is_what_the_page_shows(page: dict[str, Any]) -> None:
    query, values = page["SEARCH_BOOKS"].given({"language": "de"})

    assert [query.sql] == SENT
    assert values == ("de",)


def test_half_of_what_a_condition_needs_is_too_little(page: dict[str, Any]) -> None:
    with pytest.raises(IncompleteArguments, match="`cheapest`"):
        page["search_books"](page["connection"], cheapest=Decimal(5))


def test_nothing_to_change_is_refused(page: dict[str, Any]) -> None:
    with pytest.raises(IncompleteArguments, match="nothing to change"):
        page["change_book"](page["connection"], book_id=1)


def test_joins_go_with_what_they_are_for(page: dict[str, Any]) -> None:
    list_tagged, connection = page["list_tagged"], page["connection"]

    assert numbers(list_tagged(connection)) == [3, 2, 1]
    assert numbers(list_tagged(connection, tag="thick")) == [2]
    assert numbers(list_tagged(connection, tag="data", shelf="A")) == []
    sent = page["LIST_TAGGED"].given({"shelf": "A"})[0].sql
    assert "LEFT JOIN place" in sent
    assert "book_tag" not in sent


def test_command_of_the_page_leaves_out_what_is_not_given(
    library: tuple[str, ModuleType],
) -> None:
    found = read_query_file(SourceText("file.sql", QUERIES), ("file",)).queries
    (source,) = (each for each in found if each.name == "search_books")

    with psycopg.connect(library[0]) as connection:
        result = run_query(connection, source, {"language": "de"})

    assert [row[0] for row in result.rows] == [2]


@pytest.mark.parametrize(
    "comment", re.findall(r"`(-- \S.*?|/\* .*?)`", PAGE.partition("## What is ref")[2])
)
def test_comment_that_is_nearly_right_is_refused(comment: str) -> None:
    text = f"-- name: q(x)\nSELECT 1 FROM t WHERE a = :x {comment}\n"

    assert read_query_file(SourceText("q.sql", text), ("q",)).problems


def test_plain_aiosql_runs_the_whole_statement(
    library: tuple[str, ModuleType],
) -> None:
    queries: Any = aiosql.from_str(QUERIES, "psycopg")

    with psycopg.connect(library[0]) as connection:
        rows = queries.search_books(
            connection, title="%sql%", language="en", cheapest=5, dearest=20
        )
        assert [row[0] for row in rows] == [1]
