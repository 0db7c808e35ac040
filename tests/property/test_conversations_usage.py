"""The laws of token usage hold, and fail on broken versions of it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import conversations_usage_laws as laws
import psycopg
import pytest
from conversations_usage_laws import Question, questions
from conversations_usage_mutants import USAGE_MUTANTS, UsageMutant
from hypothesis import HealthCheck, Phase, given, settings

from datalayer.server import Server, scratch_database

#: How many times the usual number of examples to try.
THOROUGHNESS = int(os.environ.get("DATALAYER_CONVERSATIONS_EXAMPLES", "1"))


@pytest.fixture(scope="module")
def shared_url(server: Server, migrated_template: str) -> Iterator[str]:
    """The URL of a database that all tests here share."""
    with scratch_database(server.url(), template=migrated_template) as url:
        yield url


def test_the_sums_are_those_of_the_model(shared_url: str) -> None:
    with psycopg.connect(shared_url, autocommit=True) as connection:

        @settings(max_examples=150 * THOROUGHNESS)
        @given(question=questions())
        def ask(question: Question) -> None:
            laws.check(connection, question, laws.LAWS)

        ask()


@pytest.mark.parametrize("mutant", USAGE_MUTANTS, ids=lambda mutant: mutant.name)
def test_the_laws_notice(
    mutant: UsageMutant, shared_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(shared_url, autocommit=True) as connection:
        mutant.apply(monkeypatch, connection)

        @settings(
            max_examples=400,
            phases=(Phase.generate,),
            report_multiple_bugs=False,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(question=questions())
        def ask(question: Question) -> None:
            laws.check(connection, question, (mutant.law,))

        with pytest.raises(AssertionError, match="law: "):
            ask()
