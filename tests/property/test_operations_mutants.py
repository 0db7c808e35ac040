"""The laws of the operations domain fail on broken versions of it."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from operations_machine import open_machine
from operations_mutant import Mutant
from operations_mutants import MUTANTS

_NOTICED = (AssertionError, psycopg.Error)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_machine_notices(
    mutant: Mutant, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        mutant.apply(monkeypatch, connection)

        machine = open_machine(mutant.machine, connection)
        with pytest.raises(_NOTICED, match=mutant.noticed_as):
            run_state_machine_as_test(machine, settings=quick_settings())


def quick_settings() -> settings:
    """The same examples each time, until the first that fails."""
    return settings(
        max_examples=400,
        stateful_step_count=25,
        phases=(Phase.generate,),
        report_multiple_bugs=False,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
