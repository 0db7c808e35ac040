"""What is concluded about queries of applications, confirmed on rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nullability_running import Databases, infer_case, observe, open_databases
from truth_sets import APPLICATION, TRAPS, Case

from datalayer.server import Server


@pytest.fixture(scope="module")
def databases(server: Server) -> Iterator[Databases]:
    with open_databases(
        server,
        tables=APPLICATION.schema(server.major),
        rows=APPLICATION.rows,
        worlds=APPLICATION.worlds,
    ) as opened:
        yield opened


@pytest.mark.parametrize("case", APPLICATION.cases, ids=lambda case: case.name)
def test_conclusion_is_as_expected_and_true(case: Case, databases: Databases) -> None:
    inferred = infer_case(databases, case.query)

    found = "".join("?" if column.nullable else "!" for column in inferred.columns)
    seen = observe(databases, case.query, case.values)
    assert found == case.expected.replace("~", "?")
    shown = "".join("?" if null else "!" for null in seen.nulls)
    assert shown == case.expected.replace("~", "!")
    assert not inferred.row_count.at_most_one or seen.most <= 1
    assert not inferred.row_count.at_least_one or seen.fewest >= 1


def test_names_are_unique_and_what_is_conservative_has_a_reason() -> None:
    cases = TRAPS.cases + APPLICATION.cases

    assert len({case.name for case in APPLICATION.cases}) == len(APPLICATION.cases)
    assert [c.name for c in cases if ("~" in c.expected) != bool(c.why)] == []
