"""The example of each rule is what the rule finds."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from datalayer.codegen.analyser import analyse
from datalayer.codegen.reading.query_files import read_query_file
from datalayer.codegen.reading.source_text import SourceText
from datalayer.codegen.rules import RULES

SCHEMA = """
CREATE TABLE item (id int PRIMARY KEY, name text, rank int NOT NULL DEFAULT 0);
CREATE INDEX idx_item_rank ON item (rank);
"""


@pytest.mark.parametrize("name", RULES)
def test_example_is_found_and_can_be_allowed(
    name: str, connection: psycopg.Connection[Any]
) -> None:
    connection.execute(SCHEMA)

    assert find(RULES[name].example, connection) == [name]
    header, rest = RULES[name].example.split("\n", 1)
    allowed = f"{header}\n-- @allow {name}: it is right\n{rest}"
    assert name == "needless-allowance" or find(allowed, connection) == []


def find(text: str, connection: psycopg.Connection[Any]) -> list[str]:
    read = read_query_file(SourceText("q.sql", f"{text}\n"), ("q",))
    assert read.problems == ()
    result = analyse(connection, read.queries)
    return [finding.rule for finding in result.shapes[0].findings]
