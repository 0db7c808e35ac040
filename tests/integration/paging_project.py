"""Queries that are read page by page, and what was generated from them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import psycopg

from datalayer.codegen.pipeline import generate_modules
from datalayer.codegen.rendering.writer import write_modules

#: Each order with its keys, the descending ones behind a minus.
ORDERS = {
    "rank": ("rank", "id"),
    "rank_down": ("-rank", "-id"),
    "mixed": ("-rank", "id"),
    "title": ("title", "-rank", "id"),
    "mood": ("-mood", "-title", "rank", "-id"),
}
MOODS = ("low", "middle", "high")
SCHEMA = """
CREATE TYPE mood AS ENUM ('low', 'middle', 'high');
CREATE TABLE entry (
    id integer PRIMARY KEY,
    rank integer NOT NULL,
    title text NOT NULL,
    mood mood NOT NULL,
    hidden boolean NOT NULL DEFAULT FALSE
);
"""
_QUERY = """
-- name: page_{name}(hidden, row_limit)
-- Return a page of entries.
{orders}
-- @page
{select}
ORDER BY rank, id
LIMIT :row_limit;
"""
_COLUMNS = "SELECT id, rank, title, mood"
#: The same rows from statements of several forms.
SELECTS = {
    "entries": f"{_COLUMNS} FROM entry WHERE hidden = :hidden -- @optional",
    "common": f"""WITH shown AS (
    SELECT * FROM entry
    WHERE hidden = :hidden -- @optional
)
{_COLUMNS} FROM shown""",
    "distinct": f"""SELECT DISTINCT {_COLUMNS.removeprefix("SELECT ")} FROM entry
WHERE hidden = :hidden -- @optional""",
    "united": f"""{_COLUMNS} FROM entry WHERE
    hidden = :hidden -- @optional
    AND rank < 1
UNION ALL
{_COLUMNS} FROM entry WHERE
    hidden = :hidden -- @optional
    AND rank >= 1""",
}


@dataclass(frozen=True, slots=True)
class Pages:
    """The synchronous and the asynchronous functions."""

    sync: ModuleType
    aio: ModuleType


def entry_queries(names: list[str]) -> str:
    """Return a query file of some of the statements, each in all the orders."""
    orders = "\n".join(
        f"-- @order {name} = {', '.join(map(_sorted_by, keys))}"
        for name, keys in ORDERS.items()
    )
    return "".join(
        _QUERY.format(name=name, orders=orders, select=SELECTS[name]) for name in names
    )


def _sorted_by(key: str) -> str:
    return f"{key[1:]} DESC" if key.startswith("-") else key


@contextmanager
def generated_pages(
    url: str, folder: Path, text: str, *, package: str, findings: bool = True
) -> Iterator[Pages]:
    """Generate the modules of a query file, which are there for a while.

    Fails for a finding where there shall be none.
    """
    queries = folder / "queries"
    queries.mkdir()
    (queries / "lists.sql").write_text(text)
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        generated = generate_modules(
            connection, queries=queries, root=folder, package=package, new_types=True
        )
    assert findings or not generated.findings
    write_modules(folder / package, generated.modules)
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        yield Pages(
            importlib.import_module(f"{package}.lists"),
            importlib.import_module(f"{package}.aio.lists"),
        )
    finally:
        sys.path.remove(str(folder))
        for name in [n for n in sys.modules if n.partition(".")[0] == package]:
            del sys.modules[name]
