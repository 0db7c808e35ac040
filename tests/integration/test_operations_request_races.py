"""Many sessions at once: decisions, requests, nonces and measurements."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from typing import Any

import operations_request_races as races
import psycopg
import pytest
from operations_request_races import Connection

from datalayer.domains import operations
from datalayer.domains.operations import InFlight, Started
from datalayer.errors import DataLayerError
from datalayer.queries.operations import (
    approval,
    idempotency,
    metrics,
    nonce,
    session,
)
from datalayer.runtime import JsonInput

pytest_plugins = ["artifacts_fixtures"]
pytestmark = pytest.mark.postgres

_TOGETHER = 8


@contextmanager
def two_sessions(url: str) -> Iterator[tuple[Connection, Connection]]:
    with (
        psycopg.connect(url, autocommit=True) as one,
        psycopg.connect(url, autocommit=True) as two,
    ):
        yield one, two


def run_race(
    race: Callable[..., None],
    sessions: tuple[Connection, Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "monkeypatch" in inspect.signature(race).parameters:
        race(*sessions, monkeypatch)
    else:
        race(*sessions)


@pytest.mark.parametrize("race", races.ALL, ids=lambda race: race.__name__)
def test_two_sessions_at_once(
    race: Callable[..., None], any_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with two_sessions(any_database) as sessions:
        run_race(race, sessions, monkeypatch)


#: A module, its query, what is replaced in it, and the race that has to notice.
_MUTANTS: dict[str, tuple[Any, str, str, str, Callable[..., None]]] = {
    "creation that overwrites": (
        session,
        "GET_OR_CREATE_SESSION",
        "SET user_id = excluded.user_id",
        "SET session = excluded.session",
        races.the_second_creator_gets_the_session_of_the_first,
    ),
    "creation that returns nothing": (
        session,
        "GET_OR_CREATE_SESSION",
        "DO UPDATE SET user_id = excluded.user_id",
        "DO NOTHING",
        races.the_second_creator_gets_the_session_of_the_first,
    ),
    "the time before the wait": (
        session,
        "SAVE_SESSION",
        "updated_at = clock_timestamp()",
        "updated_at = statement_timestamp()",
        races.the_session_saved_last_is_the_newest,
    ),
    "two decisions": (
        approval,
        "DECIDE_APPROVAL",
        "AND status = 'pending'",
        "",
        races.one_of_two_decisions_gets_the_row,
    ),
    "a patch that replaces": (
        approval,
        "PATCH_APPROVAL",
        "payload || $1",
        "$1",
        races.two_patches_are_both_kept,
    ),
    "two runners": (
        idempotency,
        "BEGIN_IDEMPOTENT",
        "DO NOTHING",
        "DO UPDATE SET saved_at = excluded.saved_at",
        races.the_second_caller_waits_and_sees_the_first,
    ),
    "an end without its attempt": (
        idempotency,
        "FINISH_IDEMPOTENT",
        "AND saved_at = $4",
        "AND saved_at >= $4",
        races.what_was_begun_again_is_not_ended_by_the_first,
    ),
    "what is done is abandoned": (
        idempotency,
        "ABANDON_IDEMPOTENT",
        "AND state = 'in_flight'",
        "",
        races.what_ends_while_it_is_abandoned_is_done,
    ),
    "a nonce used twice": (
        nonce,
        "REGISTER_NONCE",
        "DO NOTHING",
        "DO UPDATE SET timestamp_ms = excluded.timestamp_ms",
        races.one_of_two_uses_a_nonce,
    ),
    "pruning that waits": (
        nonce,
        "PRUNE_NONCES",
        "FOR UPDATE SKIP LOCKED",
        "FOR UPDATE",
        races.pruning_steps_over_what_another_prunes,
    ),
    "an increment that is lost": (
        metrics,
        "INCREMENT_COUNTER",
        "WHEN 'number'",
        "WHEN 'integer'",
        races.both_increments_count,
    ),
    "a latency that is lost": (
        metrics,
        "OBSERVE_LATENCY",
        "WHEN 'object' THEN metrics.payload -> 'latencies'",
        "WHEN 'array' THEN metrics.payload -> 'latencies'",
        races.both_latencies_count,
    ),
}


@pytest.mark.parametrize("mutant", _MUTANTS)
def test_the_races_notice_broken_queries(
    mutant: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, name, old, new, race = _MUTANTS[mutant]
    query = getattr(module, name)
    assert old in query.sql
    broken = dataclasses.replace(query, sql=query.sql.replace(old, new))
    monkeypatch.setattr(module, name, broken)

    with (
        two_sessions(database_url) as sessions,
        pytest.raises((AssertionError, DataLayerError, pytest.fail.Exception)),
    ):
        run_race(race, sessions, monkeypatch)


# Many at once


def at_once(url: str, call: Callable[[Connection, int], Any]) -> list[Any]:
    """Call with a session and a number each, all at the same moment."""
    barrier = Barrier(_TOGETHER)

    def run(number: int) -> object:
        with psycopg.connect(url, autocommit=True) as own:
            barrier.wait()
            return call(own, number)

    with ThreadPoolExecutor(_TOGETHER) as threads:
        return list(threads.map(run, range(_TOGETHER)))


def test_one_of_many_uses_each_nonce(database_url: str) -> None:
    def register(own: Connection, _: int) -> list[bool]:
        return [
            operations.register_nonce(own, nonce=f"n{number}", timestamp_ms=1)
            for number in range(50)
        ]

    answers = at_once(database_url, register)

    assert [sum(column) for column in zip(*answers, strict=True)] == [1] * 50


def test_one_of_many_runs_each_request(database_url: str) -> None:
    def begin(own: Connection, _: int) -> list[bool]:
        begun = [
            operations.begin_request(own, key=f"k{number}") for number in range(50)
        ]
        assert all(isinstance(each, Started | InFlight) for each in begun)
        return [isinstance(each, Started) for each in begun]

    answers = at_once(database_url, begin)

    assert [sum(column) for column in zip(*answers, strict=True)] == [1] * 50


def test_one_of_many_follows_each_attempt_that_expired(database_url: str) -> None:
    day = timedelta(days=1)
    with psycopg.connect(database_url, autocommit=True) as one:
        for number in range(50):
            operations.begin_request(one, key=f"k{number}")
        one.execute("UPDATE assistly_idempotency SET saved_at = now() - interval '2d'")

    def begin(own: Connection, _: int) -> list[bool]:
        begun = [
            operations.begin_request(own, key=f"k{number}", expires_after=day)
            for number in range(50)
        ]
        return [isinstance(each, Started) for each in begun]

    answers = at_once(database_url, begin)

    assert [sum(column) for column in zip(*answers, strict=True)] == [1] * 50


def test_one_of_many_makes_each_decision(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as one:
        for number in range(50):
            operations.add_approval(one, payload={}, approval_id=f"a{number}")

    def decide(own: Connection, caller: int) -> list[bool]:
        decided = [
            operations.decide_approval(
                own,
                approval_id=f"a{number}",
                status="approved" if caller % 2 else "rejected",
            )
            for number in range(50)
        ]
        return [each is not None for each in decided]

    answers = at_once(database_url, decide)

    assert [sum(column) for column in zip(*answers, strict=True)] == [1] * 50


def test_many_who_create_a_session_get_the_same(database_url: str) -> None:
    def create(own: Connection, caller: int) -> list[object]:
        return [
            operations.get_or_create_session(
                own, user_id=f"u{number}", initial=caller
            ).session
            for number in range(50)
        ]

    answers = at_once(database_url, create)

    assert [len(set(column)) for column in zip(*answers, strict=True)] == [1] * 50


def test_every_measurement_of_many_counts(database_url: str) -> None:
    def measure(own: Connection, caller: int) -> None:
        for number in range(25):
            operations.increment_counter(own, name="posts")
            operations.observe_latency(
                own, name="post", milliseconds=25 * caller + number
            )

    at_once(database_url, measure)

    total = 25 * _TOGETHER
    with psycopg.connect(database_url) as one:
        found = operations.get_metrics(one)
    assert found.counters == {"posts": total}
    assert found.latencies == {
        "post": operations.Latency(count=total, total=sum(range(total)), max=total - 1)
    }


def test_each_nonce_is_pruned_by_one_of_many(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as one:
        one.execute(
            "INSERT INTO assistly_nonces"
            " SELECT i::text, i FROM generate_series(1, 999) AS i"
        )

    def prune(own: Connection, _: int) -> int:
        return operations.prune_nonces(own, before_ms=900, batch_size=10)

    assert sum(at_once(database_url, prune)) == 899


def test_events_of_many_keep_their_order_and_lose_none(database_url: str) -> None:
    def append(own: Connection, caller: int) -> tuple[int, ...]:
        events: list[tuple[str, JsonInput]] = [
            (f"type {caller}", "\0" if number % 10 == caller else number)
            for number in range(100)
        ]
        return operations.append_events(own, events=events).ids

    ids = at_once(database_url, append)

    for caller in range(_TOGETHER):
        with psycopg.connect(database_url) as one:
            page = operations.list_events(one, event_type=f"type {caller}")
        by_id = sorted(page.items, key=lambda event: event.id)
        assert tuple(event.id for event in by_id) == ids[caller]
        assert [event.payload for event in by_id] == [
            number for number in range(100) if number % 10 != caller
        ]
