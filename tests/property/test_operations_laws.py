"""The laws of the operations domain, found out by state machines."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from operations_clock import ClockSteps
from operations_machine import MACHINES, open_machine

from datalayer.server import Binaries, find_binaries, scratch_database
from native_servers import NativeServers

#: How many times the usual number of examples to try; Hypothesis chooses them.
THOROUGHNESS = int(os.environ.get("DATALAYER_OPERATIONS_EXAMPLES", "1"))
_MIGRATIONS = Path(__file__).parents[2] / "migrations"
_OLDEST = [b for b in find_binaries() if not b.embedded][-1:]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.__name__)
def test_the_database_agrees_with_the_model_after_every_step(
    machine: type[ClockSteps], database_url: str
) -> None:
    insist(machine, database_url, 60)


@pytest.mark.postgres
@pytest.mark.parametrize("binaries", _OLDEST, ids=lambda b: f"postgresql{b.major}")
def test_installed_servers_agree_with_the_model(
    binaries: Binaries, native_servers: NativeServers
) -> None:
    server = native_servers.start(binaries.folder)
    template = native_servers.migrated_template(server)
    with scratch_database(server.url(), template=template) as url:
        for machine in MACHINES:
            insist(machine, url, 20)


def insist(machine: type[ClockSteps], url: str, examples: int) -> None:
    """Raise an error with the shortest way found to a state that breaks a law."""
    with psycopg.connect(url, autocommit=True) as connection:
        run_state_machine_as_test(
            open_machine(machine, connection),
            settings=settings(
                max_examples=examples * THOROUGHNESS,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
