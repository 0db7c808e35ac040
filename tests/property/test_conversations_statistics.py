"""The laws of statistics hold, and fail on broken versions of them."""

from __future__ import annotations

import os

import conversations_statistics_laws as laws
import psycopg
import pytest
from conversations_statistics_laws import CLOCKS_PUT_BACK, Situation, situations
from conversations_statistics_mutants import STATISTICS_MUTANTS, StatisticsMutant
from hypothesis import HealthCheck, Phase, example, given, settings

pytestmark = pytest.mark.postgres

#: How many times the usual number of examples to try.
THOROUGHNESS = int(os.environ.get("DATALAYER_CONVERSATIONS_EXAMPLES", "1"))


def test_statistics_are_what_python_counts(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:

        @settings(max_examples=40 * THOROUGHNESS)
        @example(situation=CLOCKS_PUT_BACK)
        @given(situation=situations())
        def ask(situation: Situation) -> None:
            laws.check(connection, situation, laws.LAWS)

        ask()


@pytest.mark.parametrize("mutant", STATISTICS_MUTANTS, ids=lambda mutant: mutant.name)
def test_the_laws_notice(
    mutant: StatisticsMutant, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        mutant.apply(monkeypatch, connection)

        @settings(
            max_examples=300,
            phases=(Phase.generate,),
            report_multiple_bugs=False,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(situation=situations())
        def ask(situation: Situation) -> None:
            laws.check(connection, situation, (mutant.law,))

        with pytest.raises(AssertionError, match="law: "):
            ask()
