"""Laws 1 to 9 of history hold for random programs, alone and two at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from history_lab import Lab, open_lab
from history_language import Program
from history_strategies import overlapping_programs, programs
from hypothesis import HealthCheck, given, settings

#: How many times the usual number of programs to try.
THOROUGHNESS = int(os.environ.get("DATALAYER_HISTORY_THOROUGHNESS", "1"))


def thorough(examples: int) -> settings:
    """The same programs each time, unless more are asked for."""
    return settings(
        max_examples=examples * THOROUGHNESS,
        derandomize=THOROUGHNESS == 1,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    with open_lab(database_url) as opened:
        yield opened


def test_programs_leave_the_history_they_should(lab: Lab) -> None:
    @thorough(300)
    @given(programs())
    def run(program: Program) -> None:
        lab.insist(program)

    run()


def test_overlapping_programs_leave_the_history_they_should(lab: Lab) -> None:
    @thorough(250)
    @given(overlapping_programs())
    def run(program: Program) -> None:
        lab.insist(program)

    run()
