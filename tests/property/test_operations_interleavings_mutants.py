"""Each broken query of operations breaks a law when sessions are interleaved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from operations_interleaving_lab import Lab, open_lab
from operations_interleaving_language import Program
from operations_interleaving_mutants import MUTANTS, Mutant
from operations_interleaving_programs import make_program
from operations_interleaving_queue_scenarios import QUEUE_SCENARIOS

from datalayer.server import Server, scratch_database

_MOST = 1000
_ALONE = 40


@pytest.fixture(scope="module")
def lab(server: Server, migrated_template: str) -> Iterator[Lab]:
    """One for all: each program begins with tables of its own."""
    with (
        scratch_database(server.url(), template=migrated_template) as url,
        open_lab(url) as opened,
    ):
        yield opened


def programs_for(mutant: Mutant) -> Iterator[Program]:
    for scenario in QUEUE_SCENARIOS:
        if scenario.name == mutant.scenario:
            yield scenario.program
    for seed in range(0 if mutant.scenario else _MOST):
        yield make_program(seed, mutant.topic)


def is_noticed(lab: Lab, mutant: Mutant, programs: Iterator[Program]) -> bool:
    """Whether one of the programs breaks the law."""
    return any(
        broken.law == mutant.law
        for program in programs
        for broken in lab.judge(program).broken
    )


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_law_notices(
    mutant: Mutant, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant.apply(monkeypatch)

    assert is_noticed(lab, mutant, programs_for(mutant))
    # What several sessions are needed for is no mistake that one could notice.
    alone = (make_program(seed, mutant.topic, sessions=1) for seed in range(_ALONE))
    assert mutant.alone or not is_noticed(lab, mutant, alone)
