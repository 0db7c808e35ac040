"""The laws of linking fail on broken versions of it."""

from __future__ import annotations

import psycopg
import pytest
from conversation_laws import (
    insist_in_database,
    insist_in_memory,
    insist_on_late_ones,
    insist_with_two_writers,
)
from conversation_worlds import STEPS, Step
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from linking_mutants import MUTANTS, LinkingMutant
from operations_mutant import change_sql

from datalayer.queries.conversations import linking

_QUICK = settings(
    max_examples=1000,
    phases=(Phase.generate,),
    report_multiple_bugs=False,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
_IN_MEMORY = [mutant for mutant in MUTANTS if not mutant.in_database]
_IN_DATABASE = [mutant for mutant in MUTANTS if mutant.in_database]


@pytest.mark.parametrize("mutant", _IN_MEMORY, ids=lambda mutant: mutant.name)
def test_the_laws_notice(
    mutant: LinkingMutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    @given(steps=STEPS, seed=st.integers(0, 2**32))
    @_QUICK
    def insist(steps: list[Step], seed: int) -> None:
        insist_in_memory(steps, seed)

    mutant.apply(monkeypatch)

    with pytest.raises(AssertionError, match=mutant.noticed_as):
        insist()


@pytest.mark.parametrize("mutant", _IN_DATABASE, ids=lambda mutant: mutant.name)
def test_the_laws_notice_what_is_stored(
    mutant: LinkingMutant, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    law = insist_on_late_ones if mutant.is_late else insist_in_database

    @given(steps=STEPS, seed=st.integers(0, 2**32))
    @_QUICK
    def insist(steps: list[Step], seed: int) -> None:
        law(connection, steps, seed)

    mutant.apply(monkeypatch)

    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET TimeZone = 'Pacific/Chatham'")
        with pytest.raises(AssertionError, match=mutant.noticed_as):
            insist()


def test_the_laws_notice_writers_that_do_not_wait(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    @given(steps=STEPS, seed=st.integers(0, 2**32))
    @_QUICK
    def insist(steps: list[Step], seed: int) -> None:
        insist_with_two_writers([one, other], steps, seed)

    with (
        psycopg.connect(database_url, autocommit=True) as one,
        psycopg.connect(database_url, autocommit=True) as other,
    ):
        unlock = change_sql(
            linking, "LOCK_TRAINS", ("'api_requests.' ||", "random()::text ||")
        )
        unlock(monkeypatch, one)

        with pytest.raises((AssertionError, psycopg.Error)):
            insist()
