"""Many sessions at once in the queue: nothing twice, nothing lost, no deadlock."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from operations_queue_races import Connection, at_once

from datalayer.domains.operations import (
    NewJob,
    claim_due_jobs,
    complete_jobs,
    extend_leases,
    fail_job,
    list_jobs,
    queue_status,
    reclaim_expired_jobs,
    schedule_job,
    schedule_jobs,
    schedule_without_conflict,
)
from datalayer.domains.operations.errors import AttemptLost, ScheduleConflict
from datalayer.queries.operations.queue_work import ClaimedJob

pytest_plugins = ["automation_fixtures"]
pytestmark = pytest.mark.postgres

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = datetime(2031, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEASE = timedelta(seconds=30)


def fill(url: str, number: int) -> None:
    new_jobs = [
        NewJob("x", "hello", NOW - timedelta(seconds=place % 7))
        for place in range(number)
    ]
    with psycopg.connect(url, autocommit=True) as session:
        schedule_jobs(session, new_jobs=new_jobs)


def counts(url: str) -> dict[str, int]:
    with psycopg.connect(url) as session:
        return queue_status(session).counts


def test_16_threads_claim_each_job_once(native_url: str) -> None:
    number = 4000
    fill(native_url, number)
    claimed: list[list[ClaimedJob]] = [[] for _ in range(16)]

    def claim_all(session: Connection, place: int) -> None:
        dice = random.Random(place)
        while batch := claim_due_jobs(
            session, worker=f"w{place}", limit=dice.randint(1, 30), lease=LEASE, now=NOW
        ):
            assert batch == sorted(batch, key=lambda job: (job.scheduled_at, job.id))
            claimed[place] += batch

    at_once(native_url, 16, claim_all)

    ids = [job.id for batch in claimed for job in batch]
    assert len(ids) == len(set(ids)) == number
    assert {job.attempt_token for batch in claimed for job in batch} == {1}
    assert counts(native_url)["processing"] == number


def test_16_threads_claim_and_complete_each_job_once(native_url: str) -> None:
    number = 3000
    fill(native_url, number)
    completed: list[list[int]] = [[] for _ in range(16)]

    def work(session: Connection, place: int) -> None:
        claim: Any = {"worker": f"w{place}", "limit": 10, "lease": LEASE, "now": NOW}
        while batch := claim_due_jobs(session, **claim):
            done = complete_jobs(session, attempts=batch)
            assert done == {job.id for job in batch}
            completed[place] += done

    at_once(native_url, 16, work)

    ids = [job_id for batch in completed for job_id in batch]
    assert len(ids) == len(set(ids)) == number
    assert counts(native_url)["posted"] == number


def test_overlapping_batches_do_not_deadlock(native_url: str) -> None:
    """Whoever claims, completes, extends, fails and reclaims what others have too.

    A batch has at most one live attempt at a job, and 8 threads each have all of them.
    """
    number, rounds = 120, 25
    fill(native_url, number)
    ended: Counter[int] = Counter()
    ends: list[list[int]] = [[] for _ in range(8)]
    seen: list[ClaimedJob] = []

    def work(session: Connection, place: int) -> None:
        dice = random.Random(place)
        for _ in range(rounds):
            now = LATER + dice.randint(0, 10) * MINUTE
            seen.extend(
                claim_due_jobs(
                    session, worker=f"w{place}", limit=60, lease=LEASE, now=now
                )
            )
            batch = dice.sample(seen, min(len(seen), 80))
            extend_leases(session, attempts=batch, lease=LEASE, now=now)
            if place % 4 == 0:
                ends[place] += complete_jobs(session, attempts=batch[:3], now=now)
            if place % 4 == 1:
                fail_some(session, batch[:5], now)
            reclaim_expired_jobs(
                session, limit=50, now=now + dice.choice([0, 2]) * LEASE
            )
            extend_leases(session, attempts=batch[::-1], lease=LEASE, now=now)

    at_once(native_url, 8, work)

    ended.update(job_id for part in ends for job_id in part)
    left = counts(native_url)
    assert set(ended.values()) <= {1}, "completed once"
    assert left["posted"] == len(ended)
    assert sum(left.values()) == number, "none lost"


def fail_some(session: Connection, attempts: list[ClaimedJob], now: datetime) -> None:
    for attempt in attempts:
        try:
            fail_job(
                session,
                job_id=attempt.id,
                attempt_token=attempt.attempt_token,
                error="no",
                max_attempts=100,
                first_backoff=timedelta(microseconds=1),
                now=now,
            )
        except AttemptLost:
            continue


def test_batches_of_the_same_keys_do_not_deadlock(native_url: str) -> None:
    keys = [f"k{number}" for number in range(40)]
    made: list[list[int]] = [[] for _ in range(8)]

    def schedule(session: Connection, place: int) -> None:
        dice = random.Random(place)
        for number in range(30):
            some = dice.choices([f"{number}-{key}" for key in keys], k=60)
            batch = [NewJob("x", "hello", NOW, key) for key in some]
            made[place] += [job.id for job in schedule_jobs(session, new_jobs=batch)]

    at_once(native_url, 8, schedule)

    ids = [job_id for part in made for job_id in part]
    assert len(ids) == len(set(ids))
    with psycopg.connect(native_url) as session:
        jobs = list_jobs(session, row_limit=10_000).items
    assert sorted(ids) == [job.id for job in jobs]
    assert len({job.idempotency_key for job in jobs}) == len(jobs)


def test_one_key_at_once_is_one_job(native_url: str) -> None:
    found: list[list[int]] = [[] for _ in range(16)]

    def schedule(session: Connection, place: int) -> None:
        for number in range(20):
            job = schedule_job(
                session, platform="x", content="hello", idempotency_key=f"k{number}"
            )
            found[place].append(job.id)

    at_once(native_url, 16, schedule)

    assert len({tuple(ids) for ids in found}) == 1, "all got the same jobs"
    assert len(set(found[0])) == 20
    assert counts(native_url)["scheduled"] == 20


def test_guarded_schedules_keep_their_distance(native_url: str) -> None:
    made: list[list[int]] = [[] for _ in range(12)]
    conflicts: list[ScheduleConflict] = []

    def schedule(session: Connection, place: int) -> None:
        dice = random.Random(place)
        for _ in range(25):
            at = NOW + dice.randint(0, 300) * MINUTE / 2
            try:
                job = schedule_without_conflict(
                    session,
                    platform="x",
                    content="hello",
                    scheduled_at=at,
                    min_gap=4 * MINUTE,
                )
            except ScheduleConflict as conflict:
                conflicts.append(conflict)
            else:
                made[place].append(job.id)

    at_once(native_url, 12, schedule)

    with psycopg.connect(native_url) as session:
        jobs = list_jobs(session, row_limit=1000).items
    times = sorted(job.scheduled_at for job in jobs)
    assert all(later - sooner > 4 * MINUTE for sooner, later in pairwise(times))
    assert sorted(job.id for job in jobs) == sorted(i for part in made for i in part)
    assert len(jobs) + len(conflicts) == 12 * 25
    assert conflicts
