"""Each broken query of operations breaks a law when sessions are interleaved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from operations_interleaving_lab import Lab, open_lab
from operations_interleaving_mutants import MUTANTS, Mutant
from operations_interleaving_programs import make_program

from datalayer.server import Server, scratch_database

_MOST = 1000
_MOST_ALONE = 40


@pytest.fixture(scope="module")
def lab(server: Server, migrated_template: str) -> Iterator[Lab]:
    """One for all: each program begins with tables of its own."""
    with (
        scratch_database(server.url(), template=migrated_template) as url,
        open_lab(url) as opened,
    ):
        yield opened


def is_noticed(lab: Lab, mutant: Mutant, sessions: int | None, most: int) -> bool:
    """Whether one of the programs breaks the law."""
    return any(
        broken.law == mutant.law
        for seed in range(most)
        for broken in lab.judge(
            make_program(seed, mutant.topic, sessions=sessions)
        ).broken
    )


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_law_notices(
    mutant: Mutant, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant.apply(monkeypatch)

    assert is_noticed(lab, mutant, None, _MOST)
    # What several sessions are needed for is no mistake that one could notice.
    assert mutant.alone or not is_noticed(lab, mutant, 1, _MOST_ALONE)
