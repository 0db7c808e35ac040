"""What the analysed tree proves, confirmed by running each query on hostile rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nullability_running import Databases, infer_case, observe, open_databases
from truth_sets import CASES, ELEMENTS, Case

from datalayer.server import Server


@pytest.fixture(scope="module")
def databases(server: Server) -> Iterator[Databases]:
    with open_databases(server) as opened:
        yield opened


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_conclusion_is_as_expected(case: Case, databases: Databases) -> None:
    inferred = infer_case(databases, case.query)

    found = "".join("?" if column.nullable else "!" for column in inferred.columns)
    assert found == case.expected.replace("~", "?")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_expectation_is_true_of_the_rows(case: Case, databases: Databases) -> None:
    seen = observe(databases, case.query, case.values)

    found = "".join("?" if null else "!" for null in seen.nulls)
    assert found == case.expected.replace("~", "!")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_number_of_rows_is_true(case: Case, databases: Databases) -> None:
    rows = infer_case(databases, case.query).row_count

    seen = observe(databases, case.query, case.values)
    assert not rows.at_most_one or seen.most <= 1
    assert not rows.at_least_one or seen.fewest >= 1


@pytest.mark.parametrize("case", ELEMENTS, ids=lambda case: case.name)
def test_elements_are_as_expected(case: Case, databases: Databases) -> None:
    inferred = infer_case(databases, case.query)

    found = ["?" if column.elements_nullable else "!" for column in inferred.columns]
    seen = observe(databases, case.query, case.values)
    assert "".join(found) == case.expected
    assert "".join("?" if null else "!" for null in seen.null_elements) == case.expected
