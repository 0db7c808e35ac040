"""What `docs/many-rows.md` shows is what happens."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from query_modules import load_modules

PAGE = (Path(__file__).parents[2] / "docs" / "many-rows.md").read_text()
BLOCKS = re.findall(r"^```(sql|python)\n(.*?)^```$", PAGE, re.M | re.S)
QUERIES = "\n".join(text for kind, text in BLOCKS if kind == "sql")
CALLS = "".join(text for kind, text in BLOCKS if kind == "python")
SCHEMA = """
CREATE TABLE book (book_id integer PRIMARY KEY, title text NOT NULL, price numeric)
"""


@pytest.fixture
def page(empty_database: str, tmp_path: Path) -> dict[str, Any]:
    """What the calls of the page left behind."""
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(SCHEMA)
        module = load_modules(
            empty_database, tmp_path, QUERIES, package="many_docs"
        ).sync
        names = {**vars(module), "connection": connection, "Decimal": Decimal}
        exec(CALLS, names)  # noqa: S102 - the page
        return names


def test_the_calls_of_the_page_do_what_it_says(page: dict[str, Any]) -> None:
    assert page["stored"] == 5000
    assert (page["position"], page["values"]["title"]) == (1, "Again")
    assert [book and book.book_id for book in page["priced"]] == [2, None, 1]
    assert page["book"].book_id == 100
    assert list(page["prices"]) == [1, 2]
    assert page["ten"] == 10
    assert page["first"] == page["titles"][1].upper()


def test_docstrings_say_how_items_travel(page: dict[str, Any]) -> None:
    assert "stored by COPY" in page["create_books"].__doc__
    assert "in a pipeline" in page["price_books"].__doc__
