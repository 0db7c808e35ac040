"""What CHECK constraints say by values: without one of the rules it is missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import nullability_values
import pytest
from nullability_running import Databases, infer_case, open_databases

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.inference import (
    calls,
    expressions,
    narrow,
    returning,
    sources,
)
from datalayer.codegen.inference.outcomes import ANY, VALUE
from datalayer.server import Server

Patch = pytest.MonkeyPatch
CASES = [*nullability_values.CASES, *nullability_values.WRITTEN]


def compare_nothing(patch: Patch) -> None:
    patch.setattr(calls, "compared", lambda node, environment: VALUE)


def compare_no_lists(patch: Patch) -> None:
    patch.setattr(calls, "compared_with_each", lambda node, environment: None)


def compare_nothing_in_nullif(patch: Patch) -> None:
    patch.setattr(expressions, "compared", lambda node, environment: VALUE)


def choose_nothing(patch: Patch) -> None:
    patch.setattr(narrow, "choices", lambda node, environment: [])


def ask_no_check_for_more(patch: Patch) -> None:
    patch.setattr(narrow, "checked_together", lambda conditions, environment: [])


def know_no_truth(patch: Patch) -> None:
    patch.setattr(sources, "truth_of", lambda column, world: ANY)


def know_nothing_of_written_values(patch: Patch) -> None:
    patch.setattr(returning, "compared_columns", lambda entry, environment: {})


def keep_no_condition(patch: Patch) -> None:
    patch.setattr(returning, "_is_about", lambda condition, columns, target: True)


REMOVED = [
    compare_nothing,
    compare_no_lists,
    compare_nothing_in_nullif,
    choose_nothing,
    ask_no_check_for_more,
    know_no_truth,
    know_nothing_of_written_values,
    keep_no_condition,
]


@pytest.fixture(scope="module")
def databases(server: Server) -> Iterator[Databases]:
    with open_databases(server) as opened:
        yield opened


def missed(databases: Databases) -> list[str]:
    """Return the cases in which something is nullable that should not be."""
    found = []
    for case in CASES:
        columns = infer_case(databases, case.query).columns
        pairs = zip(columns, case.expected, strict=True)
        if any(column.nullable and mark == "!" for column, mark in pairs):
            found.append(case.name)
    return found


def test_nothing_is_missed(databases: Databases) -> None:
    assert not missed(databases)


@pytest.mark.parametrize("remove", REMOVED, ids=lambda remove: remove.__name__)
def test_removed_rule_is_missed(
    remove: Callable[[Patch], None], databases: Databases, monkeypatch: Patch
) -> None:
    remove(monkeypatch)

    assert missed(databases)


def test_collation_that_tells_less_apart_proves_nothing(
    databases: Databases, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(Catalog, "deterministic", lambda catalog, collation: False)
    query = "SELECT finished, nullif(status, 'x') FROM task WHERE status = 'done'"

    columns = infer_case(databases, query).columns

    assert [column.nullable for column in columns] == [True, True]
