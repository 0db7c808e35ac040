"""Two sessions at once at the analyses, each race forced."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from types import ModuleType
from uuid import UUID

import conversations_analyses_races as races
import psycopg
import pytest
from conversations_analyses_races import LEASE, NOW, Connection
from operations_queue_races import at_once

from datalayer.domains.conversations import claim_analysis, reset_stuck_analyses
from datalayer.errors import DataLayerError
from datalayer.queries.conversations import analysis, analysis_work

pytestmark = pytest.mark.postgres

Race = Callable[[Connection, Connection], None]

_RACES: tuple[Race, ...] = (
    races.nobody_waits_for_a_claim,
    races.what_is_being_claimed_is_not_claimed_again,
    races.whoever_waits_for_a_takeover_completes_nothing,
    races.whoever_waits_for_a_takeover_fails_nothing,
    races.of_two_ends_one_counts,
    races.nobody_takes_back_what_is_being_completed,
    races.of_two_that_ask_at_once_both_get_the_one,
    races.of_two_that_ask_for_a_failed_one_again_one_begins_it,
    races.whoever_asks_while_it_fails_begins_it_again,
    races.who_completes_while_it_is_asked_for_anew_has_lost_it,
    races.what_is_taken_back_is_not_in_the_log,
)

#: What is broken, the query it is in, and the race that notices.
_BROKEN: tuple[tuple[ModuleType, str, str, str, Race], ...] = (
    (
        analysis_work,
        "CLAIM_ANALYSIS",
        "FOR UPDATE SKIP LOCKED",
        "FOR UPDATE",
        races.nobody_waits_for_a_claim,
    ),
    (
        analysis_work,
        "CLAIM_ANALYSIS",
        "FOR UPDATE SKIP LOCKED",
        "",
        races.what_is_being_claimed_is_not_claimed_again,
    ),
    (
        analysis_work,
        "COMPLETE_ANALYSIS",
        "AND attempt_token = ",
        "AND 0 < ",
        races.whoever_waits_for_a_takeover_completes_nothing,
    ),
    (
        analysis_work,
        "FAIL_ANALYSIS",
        "AND attempt_token = ",
        "AND 0 < ",
        races.whoever_waits_for_a_takeover_fails_nothing,
    ),
    (
        analysis_work,
        "FAIL_ANALYSIS",
        "AND status = 'processing'",
        "",
        races.of_two_ends_one_counts,
    ),
    (
        analysis_work,
        "RESET_STUCK_ANALYSES",
        "FOR UPDATE SKIP LOCKED",
        "",
        races.nobody_takes_back_what_is_being_completed,
    ),
    (
        analysis,
        "RECREATE_ANALYSIS",
        "FOR UPDATE",
        "",
        races.whoever_asks_while_it_fails_begins_it_again,
    ),
    (
        analysis_work,
        "COMPLETE_ANALYSIS",
        "AND status = 'processing'",
        "",
        races.who_completes_while_it_is_asked_for_anew_has_lost_it,
    ),
)


@pytest.fixture
def sessions(database_url: str) -> Iterator[tuple[Connection, Connection]]:
    with (
        psycopg.connect(database_url, autocommit=True) as one,
        psycopg.connect(database_url, autocommit=True) as two,
    ):
        # Whoever waits where nobody should is stopped.
        for session in (one, two):
            session.execute("SET lock_timeout = '5min'")
        yield one, two


@pytest.mark.parametrize("race", _RACES, ids=lambda race: race.__name__)
def test_two_sessions_at_once(
    race: Race, sessions: tuple[Connection, Connection]
) -> None:
    race(*sessions)


@pytest.mark.parametrize(
    ("module", "name", "old", "new", "race"),
    _BROKEN,
    ids=[f"{entry[1]}-{entry[4].__name__}" for entry in _BROKEN],
)
def test_the_races_notice_broken_versions(
    module: ModuleType,
    name: str,
    old: str,
    new: str,
    race: Race,
    sessions: tuple[Connection, Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    query = getattr(module, name)
    assert old in query.sql
    broken = dataclasses.replace(query, sql=query.sql.replace(old, new))
    monkeypatch.setattr(module, name, broken)
    # A broken version may wait where the whole one does not.
    sessions[1].execute("SET lock_timeout = '500ms'")

    with pytest.raises(
        (AssertionError, pytest.fail.Exception, DataLayerError, psycopg.Error)
    ):
        race(*sessions)


def test_8_threads_claim_each_analysis_once_in_each_round(database_url: str) -> None:
    """Leases end between the rounds: a token more for each analysis, and none twice."""
    conversations = [UUID(int=place) for place in range(1, 41)]
    with psycopg.connect(database_url, autocommit=True) as session:
        races.ask(session, *conversations)
    given: list[list[tuple[int, int]]] = [[] for _ in range(8)]

    def work(session: Connection, place: int) -> None:
        while row := claim_analysis(session, lease=LEASE, now=NOW):
            given[place].append((row.id, row.attempt_token))

    for _ in range(2):
        at_once(database_url, 8, work)
        with psycopg.connect(database_url, autocommit=True) as session:
            reset_stuck_analyses(session, now=NOW + LEASE)

    tokens = Counter(attempt for part in given for attempt in part)
    assert set(tokens.values()) == {1}
    assert len(tokens) == 2 * len(conversations)
    assert {token for _, token in tokens} == {1, 2}
