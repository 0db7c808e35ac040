# twin: test_operations_failures_sync.py
"""Failures with their backoffs, dead letters, and leases that ended."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection

from datalayer.domains.arguments import MOST_SMALL
from datalayer.domains.operations.aio import (
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


async def connect(url: str) -> AsyncConnection[Any]:
    return await AsyncConnection.connect(url, autocommit=True)


async def schedule(
    connection: AsyncConnection[Any], *, after: timedelta = -MINUTE
) -> Job:
    return await schedule_job(
        connection, platform="x", content="hello", scheduled_at=NOW + after
    )


async def claim(
    connection: AsyncConnection[Any],
    *,
    worker: str = "w",
    limit: int = 10,
    now: datetime = NOW,
) -> list[ClaimedJob]:
    return await claim_due_jobs(
        connection, worker=worker, limit=limit, lease=LEASE, now=now
    )


async def claim_one(
    connection: AsyncConnection[Any], *, worker: str = "w", now: datetime = NOW
) -> ClaimedJob:
    [claimed] = await claim(connection, worker=worker, now=now)
    return claimed


# Failures


async def fail_again(
    connection: AsyncConnection[Any],
    *,
    now: datetime,
    **arguments: Any,  # noqa: ANN401 (of many types)
) -> Job:
    """Claim the only job and let the attempt fail; return the job."""
    claimed = await claim_one(connection, now=now)
    await fail_job(
        connection,
        job_id=claimed.id,
        attempt_token=claimed.attempt_token,
        now=now,
        **{"error": "no", "jitter": 0, **arguments},
    )
    return await find_job(connection, job_id=claimed.id)


async def test_the_backoff_doubles_up_to_its_maximum(native_url: str) -> None:
    backoffs, retries = [], []
    async with await connect(native_url) as connection:
        await schedule(connection)
        now = NOW
        for _ in range(6):
            job = await fail_again(
                connection,
                now=now,
                max_attempts=10,
                first_backoff=MINUTE,
                max_backoff=10 * MINUTE,
            )
            assert job.next_retry_at is not None
            assert (job.status, job.last_error) == ("retrying", "no")
            assert await claim(connection, now=job.next_retry_at - MICROSECOND) == []
            backoffs.append(job.next_retry_at - now)
            retries.append(job.retries)
            now = job.next_retry_at

    assert backoffs == [m * MINUTE for m in (1, 2, 4, 8, 10, 10)]
    assert retries == [1, 2, 3, 4, 5, 6]


async def test_without_settings_it_is_3_attempts_and_5_minutes(native_url: str) -> None:
    async with await connect(native_url) as connection:
        await schedule(connection)

        first = await fail_again(connection, now=NOW)
        second = await fail_again(connection, now=NOW + 5 * MINUTE)
        third = await fail_again(connection, now=NOW + 15 * MINUTE)

    assert first.next_retry_at == NOW + 5 * MINUTE
    assert second.next_retry_at == NOW + 15 * MINUTE
    assert third.status == "dead_letter"


@pytest.mark.parametrize("jitter", [0.1, 0.5, 1.0])
async def test_jitter_stays_within_its_bounds_and_varies(
    native_url: str, jitter: float
) -> None:
    count = 40
    async with await connect(native_url) as connection:
        for _ in range(count):
            await schedule(connection)
        for claimed in await claim(connection, limit=count):
            await fail_job(
                connection,
                job_id=claimed.id,
                attempt_token=1,
                error="no",
                first_backoff=MINUTE,
                jitter=jitter,
                now=NOW,
            )
        found = await connection.execute(
            "SELECT next_retry_at FROM assistly_queue_jobs"
        )
        backoffs = [at - NOW for (at,) in await found.fetchall()]

    assert min(backoffs) >= (1 - jitter) * MINUTE - MICROSECOND
    assert max(backoffs) <= (1 + jitter) * MINUTE + MICROSECOND
    assert min(backoffs) < MINUTE < max(backoffs), "in both directions"
    assert len(set(backoffs)) > count / 2


async def test_the_last_attempt_makes_a_dead_letter(native_url: str) -> None:
    async with await connect(native_url) as connection:
        await schedule(connection)

        alive = await fail_again(connection, now=NOW, max_attempts=2)
        assert alive.next_retry_at is not None
        dead = await fail_again(
            connection, now=alive.next_retry_at, max_attempts=2, error="gone"
        )
        again = await claim(connection, now=NOW + timedelta(days=400))

    assert (alive.status, alive.dead_letter_at) == ("retrying", None)
    assert (dead.status, dead.dead_letter_reason) == ("dead_letter", "gone")
    assert (dead.dead_letter_at, dead.retries) == (alive.next_retry_at, 2)
    assert (dead.next_retry_at, dead.last_error) == (None, "gone")
    assert (dead.locked_by, dead.locked_until) == (None, None)
    assert again == []


async def test_one_attempt_may_be_the_only_one(native_url: str) -> None:
    async with await connect(native_url) as connection:
        await schedule(connection)

        dead = await fail_again(connection, now=NOW, max_attempts=1)

    assert dead.status == "dead_letter"


async def test_huge_numbers_of_retries_do_not_overflow(native_url: str) -> None:
    longest = timedelta(days=36525)
    async with await connect(native_url) as connection:
        job = await schedule(connection)
        for retries in (39, 62, 1100, 2_000_000_000):
            await connection.execute(
                "UPDATE assistly_queue_jobs SET retries = %s, next_retry_at = NULL",
                (retries,),
            )
            usual = await fail_again(connection, now=NOW, max_attempts=MOST_SMALL)
            await connection.execute(
                "UPDATE assistly_queue_jobs SET next_retry_at = NULL"
            )
            extreme = await fail_again(
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

        await connection.execute(
            "UPDATE assistly_queue_jobs SET retries = %s, next_retry_at = NULL",
            (MOST_SMALL - 1,),
        )
        dead = await fail_again(connection, now=NOW, max_attempts=MOST_SMALL)

    assert (dead.id, dead.status) == (job.id, "dead_letter")


async def test_whatever_an_error_says_the_failure_is_noted(native_url: str) -> None:
    async with await connect(native_url) as connection:
        await schedule(connection)

        failed = await fail_again(connection, now=NOW, error="a\0b \ud800 ä\n")

    assert failed.last_error == "a\\x00b \\ud800 ä\n"


# Leases that ended


async def test_what_ended_is_due_again_at_once(native_url: str) -> None:
    async with await connect(native_url) as connection:
        job = await schedule(connection)
        await claim_one(connection, worker="ada")

        early = await reclaim_expired_jobs(connection, now=NOW + LEASE - MICROSECOND)
        [reclaimed] = await reclaim_expired_jobs(connection, now=NOW + LEASE)
        found = await find_job(connection, job_id=job.id)
        again = await claim_one(connection, worker="ben", now=NOW + LEASE)

    assert early == []
    assert (reclaimed.id, reclaimed.locked_by) == (job.id, "ada")
    assert (found.status, found.retries) == ("scheduled", 0), "no failure is counted"
    assert found.last_error == "the lease of ada ended"
    assert (found.locked_by, found.locked_until) == (None, None)
    assert again.attempt_token == 2


async def test_what_had_failed_before_is_still_a_retry(native_url: str) -> None:
    async with await connect(native_url) as connection:
        await schedule(connection)
        failed = await fail_again(connection, now=NOW)
        assert failed.next_retry_at is not None
        await claim_one(connection, now=failed.next_retry_at)

        await reclaim_expired_jobs(connection, now=failed.next_retry_at + LEASE)
        found = await find_job(connection, job_id=failed.id)

    assert (found.status, found.retries) == ("retrying", 1)
    assert found.next_retry_at is None


async def test_those_that_ended_first_are_taken_back_first(native_url: str) -> None:
    async with await connect(native_url) as connection:
        for _ in range(3):
            await schedule(connection)
        late, first, second = await claim(connection)
        await extend_leases(connection, attempts=[late], lease=LEASE, now=NOW + SECOND)

        batches = [
            await reclaim_expired_jobs(connection, limit=2, now=NOW + 2 * LEASE)
            for _ in range(3)
        ]

    assert [{job.id for job in batch} for batch in batches] == [
        {first.id, second.id},
        {late.id},
        set(),
    ]


async def test_what_ends_its_workers_becomes_a_dead_letter(native_url: str) -> None:
    statuses = []
    async with await connect(native_url) as connection:
        job = await schedule(connection)
        now = NOW
        for _ in range(3):
            await claim_one(connection, now=now)
            now += LEASE
            [reclaimed] = await reclaim_expired_jobs(connection, max_claims=3, now=now)
            statuses.append(reclaimed.status)
        found = await find_job(connection, job_id=job.id)

    assert statuses == ["scheduled", "scheduled", "dead_letter"]
    assert found.dead_letter_reason == "claimed 3 times, and the lease ended"
    assert (found.dead_letter_at, found.next_retry_at) == (now, None)


async def test_without_a_maximum_claims_are_not_counted(native_url: str) -> None:
    reclaimed = []
    async with await connect(native_url) as connection:
        await schedule(connection)
        for number in range(20):
            now = NOW + number * LEASE
            await claim_one(connection, now=now)
            reclaimed += await reclaim_expired_jobs(connection, now=now + LEASE)

    assert {job.status for job in reclaimed} == {"scheduled"}
    assert [job.attempt_token for job in reclaimed] == list(range(1, 21))
