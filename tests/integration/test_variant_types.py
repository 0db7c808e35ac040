"""What is said of a query holds with its optional joins and without them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest

from datalayer.codegen import analyser
from datalayer.codegen.analyser import AnalysisResult, analyse, open_session
from datalayer.codegen.reading.query_files import read_query_file
from datalayer.codegen.reading.source_text import SourceText
from datalayer.codegen.variants import weaker
from datalayer.errors import DirectiveError
from datalayer.model import RowCount
from datalayer.server import scratch_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.model import QueryShape, Variant
    from datalayer.server import Server

SCHEMA = """
CREATE TABLE place (place_id int PRIMARY KEY, shelf text, room text NOT NULL);
CREATE TABLE book (
    book_id int PRIMARY KEY,
    title text NOT NULL,
    place_id int REFERENCES place
);
CREATE TABLE book_tag (
    book_id int NOT NULL REFERENCES book,
    tag text NOT NULL,
    PRIMARY KEY (book_id, tag)
);
CREATE TABLE choice (member_id int PRIMARY KEY, book_id int NOT NULL);
CREATE UNIQUE INDEX idx_book_title ON book (title, book_id);
CREATE INDEX idx_book_place ON book (place_id, book_id);
"""
MANY = RowCount()
AT_MOST_ONE = RowCount(at_most_one=True)


class Case(NamedTuple):
    """A statement, and what holds whatever is given."""

    sql: str
    row_count: RowCount
    nullable: tuple[str, ...] = ()


CASES = {
    "one_with_and_without": Case(
        """SELECT book.title FROM book
        LEFT JOIN choice ON book.book_id = choice.book_id -- @optional for a
        WHERE book.book_id = :b
            AND choice.member_id = :a -- @optional""",
        AT_MOST_ONE,
    ),
    "many_only_with": Case(
        """SELECT book.title FROM book
        LEFT JOIN book_tag ON book.book_id = book_tag.book_id -- @optional for a
        WHERE book.book_id = :b
            AND book_tag.tag > :a -- @optional""",
        MANY,
    ),
    "many_only_without": Case(
        """SELECT book.title FROM book
        INNER JOIN choice ON book.book_id = choice.book_id -- @optional for a
        WHERE choice.member_id = :a -- @optional""",
        MANY,
    ),
    "none_only_with": Case(
        """SELECT one.value FROM (SELECT 1 AS value) AS one
        INNER JOIN choice ON TRUE -- @optional for a
        WHERE choice.member_id = :a -- @optional""",
        AT_MOST_ONE,
    ),
    "null_only_without": Case(
        """SELECT book.place_id FROM book
        INNER JOIN place ON book.place_id = place.place_id -- @optional for a
        WHERE place.shelf = :a -- @optional""",
        MANY,
        ("place_id",),
    ),
    "null_only_with": Case(
        """SELECT book.title FROM book
        RIGHT JOIN place ON book.place_id = place.place_id -- @optional for a
        WHERE place.shelf = :a -- @optional""",
        MANY,
        ("title",),
    ),
    "null_only_without_another_join": Case(
        """SELECT place.room FROM book
        LEFT JOIN place ON book.place_id = place.place_id
        INNER JOIN choice ON place.place_id = choice.book_id -- @optional for a
        WHERE choice.member_id = :a -- @optional""",
        MANY,
        ("room",),
    ),
    "null_only_with_one_of_two": Case(
        """SELECT book.title, book.place_id FROM book
        INNER JOIN place ON book.place_id = place.place_id -- @optional for a
        FULL JOIN choice ON book.book_id = choice.book_id -- @optional for b
        WHERE place.shelf = :a -- @optional
            AND choice.member_id = :b -- @optional""",
        MANY,
        ("title", "place_id"),
    ),
    "elements_null_only_without": Case(
        """SELECT array_agg(book.place_id) AS places FROM book
        INNER JOIN place ON book.place_id = place.place_id -- @optional for a
        WHERE place.shelf = :a -- @optional
        HAVING count(*) > 0""",
        AT_MOST_ONE,
        ("places[]",),
    ),
    "no_row_only_with": Case(
        """INSERT INTO choice (member_id, book_id)
        SELECT one.value, one.value FROM (SELECT 1 AS value) AS one
        LEFT JOIN book_tag ON one.value = book_tag.book_id -- @optional for a
        WHERE book_tag.tag = :a -- @optional
        RETURNING member_id, book_id""",
        AT_MOST_ONE,
    ),
}


@pytest.fixture(scope="module")
def library(server: Server) -> Iterator[psycopg.Connection[Any]]:
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection,
    ):
        connection.execute(SCHEMA)
        yield connection


@pytest.mark.parametrize("name", CASES)
def test_types_are_the_weakest_of_all_variants(
    name: str, library: psycopg.Connection[Any]
) -> None:
    shape = shape_of(library, CASES[name])

    assert said(shape) == (CASES[name].row_count, CASES[name].nullable)


@pytest.mark.parametrize(
    ("end", "unseen"), [(0, "only_without"), (1, "only_with_")], ids=["first", "last"]
)
def test_cases_notice_what_holds_for_one_variant_alone(
    end: int,
    unseen: str,
    library: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def of_one(shape: QueryShape, other: QueryShape, variant: Variant) -> QueryShape:
        one = (shape, other)[end]
        both = weaker(shape, other, variant)
        return replace(both, columns=one.columns, row_count=one.row_count)

    monkeypatch.setattr(analyser, "weaker", of_one)
    untrue = {
        name
        for name, case in CASES.items()
        if said(shape_of(library, case)) != (case.row_count, case.nullable)
    }

    assert untrue >= {name for name in CASES if unseen in f"{name}_"}


def said(shape: QueryShape) -> tuple[RowCount, tuple[str, ...]]:
    nullable = [each.name for each in shape.columns if each.nullable]
    elements = [
        f"{each.name}[]"
        for each in shape.columns
        if each.type.element and each.elements_nullable
    ]
    return shape.row_count, (*nullable, *elements)


def shape_of(connection: psycopg.Connection[Any], case: Case) -> QueryShape:
    names = ", ".join(name for name in "ab" if f":{name}" in case.sql)
    text = f"-- name: list_them({names})\n{case.sql}\n;\n"
    (shape,) = analysed(connection, text).shapes
    return shape


def analysed(connection: psycopg.Connection[Any], text: str) -> AnalysisResult:
    read = read_query_file(SourceText("q.sql", text), ("q",))
    assert read.problems == ()
    return analyse(open_session(connection), read.queries)


NESTED = """-- name: list_books(a)
-- @embed place
SELECT book.title, place.room AS place_room FROM book
LEFT JOIN place ON book.place_id = place.place_id
INNER JOIN choice ON place.place_id = choice.book_id -- @optional for a
WHERE choice.member_id = :a -- @optional
;
"""
PAGED = """-- name: list_books(a, row_limit)
-- @page place_id, book_id
SELECT book.place_id, book.book_id FROM book
INNER JOIN place ON book.place_id = place.place_id -- @optional for a
WHERE place.shelf = :a -- @optional
ORDER BY place_id, book_id
LIMIT :row_limit;
"""
NARROWED = """-- name: list_tagged(a, row_limit)
-- @page book_id
SELECT book_id, tag FROM book_tag
WHERE tag = :a -- @optional
ORDER BY book_id
LIMIT :row_limit;
"""


def test_object_is_missing_where_it_is_without_a_join(
    library: psycopg.Connection[Any],
) -> None:
    (shape,) = analysed(library, NESTED).shapes

    assert shape.nesting is not None
    assert shape.nesting.nests[0].is_optional


def test_keys_of_pages_are_null_in_no_variant(
    library: psycopg.Connection[Any],
) -> None:
    (problem,) = analysed(library, PAGED).problems

    assert isinstance(problem, DirectiveError)
    assert problem.message == (
        "`place_id` can be NULL where something is left out, and no row comes behind"
        " NULL"
    )


def test_keys_of_pages_tell_rows_apart_in_all_variants(
    library: psycopg.Connection[Any],
) -> None:
    (shape,) = analysed(library, NARROWED).shapes

    assert [each.rule for each in shape.findings] == ["uncertain-page-keys"]
