# Derived by scripts/async_to_sync.py from test_operations_failures_aio.py; do not edit.
"""Failures with their backoffs, dead letters, and leases that ended."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from datalayer.domains.arguments import MOST_SMALL
from datalayer.domains.operations import (
    claim_due_jobs,
    extend_leases,
    fail_job,
    find_job,
    reclaim_expired_jobs,
    schedule_job,
)
from datalayer.queries.operations.queue import Job
from datalayer.queries.operations.queue_work import ClaimedJob

pytest_plugins = ["automation_fixtures"]
pytestmark = pytest.mark.postgres

NOW = datetime(2030, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LEASE = timedelta(seconds=30)


def connect(url: str) -> Connection[Any]:
    return Connection.connect(url, autocommit=True)


def schedule(connection: Connection[Any], *, after: timedelta = -MINUTE) -> Job:
    return schedule_job(
        connection, platform="x", content="hello", scheduled_at=NOW + after
    )


def claim(
    connection: Connection[Any],
    *,
    worker: str = "w",
    limit: int = 10,
    now: datetime = NOW,
) -> list[ClaimedJob]:
    return claim_due_jobs(connection, worker=worker, limit=limit, lease=LEASE, now=now)


def claim_one(
    connection: Connection[Any], *, worker: str = "w", now: datetime = NOW
) -> ClaimedJob:
    [claimed] = claim(connection, worker=worker, now=now)
    return claimed


# Failures


def fail_again(
    connection: Connection[Any],
    *,
    now: datetime,
    **arguments: Any,  # noqa: ANN401 (of many types)
) -> Job:
    """Claim the only job and let the attempt fail; return the job."""
    claimed = claim_one(connection, now=now)
    fail_job(
        connection,
        job_id=claimed.id,
        attempt_token=claimed.attempt_token,
        now=now,
        **{"error": "no", "jitter": 0, **arguments},
    )
    return find_job(connection, job_id=claimed.id)


def test_the_backoff_doubles_up_to_its_maximum(native_url: str) -> None:
    backoffs, retries = [], []
    with connect(native_url) as connection:
        schedule(connection)
        now = NOW
        for _ in range(6):
            job = fail_again(
                connection,
                now=now,
                max_attempts=10,
                first_backoff=MINUTE,
                max_backoff=10 * MINUTE,
            )
            assert job.next_retry_at is not None
            assert (job.status, job.last_error) == ("retrying", "no")
            assert claim(connection, now=job.next_retry_at - MICROSECOND) == []
            backoffs.append(job.next_retry_at - now)
            retries.append(job.retries)
            now = job.next_retry_at

    assert backoffs == [m * MINUTE for m in (1, 2, 4, 8, 10, 10)]
    assert retries == [1, 2, 3, 4, 5, 6]


def test_without_settings_it_is_3_attempts_and_5_minutes(native_url: str) -> None:
    with connect(native_url) as connection:
        schedule(connection)

        first = fail_again(connection, now=NOW)
        second = fail_again(connection, now=NOW + 5 * MINUTE)
        third = fail_again(connection, now=NOW + 15 * MINUTE)

    assert first.next_retry_at == NOW + 5 * MINUTE
    assert second.next_retry_at == NOW + 15 * MINUTE
    assert third.status == "dead_letter"


@pytest.mark.parametrize("jitter", [0.1, 0.5, 1.0])
def test_jitter_stays_within_its_bounds_and_varies(
    native_url: str, jitter: float
) -> None:
    count = 40
    with connect(native_url) as connection:
        for _ in range(count):
            schedule(connection)
        for claimed in claim(connection, limit=count):
            fail_job(
                connection,
                job_id=claimed.id,
                attempt_token=1,
                error="no",
                first_backoff=MINUTE,
                jitter=jitter,
                now=NOW,
            )
        found = connection.execute("SELECT next_retry_at FROM assistly_queue_jobs")
        backoffs = [at - NOW for (at,) in found.fetchall()]

    assert min(backoffs) >= (1 - jitter) * MINUTE - MICROSECOND
    assert max(backoffs) <= (1 + jitter) * MINUTE + MICROSECOND
    assert min(backoffs) < MINUTE < max(backoffs), "in both directions"
    assert len(set(backoffs)) > count / 2


def test_the_last_attempt_makes_a_dead_letter(native_url: str) -> None:
    with connect(native_url) as connection:
        schedule(connection)

        alive = fail_again(connection, now=NOW, max_attempts=2)
        assert alive.next_retry_at is not None
        dead = fail_again(
            connection, now=alive.next_retry_at, max_attempts=2, error="gone"
        )
        again = claim(connection, now=NOW + timedelta(days=400))

    assert (alive.status, alive.dead_letter_at) == ("retrying", None)
    assert (dead.status, dead.dead_letter_reason) == ("dead_letter", "gone")
    assert (dead.dead_letter_at, dead.retries) == (alive.next_retry_at, 2)
    assert (dead.next_retry_at, dead.last_error) == (None, "gone")
    assert (dead.locked_by, dead.locked_until) == (None, None)
    assert again == []


def test_one_attempt_may_be_the_only_one(native_url: str) -> None:
    with connect(native_url) as connection:
        schedule(connection)

        dead = fail_again(connection, now=NOW, max_attempts=1)

    assert dead.status == "dead_letter"


def test_huge_numbers_of_retries_do_not_overflow(native_url: str) -> None:
    longest = timedelta(days=36525)
    with connect(native_url) as connection:
        job = schedule(connection)
        for retries in (39, 62, 1100, 2_000_000_000):
            connection.execute(
                "UPDATE assistly_queue_jobs SET retries = %s, next_retry_at = NULL",
                (retries,),
            )
            usual = fail_again(connection, now=NOW, max_attempts=MOST_SMALL)
            connection.execute("UPDATE assistly_queue_jobs SET next_retry_at = NULL")
            extreme = fail_again(
                connection,
                now=NOW,
                max_attempts=MOST_SMALL,
                first_backoff=longest,
                max_backoff=longest,
                jitter=1,
            )

            assert usual.next_retry_at == NOW + timedelta(hours=24)
            assert extreme.next_retry_at is not None
            assert NOW <= extreme.next_retry_at <= NOW + 2 * longest

        connection.execute(
            "UPDATE assistly_queue_jobs SET retries = %s, next_retry_at = NULL",
            (MOST_SMALL - 1,),
        )
        dead = fail_again(connection, now=NOW, max_attempts=MOST_SMALL)

    assert (dead.id, dead.status) == (job.id, "dead_letter")


def test_whatever_an_error_says_the_failure_is_noted(native_url: str) -> None:
    with connect(native_url) as connection:
        schedule(connection)

        failed = fail_again(connection, now=NOW, error="a\0b \ud800 ä\n")

    assert failed.last_error == "a\\x00b \\ud800 ä\n"


# Leases that ended


def test_what_ended_is_due_again_at_once(native_url: str) -> None:
    with connect(native_url) as connection:
        job = schedule(connection)
        claim_one(connection, worker="ada")

        early = reclaim_expired_jobs(connection, now=NOW + LEASE - MICROSECOND)
        [reclaimed] = reclaim_expired_jobs(connection, now=NOW + LEASE)
        found = find_job(connection, job_id=job.id)
        again = claim_one(connection, worker="ben", now=NOW + LEASE)

    assert early == []
    assert (reclaimed.id, reclaimed.locked_by) == (job.id, "ada")
    assert (found.status, found.retries) == ("scheduled", 0), "no failure is counted"
    assert found.last_error == "the lease of ada ended"
    assert (found.locked_by, found.locked_until) == (None, None)
    assert again.attempt_token == 2


def test_what_had_failed_before_is_still_a_retry(native_url: str) -> None:
    with connect(native_url) as connection:
        schedule(connection)
        failed = fail_again(connection, now=NOW)
        assert failed.next_retry_at is not None
        claim_one(connection, now=failed.next_retry_at)

        reclaim_expired_jobs(connection, now=failed.next_retry_at + LEASE)
        found = find_job(connection, job_id=failed.id)

    assert (found.status, found.retries) == ("retrying", 1)
    assert found.next_retry_at is None


def test_those_that_ended_first_are_taken_back_first(native_url: str) -> None:
    with connect(native_url) as connection:
        for _ in range(3):
            schedule(connection)
        late, first, second = claim(connection)
        extend_leases(connection, attempts=[late], lease=LEASE, now=NOW + SECOND)

        batches = [
            reclaim_expired_jobs(connection, limit=2, now=NOW + 2 * LEASE)
            for _ in range(3)
        ]

    assert [{job.id for job in batch} for batch in batches] == [
        {first.id, second.id},
        {late.id},
        set(),
    ]


def test_what_ends_its_workers_becomes_a_dead_letter(native_url: str) -> None:
    statuses = []
    with connect(native_url) as connection:
        job = schedule(connection)
        now = NOW
        for _ in range(3):
            claim_one(connection, now=now)
            now += LEASE
            [reclaimed] = reclaim_expired_jobs(connection, max_claims=3, now=now)
            statuses.append(reclaimed.status)
        found = find_job(connection, job_id=job.id)

    assert statuses == ["scheduled", "scheduled", "dead_letter"]
    assert found.dead_letter_reason == "claimed 3 times, and the lease ended"
    assert (found.dead_letter_at, found.next_retry_at) == (now, None)


def test_without_a_maximum_claims_are_not_counted(native_url: str) -> None:
    reclaimed = []
    with connect(native_url) as connection:
        schedule(connection)
        for number in range(20):
            now = NOW + number * LEASE
            claim_one(connection, now=now)
            reclaimed += reclaim_expired_jobs(connection, now=now + LEASE)

    assert {job.status for job in reclaimed} == {"scheduled"}
    assert [job.attempt_token for job in reclaimed] == list(range(1, 21))
