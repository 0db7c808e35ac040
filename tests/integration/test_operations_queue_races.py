"""Two sessions at once in the queue and the lock, each race forced."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from types import ModuleType

import operations_queue_races as races
import psycopg
import pytest
from operations_queue_races import Connection

from datalayer.errors import DataLayerError
from datalayer.queries.operations import queue, queue_work, worker_lock

pytest_plugins = ["automation_fixtures"]
pytestmark = pytest.mark.postgres

Race = Callable[[Connection, Connection], None]

_RACES: tuple[Race, ...] = (
    races.whoever_waits_for_a_takeover_completes_nothing,
    races.whoever_waits_for_a_takeover_fails_nothing,
    races.many_that_wait_for_a_takeover_are_not_completed,
    races.leases_that_wait_for_a_takeover_are_not_extended,
    races.of_two_ends_one_counts,
    races.nobody_takes_back_what_is_being_completed,
    races.nobody_waits_for_a_claim,
    races.leases_are_extended_in_the_order_of_jobs,
    races.jobs_are_completed_in_their_order,
    races.batches_are_scheduled_in_the_order_of_keys,
    races.whoever_waits_for_a_removal_finds_nothing,
    races.the_second_with_a_key_gets_the_first_job,
    races.the_key_of_a_job_that_is_being_completed_becomes_free,
    races.a_key_that_is_being_used_stops_a_replay,
    races.whoever_schedules_with_a_gap_waits,
    races.other_platforms_do_not_wait,
    races.nobody_takes_the_lock_while_a_guarded_transaction_is_open,
    races.a_guarded_transaction_waits_for_who_takes_the_lock,
    races.who_finds_the_lock_held_does_not_wait,
    races.of_two_that_find_it_free_one_gets_the_lock,
)

#: What is broken, the query it is in, and the race that notices.
_BROKEN: tuple[tuple[ModuleType, str, str, str, Race], ...] = (
    (
        queue_work,
        "COMPLETE_JOB",
        "AND attempt_token = ",
        "AND 0 < ",
        races.whoever_waits_for_a_takeover_completes_nothing,
    ),
    (
        queue_work,
        "FAIL_JOB",
        "AND attempt_token = ",
        "AND 0 < ",
        races.whoever_waits_for_a_takeover_fails_nothing,
    ),
    (
        queue_work,
        "COMPLETE_JOBS",
        " AND job.attempt_token = given.attempt_token",
        "",
        races.many_that_wait_for_a_takeover_are_not_completed,
    ),
    (
        queue_work,
        "EXTEND_LEASES",
        " AND job.attempt_token = given.attempt_token",
        "",
        races.leases_that_wait_for_a_takeover_are_not_extended,
    ),
    (
        queue_work,
        "FAIL_JOB",
        "AND status = ",
        "AND 'processing' = ",
        races.of_two_ends_one_counts,
    ),
    (
        queue_work,
        "RECLAIM_EXPIRED_JOBS",
        "FOR UPDATE SKIP LOCKED",
        "",
        races.nobody_takes_back_what_is_being_completed,
    ),
    (
        queue_work,
        "CLAIM_DUE_JOBS",
        "FOR UPDATE SKIP LOCKED",
        "FOR UPDATE",
        races.nobody_waits_for_a_claim,
    ),
    (
        queue_work,
        "EXTEND_LEASES",
        "ORDER BY job.id",
        "ORDER BY job.id DESC",
        races.leases_are_extended_in_the_order_of_jobs,
    ),
    (
        queue_work,
        "COMPLETE_JOBS",
        "ORDER BY job.id",
        "ORDER BY job.id DESC",
        races.jobs_are_completed_in_their_order,
    ),
    (
        queue,
        "SCHEDULE_JOBS",
        "ORDER BY idempotency_key, id",
        "",
        races.batches_are_scheduled_in_the_order_of_keys,
    ),
    (
        queue,
        "LOCK_PLATFORM",
        "pg_advisory_xact_lock",
        "pg_try_advisory_xact_lock",
        races.whoever_schedules_with_a_gap_waits,
    ),
    (
        queue,
        "LOCK_PLATFORM",
        "hashtextextended('assistly_queue_jobs.' || $1::text, 0)",
        "length($1::text)",
        races.other_platforms_do_not_wait,
    ),
    (
        worker_lock,
        "GUARD_WORKER_LOCK",
        "FOR SHARE",
        "",
        races.nobody_takes_the_lock_while_a_guarded_transaction_is_open,
    ),
    (
        worker_lock,
        "GUARD_WORKER_LOCK",
        "FOR SHARE",
        "",
        races.a_guarded_transaction_waits_for_who_takes_the_lock,
    ),
    (
        worker_lock,
        "ACQUIRE_WORKER_LOCK",
        "held.owner_id = excluded.owner_id\n    OR",
        "TRUE OR",
        races.of_two_that_find_it_free_one_gets_the_lock,
    ),
)


@pytest.fixture
def sessions(native_url: str) -> Iterator[tuple[Connection, Connection]]:
    with (
        psycopg.connect(native_url, autocommit=True) as one,
        psycopg.connect(native_url, autocommit=True) as two,
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
