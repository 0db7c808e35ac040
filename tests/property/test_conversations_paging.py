"""The laws of the list of conversations hold, and fail on broken versions of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import conversations_paging_laws as laws
import psycopg
import pytest
from conversations_paging_laws import Situation, situations
from hypothesis import HealthCheck, Phase, given, settings
from operations_mutant import change_sql

from datalayer.queries.conversations import conversation

if TYPE_CHECKING:
    from conversations_paging_laws import Law

pytestmark = pytest.mark.postgres

#: How many times the usual number of examples to try.
THOROUGHNESS = int(os.environ.get("DATALAYER_CONVERSATIONS_EXAMPLES", "1"))

#: What is changed, to what, and the law that finds it.
_MUTANTS: dict[str, tuple[str, tuple[str, str], Law]] = {
    "pages that meet": (
        "LIST_CONVERSATIONS",
        ("< (%(after_timestamp)s, ", "<= (%(after_timestamp)s, "),
        laws.check_list,
    ),
    "pages by the time alone": (
        "LIST_CONVERSATIONS",
        (
            "%(after_request_id)s)",
            "least(%(after_request_id)s, '00000000-0000-0000-0000-000000000000'))",
        ),
        laws.check_list,
    ),
    "conversations at each request": (
        "LIST_CONVERSATIONS",
        ("ORDER BY later.timestamp, ", "AND FALSE ORDER BY later.timestamp, "),
        laws.check_list,
    ),
    "activity of the same time": (
        "LIST_CONVERSATIONS",
        (
            "(later.timestamp, later.request_id)\n                > "
            "(candidate.timestamp, candidate.request_id)",
            "later.timestamp > candidate.timestamp",
        ),
        laws.check_visits,
    ),
    "oldest activity": (
        "LIST_CONVERSATIONS",
        (
            "(later.timestamp, later.request_id)\n                > ",
            "(later.timestamp, later.request_id)\n                < ",
        ),
        laws.check_list,
    ),
    "sub-tasks or not": (
        "LIST_CONVERSATIONS",
        ("            FALSE\n", "            TRUE\n"),
        laws.check_list,
    ),
    "all trains": (
        "COUNT_CONVERSATIONS",
        ("train_id = ", "train_id >= "),
        laws.check_count,
    ),
    "a count of those that go on": (
        "COUNT_CONVERSATIONS",
        ("later.timestamp >= %(until)s", "FALSE"),
        laws.check_count,
    ),
    "branches by name": (
        "LIST_BRANCHES",
        (
            "ORDER BY conversation_id, started_at, branch_id",
            "ORDER BY conversation_id, branch_id",
        ),
        laws.check_list,
    ),
}


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
def test_each_conversation_is_listed_once(law: Law, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:

        @settings(max_examples=40 * THOROUGHNESS)
        @given(situation=situations)
        def ask(situation: Situation) -> None:
            laws.check(connection, situation, law)

        ask()


@pytest.mark.parametrize("name", _MUTANTS)
def test_the_laws_notice(
    name: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    constant, change, law = _MUTANTS[name]
    with psycopg.connect(database_url, autocommit=True) as connection:
        change_sql(conversation, constant, change)(monkeypatch, connection)

        @settings(
            max_examples=300,
            phases=(Phase.generate,),
            report_multiple_bugs=False,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(situation=situations)
        def ask(situation: Situation) -> None:
            laws.check(connection, situation, law)

        with pytest.raises(AssertionError, match="law: "):
            ask()
