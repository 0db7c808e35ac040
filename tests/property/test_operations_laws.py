"""The laws of the operations domain, found out by state machines."""

from __future__ import annotations

import os

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from operations_clock import ClockSteps
from operations_machine import MACHINES, open_machine

#: How many times the usual number of examples to try.
THOROUGHNESS = int(os.environ.get("DATALAYER_OPERATIONS_EXAMPLES", "1"))


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.__name__)
def test_the_database_agrees_with_the_model_after_every_step(
    machine: type[ClockSteps], database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        run_state_machine_as_test(
            open_machine(machine, connection), settings=thorough(100 * THOROUGHNESS)
        )


def thorough(examples: int) -> settings:
    """Settings for so many examples, which are new in each run."""
    return settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
