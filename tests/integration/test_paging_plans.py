"""Pages are served by an index, and the generator tells where none does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from paging_project import ORDERS, SCHEMA, Pages, entry_queries, generated_pages
from plan_reading import rows_read, run_scans

from datalayer.codegen.pipeline import generate_modules
from datalayer.runtime.paging import page_values, write_cursor
from datalayer.server import Server, scratch_database

_INDEXES = """
CREATE INDEX entry_rank_index ON entry (rank, id);
CREATE INDEX entry_mixed_index ON entry (rank DESC, id);
CREATE INDEX entry_title_index ON entry (title, rank DESC, id);
CREATE INDEX entry_mood_index ON entry (mood DESC, title DESC, rank, id DESC);
CREATE INDEX entry_hidden_index ON entry (hidden, rank, id);
"""
_ROWS = """
INSERT INTO entry
SELECT
    number,
    number / 40,
    'title ' || lpad((number % 50)::text, 3, '0'),
    (ARRAY['low', 'middle', 'high'])[1 + number % 3]::mood
FROM generate_series(1, 4000) AS number
"""


@pytest.fixture(scope="module")
def filled(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[psycopg.Connection[Any], Pages]]:
    folder = tmp_path_factory.mktemp("paging_plans")
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        for text in (SCHEMA, _INDEXES, _ROWS, "VACUUM ANALYZE entry"):
            connection.execute(text.encode())
        text = entry_queries(["common", "entries"])
        with generated_pages(url, folder, text, package="paging_plans") as pages:
            yield connection, pages


@pytest.mark.parametrize("name", ["common", "entries"])
@pytest.mark.parametrize("order", sorted(ORDERS))
@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
def test_deep_page_reads_what_it_shows(
    filled: tuple[psycopg.Connection[Any], Pages], name: str, order: str, mode: str
) -> None:
    connection, pages = filled
    query = getattr(pages.sync, f"PAGE_{name.upper()}")
    middle = {"id": 2000, "rank": 50, "title": "title 025", "mood": "middle"}
    keys = [middle[key.removeprefix("-")] for key in ORDERS[order]]
    cursor = write_cursor(query.name, query.paging, keys, order=order)
    values = page_values(
        query.name, query.paging, {}, limit=10, cursor=cursor, order=order
    )

    made, arguments = query.given(values, order=order)
    (scan,) = run_scans(connection, made, arguments, mode)

    assert scan["Node Type"] in {"Index Scan", "Index Only Scan"}
    # Of mixed directions, those with the same first keys are passed over.
    ties = {"mixed": 40, "title": 80, "mood": 27}.get(order, 0)
    assert rows_read(scan) <= 11 + ties


_FINDINGS = {
    "keys": ("SELECT id, rank FROM entry ORDER BY rank, id", []),
    "backwards": ("SELECT id, rank FROM entry ORDER BY rank DESC, id DESC", []),
    "bound": (
        "SELECT id, rank FROM entry WHERE hidden = :hidden ORDER BY rank, id",
        [],
    ),
    "view": ("SELECT id, rank FROM shown ORDER BY rank, id", []),
    "joined": (
        "SELECT entry.id, entry.rank, mark.mark FROM entry"
        " LEFT JOIN mark ON entry.id = mark.id ORDER BY entry.rank, entry.id",
        [],
    ),
    "with": (
        "WITH counted AS MATERIALIZED (SELECT mark, count(*) AS marks FROM mark"
        " GROUP BY mark ORDER BY 2 DESC LIMIT 5)"
        " SELECT id, rank, (SELECT max(marks) FROM counted) AS most FROM entry"
        " ORDER BY rank, id",
        [],
    ),
    "grouped": (
        "SELECT rank, count(*) AS entries FROM entry GROUP BY rank ORDER BY rank",
        [],
    ),
    "mixed": (
        "SELECT id, rank FROM entry ORDER BY rank, id DESC",
        ["page-without-index"],
    ),
    "nulls": (
        "SELECT id, rank FROM entry ORDER BY rank NULLS FIRST, id",
        ["page-without-index"],
    ),
    "expression": (
        "SELECT id, lower(title) AS key FROM entry ORDER BY key, id",
        ["page-without-index"],
    ),
    "windows": (
        "SELECT id, rank, row_number() OVER (ORDER BY rank, id) AS number FROM entry"
        " ORDER BY rank, id",
        ["page-without-index"],
    ),
    "counted": (
        "SELECT rank, count(*) AS entries FROM entry GROUP BY rank"
        " ORDER BY entries DESC, rank",
        ["page-without-index"],
    ),
    "without_partitions": ("SELECT id, day FROM parted ORDER BY day, id", []),
    "ties": (
        "SELECT id, rank FROM entry ORDER BY rank",
        ["uncertain-page-keys"],
    ),
}
_SCHEMA = f"""
{SCHEMA}
CREATE INDEX entry_rank_index ON entry (rank, id);
CREATE INDEX entry_hidden_index ON entry (hidden, rank, id);
CREATE TABLE mark (id integer PRIMARY KEY REFERENCES entry, mark text NOT NULL);
CREATE VIEW shown AS SELECT * FROM entry WHERE NOT hidden;
CREATE TABLE parted (day date, id integer, PRIMARY KEY (day, id))
PARTITION BY RANGE (day);
"""
_PAGED = """
-- name: page_{name}({parameters}row_limit)
-- @page
{select}
LIMIT :row_limit;
"""


@pytest.fixture(scope="module")
def findings(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[str]]:
    folder: Path = tmp_path_factory.mktemp("findings")
    (folder / "queries").mkdir()
    text = "".join(
        _PAGED.format(
            name=name,
            select=select,
            parameters="hidden, " if ":hidden" in select else "",
        )
        for name, (select, _) in _FINDINGS.items()
    )
    (folder / "queries" / "pages.sql").write_text(text)
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection,
    ):
        connection.execute(_SCHEMA.encode())
        generated = generate_modules(
            connection, queries=folder / "queries", root=folder, package="findings"
        )
    return {
        shape.source.name: [finding.rule for finding in shape.findings]
        for shape in generated.shapes
    }


@pytest.mark.parametrize("name", sorted(_FINDINGS))
def test_finding_is_there_where_no_index_is(
    findings: dict[str, list[str]], name: str
) -> None:
    _, expected = _FINDINGS[name]

    assert findings[f"page_{name}"] == expected
