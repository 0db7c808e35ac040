"""Whatever documents are put together of, what is said of them is true."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from json_shape_expressions import ROWS, constants, expressions
from json_shape_mutants import (
    believe_in_values,
    forget_the_right_side,
    require_stripped_keys,
    take_the_first_branch,
)
from json_shape_running import Databases, open_databases, shape_of, untrue

from datalayer.server import Server

#: More of them are tried by an environment variable.
_EXAMPLES = int(os.environ.get("DATALAYER_SHAPE_EXAMPLES", "60"))
_SETTINGS = settings(
    max_examples=_EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def databases(server: Server) -> Iterator[Databases]:
    with open_databases(server) as opened:
        yield opened


def contradictions(databases: Databases, expression: str) -> list[str]:
    """Return what is untrue of an expression that PostgreSQL accepts and computes."""
    try:
        return untrue(databases, f"SELECT {expression} AS found FROM {ROWS}")
    except (ValueError, psycopg.Error):
        # Such as a window function in another.
        return []


@_SETTINGS
@given(expression=expressions)
def test_documents_are_what_is_said(databases: Databases, expression: str) -> None:
    assert contradictions(databases, expression) == []


@_SETTINGS
@given(constant=constants)
def test_constants_are_known(databases: Databases, constant: str) -> None:
    assert untrue(databases, f"SELECT {constant}") == []
    assert not shape_of(databases, f"SELECT {constant}").is_anything


@pytest.mark.parametrize(
    "mutant",
    [
        believe_in_values,
        forget_the_right_side,
        require_stripped_keys,
        take_the_first_branch,
    ],
    ids=lambda mutant: mutant.__name__,
)
def test_a_broken_version_is_found_out(
    mutant: Callable[[pytest.MonkeyPatch], None],
    databases: Databases,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mutant(monkeypatch)

    find(
        expressions,
        lambda expression: contradictions(databases, expression) != [],
        settings=settings(
            _SETTINGS, max_examples=2000, phases=[Phase.generate], database=None
        ),
    )
