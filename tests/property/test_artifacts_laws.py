"""Laws 1 to 13 of the artifacts domain, found out by a state machine."""

from __future__ import annotations

import psycopg
from artifacts_machine import open_machine
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test


def test_the_database_agrees_with_the_model_after_every_step(
    database_url: str,
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        run_state_machine_as_test(open_machine(connection), settings=thorough())


def thorough() -> settings:
    """Enough examples to find each mutant, in about half a minute."""
    return settings(
        max_examples=50,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
