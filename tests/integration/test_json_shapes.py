"""What is said of documents is true of those that PostgreSQL makes of hostile rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from json_shape_cases import CASES, ShapeCase
from json_shape_mutants import MUTANTS
from json_shape_reading import spelled
from json_shape_running import Databases, open_databases, shape_of, untrue

from datalayer.codegen.catalog import Catalog
from datalayer.server import Server


@pytest.fixture(scope="module")
def databases(server: Server) -> Iterator[Databases]:
    with open_databases(server) as opened:
        yield opened


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_shape_is_as_expected(case: ShapeCase, databases: Databases) -> None:
    assert spelled(shape_of(databases, case.query)) == case.expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_shape_is_true_of_the_rows(case: ShapeCase, databases: Databases) -> None:
    assert _untrue(databases, case) == []


def _untrue(databases: Databases, case: ShapeCase) -> list[str]:
    of_arrays = case.name.startswith("array-of-documents")
    return untrue(databases, case.query, case.values, of_arrays=of_arrays)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_broken_version_is_contradicted(
    mutant: Callable[[pytest.MonkeyPatch], None],
    databases: Databases,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = {case.name: case for case in CASES}
    afresh = replace(databases, catalog=Catalog(databases.full))

    mutant(monkeypatch)

    for name in MUTANTS[mutant]:
        assert _untrue(afresh, named[name]) != [], name
