"""The page about the operations domain is true."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

import datalayer.domains.operations as services
from datalayer.queries import operations as queries

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
MODULES = sorted(module.name for module in pkgutil.iter_modules(queries.__path__))


def test_the_tour_prints_what_the_page_says(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    [printed] = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.setenv("DATABASE_URL", database_url)

    exec(compile(code, "docs/operations.md", "exec"), {})  # noqa: S102 (the page)

    assert capsys.readouterr().out == printed


def test_every_service_is_listed() -> None:
    listed = PAGE.split("## The services")[1].split("\n## ")[0]

    for name in services.__all__:
        if callable(getattr(services, name)) and name.islower():
            assert f"`{name}`" in listed


@pytest.mark.parametrize("name", MODULES)
def test_every_query_is_listed(name: str) -> None:
    module = importlib.import_module(f"{queries.__name__}.{name}")
    [row] = re.findall(rf"^\| `{name}` \| (.*) \|$", PAGE, re.MULTILINE)

    assert sorted(row.split(", ")) == sorted(
        f"`{query}`" for query in module.__all__ if query.islower()
    )


def test_every_table_and_every_index_of_the_queue_is_listed(
    connection: psycopg.Connection[Any],
) -> None:
    found = connection.execute(
        "SELECT relname FROM pg_class WHERE relname LIKE 'assistly_%' AND relkind = 'r'"
        " UNION ALL SELECT indexname FROM pg_indexes"
        " WHERE tablename = 'assistly_queue_jobs' AND indexname LIKE 'idx_%'"
    ).fetchall()
    listed = PAGE.split("## Tables and indexes")[1].split("\n## ")[0]

    assert found
    for (name,) in found:
        assert f"`{name}`" in listed
