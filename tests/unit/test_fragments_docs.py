"""The examples of the page about fragments are query files."""

from __future__ import annotations

import re
from pathlib import Path

import aiosql
import pytest

from datalayer.codegen.reading.loader import load_queries

PAGE = Path(__file__).parents[2] / "docs" / "fragments.md"
EXAMPLES = re.findall(r"^```sql\n(.*?)^```$", PAGE.read_text(), re.M | re.S)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_of_fragments_is_a_query_file(number: int, tmp_path: Path) -> None:
    (tmp_path / "example.sql").write_text(EXAMPLES[number])

    result = load_queries(tmp_path, root=tmp_path)

    assert [str(problem) for problem in result.problems] == []
    assert result.sources
    assert all(source.fragments for source in result.sources)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_plain_aiosql_loads_the_example(number: int, tmp_path: Path) -> None:
    (tmp_path / "example.sql").write_text(EXAMPLES[number])
    sources = load_queries(tmp_path, root=tmp_path).sources

    queries = aiosql.from_str(EXAMPLES[number], "psycopg")

    assert {source.name for source in sources} <= set(queries.available_queries)
    for source in sources:
        sql = getattr(queries, source.name).sql
        uses = [each for each in source.stretches if each.fragment and each.replaced]
        # A join is replaced by nothing, or by white space.
        assert sql.count("-- @use") == len(uses)
