"""Interleavings that are known to be hard end as they should."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from operations_interleaving_lab import Lab, open_lab
from operations_interleaving_language import Begin, Program, Register
from operations_interleaving_queue_scenarios import QUEUE_SCENARIOS
from operations_interleaving_scenarios import Scenario, told
from operations_interleaving_store_scenarios import STORE_SCENARIOS

from datalayer.server import Server, scratch_database


@pytest.fixture(scope="module")
def lab(server: Server, migrated_template: str) -> Iterator[Lab]:
    """One for all: each program begins with tables of its own."""
    with (
        scratch_database(server.url(), template=migrated_template) as url,
        open_lab(url) as opened,
    ):
        yield opened


@pytest.mark.parametrize(
    "scenario", [*QUEUE_SCENARIOS, *STORE_SCENARIOS], ids=lambda scenario: scenario.name
)
def test_each_session_is_told(scenario: Scenario, lab: Lab) -> None:
    trial = lab.insist(scenario.program)

    assert tuple(told(trial)) == scenario.told


def test_the_server_ends_a_deadlock(lab: Lab) -> None:
    begin = ((0, Begin()), (1, Begin()))
    crosswise = (
        (0, Register("m")),
        (1, Register("n")),
        (0, Register("n")),
        (1, Register("m")),
    )

    trial = lab.insist(Program((), (*begin, *crosswise)))

    assert trial.errors == ["40P01"]
    assert [one.committed for one in trial.history.transactions].count(True) == 1
