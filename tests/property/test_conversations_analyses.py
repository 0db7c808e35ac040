"""The laws of analyses hold, and fail on broken versions of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from conversations_analyses_machine import open_machine
from conversations_analyses_mutants import ANALYSES_MUTANTS, AnalysesMutant
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from datalayer.server import Server, scratch_database

#: How many times the usual number of examples to try.
THOROUGHNESS = int(os.environ.get("DATALAYER_CONVERSATIONS_EXAMPLES", "1"))
_NOTICED = (AssertionError, psycopg.Error)


@pytest.fixture(scope="module")
def shared_url(server: Server, migrated_template: str) -> Iterator[str]:
    """The URL of a database that all tests here share."""
    with scratch_database(server.url(), template=migrated_template) as url:
        yield url


def test_the_database_agrees_with_the_model_after_every_step(
    shared_url: str,
) -> None:
    with psycopg.connect(shared_url, autocommit=True) as connection:
        run_state_machine_as_test(
            open_machine(connection),
            settings=settings(
                max_examples=30 * THOROUGHNESS,
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


@pytest.mark.parametrize("mutant", ANALYSES_MUTANTS, ids=lambda mutant: mutant.name)
def test_the_machine_notices(
    mutant: AnalysesMutant, shared_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(shared_url, autocommit=True) as connection:
        mutant.apply(monkeypatch, connection)

        with pytest.raises(_NOTICED, match=mutant.noticed_as):
            run_state_machine_as_test(
                open_machine(connection),
                settings=settings(
                    max_examples=200,
                    stateful_step_count=12,
                    phases=(Phase.generate,),
                    report_multiple_bugs=False,
                    deadline=None,
                    derandomize=True,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
