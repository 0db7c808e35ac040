"""What `docs/json-shapes.md` shows is what happens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import psycopg
import pytest

from datalayer.proving.annotations import mismatches, spelled
from datalayer.server import Server, scratch_database
from query_modules import load_modules

PAGE = (Path(__file__).parents[2] / "docs" / "json-shapes.md").read_text()
BLOCKS = re.findall(r"^```(sql|python)\n(.*?)^```$", PAGE, re.M | re.S)
(QUERY,) = (text for kind, text in BLOCKS if kind == "sql")
CLASSES, CALLS = (text for kind, text in BLOCKS if kind == "python")
#: Of the table about types: an expression, its document, and the type of that.
VALUES = re.findall(r"^\| `(.+?)` \| `(.+?)` \| `([^`]+)` \|$", PAGE, re.M)
#: Of the table about NULL: an expression, and its document when `x` is NULL.
NULLS = re.findall(r"^\| `(.*?\bx\b.*)` \| (?:`([^`]+)`|NULL itself) \|$", PAGE, re.M)
SCHEMA = """
CREATE TABLE author (author_id int PRIMARY KEY, name text NOT NULL, born date);
CREATE TABLE book (
    book_id int PRIMARY KEY,
    author_id int NOT NULL REFERENCES author,
    title text NOT NULL,
    price numeric,
    cover bytea
);
INSERT INTO author VALUES (1, 'Ann', NULL), (2, 'Bob', '1980-01-01');
INSERT INTO book VALUES (1, 1, 'SQL', 1.50, '\\x00'), (2, 1, 'C', 'NaN', NULL);
"""


@pytest.fixture(scope="module")
def page(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[psycopg.Connection, ModuleType]]:
    """The modules of the page's query, and of one for each line of its tables."""
    lines = "".join(
        f"-- name: get_value_{number}()$\nSELECT to_jsonb({expression}) AS value;\n\n"
        for number, (expression, _, _) in enumerate(VALUES)
    )
    with scratch_database(server.url()) as url, psycopg.connect(url) as connection:
        connection.execute(SCHEMA.encode())
        connection.commit()
        folder = tmp_path_factory.mktemp("json_shapes_docs")
        module = load_modules(
            url, folder, f"{QUERY}\n{lines}", package="shapes_docs"
        ).sync
        yield connection, module


def test_classes_are_those_that_are_generated(
    page: tuple[psycopg.Connection, ModuleType],
) -> None:
    _, module = page

    assert CLASSES in Path(str(module.__file__)).read_text()


def test_calls_return_what_the_classes_say(
    page: tuple[psycopg.Connection, ModuleType],
) -> None:
    connection, module = page
    names: dict[str, Any] = {**vars(module), "connection": connection}

    exec(CALLS, names)  # noqa: S102 - the page

    assert names["titles"] == ["C", "SQL"]
    rows = [names["first"], *names["others"]]
    assert list(mismatches(rows, list[module.Author])) == []  # type: ignore[name-defined]


def test_tables_are_read() -> None:
    assert len(VALUES) == 22
    assert len(NULLS) == 6


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_values_are_as_in_the_table(
    page: tuple[psycopg.Connection, ModuleType], number: int
) -> None:
    connection, module = page
    _, document, type_ = VALUES[number]
    function = getattr(module, f"get_value_{number}")

    assert function(connection) == eval(document)
    assert spelled(get_type_hints(function)["return"]) == type_.replace("\\|", "|")


@pytest.mark.parametrize(("expression", "document"), NULLS)
def test_null_is_as_in_the_table(
    page: tuple[psycopg.Connection, ModuleType], expression: str, document: str
) -> None:
    connection, _ = page
    sql = f"SELECT {expression} FROM (VALUES (NULL::text)) AS v (x)"

    row = connection.execute(sql.encode()).fetchone()

    assert row == (eval(document or "None"),)
