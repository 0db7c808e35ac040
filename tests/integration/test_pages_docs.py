"""The examples of the page about orders and pages do what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from paging_project import Pages, generated_pages

from datalayer.errors import UnknownOrder
from datalayer.runtime.paging import CURSOR_KEY
from datalayer.server import Server, scratch_database

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "pages.md").read_text()
SCHEMA, *QUERIES = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.M | re.S)
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
_ROWS = """
INSERT INTO note
SELECT number, 'ann', 'title ' || number % 3, NULL, timestamptz '2026-01-01 00:00Z'
FROM generate_series(1, 7) AS number
"""


@pytest.fixture(scope="module")
def generated(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[psycopg.Connection[Any], Pages]]:
    folder = tmp_path_factory.mktemp("pages_docs")
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        connection.execute(SCHEMA.encode())
        connection.execute(_ROWS.encode())
        with generated_pages(
            url, folder, "\n".join(QUERIES), package="pages_docs", findings=False
        ) as pages:
            yield connection, pages


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_runs(
    generated: tuple[psycopg.Connection[Any], Pages],
    number: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    connection, pages = generated
    names: dict[str, Any] = {"connection": connection, "notes": pages.sync}

    exec(EXAMPLES[number], names)  # noqa: S102 - what our own page shows

    said = re.findall(r"print\(.*\)  # (.*)", EXAMPLES[number])
    assert capsys.readouterr().out.splitlines() == said
    if "page" in names:
        assert names["page"].next is None
        assert names["page"].items


def test_unknown_orders_are_refused(
    generated: tuple[psycopg.Connection[Any], Pages],
) -> None:
    connection, pages = generated

    with pytest.raises(UnknownOrder, match="has no order `1; DROP TABLE note`"):
        pages.sync.list_notes(connection, author="ann", order="1; DROP TABLE note")


def test_orders_are_what_they_say(
    generated: tuple[psycopg.Connection[Any], Pages],
) -> None:
    connection, pages = generated

    titles = pages.sync.list_notes(connection, author="ann", order="title")
    reminders = pages.sync.list_notes(connection, author="ann", order="reminder")

    assert [each.note_id for each in titles] == [3, 6, 1, 4, 7, 2, 5]
    assert [each.note_id for each in reminders] == [2, 5, 1, 4, 7, 3, 6]


def test_cursor_is_a_position_and_no_search(
    generated: tuple[psycopg.Connection[Any], Pages],
) -> None:
    connection, pages = generated
    with connection.transaction(force_rollback=True):
        connection.execute(
            "INSERT INTO note VALUES (20, 'bea', '', NULL, %s)",
            (datetime(2025, 12, 31, tzinfo=UTC),),
        )
        page = pages.sync.page_notes(connection, author="ann", row_limit=1)

        other = pages.sync.page_notes(connection, author="bea", cursor=page.next)

    assert [each.note_id for each in other.items] == [20]


def test_page_names_the_variable() -> None:
    assert f"`{CURSOR_KEY}`" in PAGE
