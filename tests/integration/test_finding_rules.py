"""The example of each rule is what the rule finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from datalayer.codegen.analyser import analyse, open_session
from datalayer.codegen.reading.loader import load_queries
from datalayer.codegen.rules import RULES

SCHEMA = """
CREATE TABLE item (id int PRIMARY KEY, name text, rank int NOT NULL DEFAULT 0);
CREATE INDEX idx_item_rank ON item (rank);
"""


@pytest.mark.parametrize("name", RULES)
def test_example_is_found_and_can_be_allowed(
    name: str, connection: psycopg.Connection[Any], tmp_path: Path
) -> None:
    connection.execute(SCHEMA)

    assert find(RULES[name].example, connection, tmp_path) == [name]
    header, rest = RULES[name].example.split("\n", 1)
    allowed = f"{header}\n-- @allow {name}: it is right\n{rest}"
    assert name == "needless-allowance" or find(allowed, connection, tmp_path) == []


def find(text: str, connection: psycopg.Connection[Any], folder: Path) -> list[str]:
    (folder / "q.sql").write_text(f"{text}\n")
    loaded = load_queries(folder, root=folder)
    assert loaded.problems == ()
    shapes = analyse(open_session(connection), loaded.sources).shapes
    of_queries = [finding for shape in shapes for finding in shape.findings]
    return [finding.rule for finding in (*loaded.findings, *of_queries)]
