"""What the analysed tree proves, confirmed by running each query on hostile rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from nullability_running import (
    Databases,
    Observation,
    infer_case,
    observe,
    open_databases,
)
from truth_sets import CASES, ELEMENTS, Case

from datalayer.codegen.catalog import Catalog
from datalayer.model import Inference
from datalayer.server import Server


@dataclass(frozen=True, slots=True)
class Truths:
    """What is concluded of each query, and what came back: found out once."""

    databases: Databases
    known: dict[str, Inference] = field(default_factory=dict)
    seen: dict[str, Observation] = field(default_factory=dict)

    def infer(self, case: Case) -> Inference:
        """Return what is concluded."""
        if case.query not in self.known:
            self.known[case.query] = infer_case(self.databases, case.query)
        return self.known[case.query]

    def observe(self, case: Case) -> Observation:
        """Return what came back."""
        if case.query not in self.seen:
            self.seen[case.query] = observe(self.databases, case.query, case.values)
        return self.seen[case.query]


@pytest.fixture(scope="module")
def truths(server: Server) -> Iterator[Truths]:
    with open_databases(server) as opened:
        yield Truths(opened)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_conclusion_is_as_expected(case: Case, truths: Truths) -> None:
    inferred = truths.infer(case)

    found = "".join("?" if column.nullable else "!" for column in inferred.columns)
    assert found == case.expected.replace("~", "?")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_expectation_is_true_of_the_rows(case: Case, truths: Truths) -> None:
    rows = truths.infer(case).row_count

    seen = truths.observe(case)
    found = "".join("?" if null else "!" for null in seen.nulls)
    assert found == case.expected.replace("~", "!")
    assert not rows.at_most_one or seen.most <= 1
    assert not rows.at_least_one or seen.fewest >= 1


@pytest.mark.parametrize("case", ELEMENTS, ids=lambda case: case.name)
def test_elements_are_as_expected(case: Case, truths: Truths) -> None:
    inferred = truths.infer(case)

    found = ["?" if column.elements_nullable else "!" for column in inferred.columns]
    seen = truths.observe(case)
    assert "".join(found) == case.expected
    assert "".join("?" if null else "!" for null in seen.null_elements) == case.expected


def test_collation_that_tells_less_apart_proves_nothing(
    truths: Truths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Catalog, "deterministic", lambda catalog, collation: False)
    query = "SELECT finished, nullif(status, 'x') FROM task WHERE status = 'done'"

    columns = infer_case(truths.databases, query).columns

    assert [column.nullable for column in columns] == [True, True]
