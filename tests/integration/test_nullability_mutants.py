"""Each rule of the inference earns its place: a broken one gives wrong answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import test_row_count
from nullability_mutants import MUTANTS
from nullability_running import Databases, infer_case, open_databases
from truth_sets import CASES, ELEMENTS, Case

from datalayer.server import Server


@pytest.fixture(scope="module")
def databases(server: Server) -> Iterator[Databases]:
    with open_databases(server) as opened:
        yield opened


def is_unsound(databases: Databases) -> bool:
    """Return whether some expectation, confirmed elsewhere on data, is contradicted."""
    return (
        any(_wrong_column(case, databases) for case in CASES)
        or any(_wrong_rows(case, databases) for case in test_row_count.CASES)
        or any(_wrong_elements(case, databases) for case in ELEMENTS)
    )


def _wrong_column(case: Case, databases: Databases) -> bool:
    columns = infer_case(databases, case.query).columns
    pairs = zip(columns, case.expected, strict=True)
    return any(not column.nullable and mark == "?" for column, mark in pairs)


def _wrong_elements(case: Case, databases: Databases) -> bool:
    columns = infer_case(databases, case.query).columns
    pairs = zip(columns, case.expected, strict=True)
    return any(not column.elements_nullable and mark == "?" for column, mark in pairs)


def _wrong_rows(case: Case, databases: Databases) -> bool:
    rows = infer_case(databases, case.query).row_count
    return (rows.at_least_one and case.expected in {"?", "*"}) or (
        rows.at_most_one and case.expected in {"+", "*"}
    )


def test_the_inference_itself_is_sound(databases: Databases) -> None:
    assert not is_unsound(databases)


@pytest.mark.parametrize("mutate", MUTANTS, ids=lambda mutate: mutate.__name__)
def test_broken_rule_is_noticed(
    mutate: Callable[[pytest.MonkeyPatch], None],
    databases: Databases,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mutate(monkeypatch)

    assert is_unsound(databases)
