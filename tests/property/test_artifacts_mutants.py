"""The laws of the artifacts domain fail on broken versions of it."""

from __future__ import annotations

import psycopg
import pytest
from artifacts_machine import open_machine
from artifacts_mutants import MUTANTS, Mutant
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from datalayer.errors import DataLayerError

_NOTICED = (AssertionError, pytest.fail.Exception, DataLayerError, psycopg.Error)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_suite_notices(
    mutant: Mutant, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant.apply(monkeypatch)

    with psycopg.connect(database_url, autocommit=True) as connection:
        machine = open_machine(connection)
        with pytest.raises(_NOTICED, match=mutant.noticed_as):
            run_state_machine_as_test(machine, settings=quick_settings())


def quick_settings() -> settings:
    """The examples of the laws, until the first that fails."""
    return settings(
        max_examples=200,
        stateful_step_count=25,
        phases=(Phase.generate,),
        report_multiple_bugs=False,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
