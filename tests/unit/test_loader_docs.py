"""The examples of the page about query files are query files."""

from __future__ import annotations

import re
from pathlib import Path

import aiosql
import pytest

from datalayer.codegen.reading.loader import load_queries
from datalayer.model import Operation

PAGE = Path(__file__).parents[2] / "docs" / "queries.md"
EXAMPLES = re.findall(r"^```sql\n(.*?)^```$", PAGE.read_text(), re.M | re.S)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_is_a_query_file(number: int, tmp_path: Path) -> None:
    (tmp_path / "example.sql").write_text(EXAMPLES[number])

    result = load_queries(tmp_path, root=tmp_path)

    assert [str(problem) for problem in result.problems] == []
    assert result.sources
    assert all(source.documentation for source in result.sources)


def test_examples_can_stand_in_one_folder(tmp_path: Path) -> None:
    for number, example in enumerate(EXAMPLES):
        (tmp_path / f"example_{number}.sql").write_text(example)

    result = load_queries(tmp_path, root=tmp_path)

    assert [str(problem) for problem in result.problems] == []
    assert {source.operation for source in result.sources} == set(Operation)


def test_most_examples_are_for_plain_aiosql_too() -> None:
    refused = []
    for number, example in enumerate(EXAMPLES):
        try:
            aiosql.from_str(example, "psycopg")
        except (aiosql.SQLParseException, ValueError):
            refused.append(number)

    # `:parameter` in a comment and `:from` are there to show that they work.
    assert [":from" in EXAMPLES[number] for number in refused] == [True]
