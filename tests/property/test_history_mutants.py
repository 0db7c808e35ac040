"""Each broken version of a history trigger breaks the law that it should."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from history_lab import Lab, open_lab
from history_language import Program
from history_mutants import MUTANTS, Mutant
from history_programs import make_overlapping_program, make_program

_MOST = 300


def is_noticed(lab: Lab, law: str, make: Callable[[int], Program]) -> bool:
    """Whether one of the programs breaks the law."""
    return any(
        broken.law.startswith(law)
        for seed in range(_MOST)
        for broken in lab.judge(make(seed))
    )


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_law_notices(mutant: Mutant, database_url: str) -> None:
    make = make_overlapping_program if mutant.together else make_program

    with open_lab(database_url) as lab:
        mutant.apply(lab.control)

        assert is_noticed(lab, mutant.law, make)


def test_a_reader_that_orders_by_time_is_noticed(database_url: str) -> None:
    with open_lab(database_url) as lab:
        lab.reading_order = "time, seq"

        assert is_noticed(lab, "law 4", make_overlapping_program)


def test_a_fold_that_orders_by_time_is_noticed(database_url: str) -> None:
    with open_lab(database_url) as lab:
        lab.reading_order = "time DESC, seq"

        assert is_noticed(lab, "law 3", make_program)
