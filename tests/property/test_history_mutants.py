"""Each broken version of a history trigger breaks the law that it should."""

from __future__ import annotations

import pytest
from history_lab import open_lab
from history_language import Program
from history_mutants import MUTANTS, Mutant
from history_strategies import overlapping_programs, programs
from hypothesis import HealthCheck, Phase, given, settings

quick = settings(
    max_examples=400,
    phases=(Phase.generate,),
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_law_notices(mutant: Mutant, database_url: str) -> None:
    laws: set[str] = set()

    with open_lab(database_url) as lab:
        mutant.apply(lab.control)

        @quick
        @given(overlapping_programs() if mutant.together else programs())
        def run(program: Program) -> None:
            verdict = lab.judge(program)
            if verdict is not None:
                laws.update(broken.law for broken in verdict[0])
                assert not any(law.startswith(mutant.law) for law in laws)

        with pytest.raises(AssertionError):
            run()

    assert any(law.startswith(mutant.law) for law in laws), sorted(laws)
