"""Placeholders become numbers, and positions find their way back."""

from __future__ import annotations

from datalayer.codegen.numbering import numbered
from datalayer.codegen.reading.query_files import read_query_file
from datalayer.codegen.reading.source_text import SourceText
from datalayer.model import QuerySource


def source_of(statement: str, parameters: str) -> QuerySource:
    text = f"-- name: q({parameters})\n{statement}\n"
    (source,) = read_query_file(SourceText("q.sql", text), ("q",)).queries
    return source


def test_numbers_follow_the_first_appearance() -> None:
    statement = numbered(source_of("SELECT :b, :a, :b", "a, b"))

    assert statement.sql == "SELECT $1, $2, $1"
    assert statement.order == ("b", "a")


def test_statement_without_placeholders_stays() -> None:
    statement = numbered(source_of("SELECT ':a'", ""))

    assert statement.sql == "SELECT ':a'"
    assert statement.order == ()
    assert statement.original_offset(7) == 7


def test_ten_parameters_have_two_digits() -> None:
    names = [f"p{number}" for number in range(11)]
    written = ", ".join(f":{name}" for name in names)

    statement = numbered(source_of(f"SELECT {written}", ", ".join(names)))

    assert statement.sql.endswith("$9, $10, $11")
    assert statement.order == tuple(names)


def test_short_name_becomes_longer() -> None:
    names = [f"p{number}" for number in range(9)]
    written = ", ".join(f":{name}" for name in (*names, "x"))
    source = source_of(f"SELECT {written}, y", ", ".join((*names, "x")))

    statement = numbered(source)

    assert statement.sql.endswith("$10, y")
    assert statement.original_offset(statement.sql.index("$10") + 2) == (
        source.sql.index(":x")
    )
    assert statement.original_offset(statement.sql.index("y")) == source.sql.index("y")


def test_position_behind_a_placeholder_finds_its_way_back() -> None:
    source = source_of("SELECT :long_name, emial", "long_name")
    statement = numbered(source)

    offset = statement.original_offset(statement.sql.index("emial"))

    assert source.sql[offset:] == "emial"


def test_position_inside_a_number_is_the_placeholder() -> None:
    source = source_of("SELECT 1 + :name", "name")
    statement = numbered(source)
    start = statement.sql.index("$1")

    assert statement.original_offset(start) == source.sql.index(":name")
    assert statement.original_offset(start + 1) == source.sql.index(":name")


def test_position_at_the_end_is_the_end() -> None:
    source = source_of("SELECT :name", "name")
    statement = numbered(source)

    assert statement.original_offset(len(statement.sql)) == len(source.sql)
