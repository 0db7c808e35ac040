# twin: test_operations_claims_sync.py
"""Claims, leases, and the ends of attempts by their tokens."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection

from datalayer.domains.operations import errors
from datalayer.domains.operations.aio import (
    claim_due_jobs,
    complete_job,
    complete_jobs,
    extend_leases,
    fail_job,
    find_job,
    reclaim_expired_jobs,
    remove_job,
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
    since: datetime | None = None,
) -> list[ClaimedJob]:
    return await claim_due_jobs(
        connection, worker=worker, limit=limit, lease=LEASE, now=now, since=since
    )


async def claim_one(
    connection: AsyncConnection[Any], *, worker: str = "w", now: datetime = NOW
) -> ClaimedJob:
    [claimed] = await claim(connection, worker=worker, now=now)
    return claimed


# Claiming


async def test_nothing_is_claimed_before_its_time(native_url: str) -> None:
    async with await connect(native_url) as connection:
        job = await schedule(connection, after=timedelta(0))

        early = await claim(connection, now=NOW - MICROSECOND)
        due = await claim(connection)

    assert early == []
    assert [claimed.id for claimed in due] == [job.id]


async def test_without_a_time_a_job_is_due_at_once(native_url: str) -> None:
    async with await connect(native_url) as connection:
        await schedule_job(connection, platform="x", content="hello")

        claimed = await claim_due_jobs(connection, worker="w", limit=1, lease=LEASE)

    assert len(claimed) == 1


async def test_a_claim_returns_at_most_its_limit(native_url: str) -> None:
    async with await connect(native_url) as connection:
        made = {(await schedule(connection)).id for _ in range(5)}

        batches = [await claim(connection, limit=2) for _ in range(4)]

    assert [len(batch) for batch in batches] == [2, 2, 1, 0]
    assert {claimed.id for batch in batches for claimed in batch} == made


async def test_the_longest_waiting_come_first_in_order(native_url: str) -> None:
    async with await connect(native_url) as connection:
        made = [
            await schedule(connection, after=-minutes * MINUTE)
            for minutes in (1, 3, 2, 3)
        ]

        first = await claim(connection, limit=3)
        second = await claim(connection)

    assert [job.id for job in first] == [made[1].id, made[3].id, made[2].id]
    assert [job.id for job in second] == [made[0].id]


async def test_a_retry_waits_from_its_retry_not_from_its_first_time(
    native_url: str,
) -> None:
    """It is claimed after what waits longer, and returned by `scheduled_at`."""
    async with await connect(native_url) as connection:
        retried = await schedule(connection, after=-60 * MINUTE)
        failed = await claim_one(connection)
        await fail_job(
            connection,
            job_id=retried.id,
            attempt_token=failed.attempt_token,
            error="no",
            first_backoff=10 * SECOND,
            jitter=0,
            now=NOW,
        )
        waiting = await schedule(connection)
        later = NOW + MINUTE

        oldest = await claim(connection, limit=1, now=later)
        await fail_job(
            connection,
            job_id=waiting.id,
            attempt_token=1,
            error="no",
            first_backoff=MICROSECOND,
            jitter=0,
            now=later,
        )
        both = await claim(connection, now=later + MINUTE)

    assert [job.id for job in oldest] == [waiting.id]
    assert [job.id for job in both] == [retried.id, waiting.id]
    assert [job.due_at for job in both] == [NOW + 10 * SECOND, later + MICROSECOND]


async def test_a_claim_gives_a_token_and_a_lease(native_url: str) -> None:
    async with await connect(native_url) as connection:
        job = await schedule(connection)

        claimed = await claim_one(connection, worker="ada")
        found = await find_job(connection, job_id=job.id)

    assert (claimed.attempt_token, claimed.locked_until) == (1, NOW + LEASE)
    assert (claimed.content, claimed.retries) == ("hello", 0)
    assert (found.status, found.locked_by) == ("processing", "ada")
    assert (found.attempt_token, found.locked_until) == (1, NOW + LEASE)


async def test_since_leaves_out_what_was_due_before(native_url: str) -> None:
    async with await connect(native_url) as connection:
        old = await schedule(connection, after=-10 * MINUTE)
        new = await schedule(connection, after=-MINUTE)

        recent = await claim(connection, since=NOW - MINUTE)
        rest = await claim(connection)

    assert [job.id for job in recent] == [new.id]
    assert [job.id for job in rest] == [old.id]


# Leases


async def test_a_lease_is_extended_from_now(native_url: str) -> None:
    async with await connect(native_url) as connection:
        await schedule(connection)
        claimed = await claim_one(connection)

        ends = await extend_leases(
            connection, attempts=[claimed], lease=LEASE, now=NOW + 20 * SECOND
        )
        early = await reclaim_expired_jobs(
            connection, now=NOW + 20 * SECOND + LEASE - MICROSECOND
        )
        late = await reclaim_expired_jobs(connection, now=NOW + 20 * SECOND + LEASE)

    assert ends == {claimed.id: NOW + 20 * SECOND + LEASE}
    assert early == []
    assert [job.id for job in late] == [claimed.id]


async def test_only_current_attempts_are_extended(native_url: str) -> None:
    async with await connect(native_url) as connection:
        for _ in range(3):
            await schedule(connection)
        stale, done, held = await claim(connection)
        await reclaim_expired_jobs(connection, limit=1, now=NOW + LEASE)
        current = await claim_one(connection, worker="v", now=NOW + LEASE)
        await complete_job(connection, job_id=done.id, attempt_token=1)

        ends = await extend_leases(
            connection, attempts=[stale, done, held], lease=LEASE, now=NOW + MINUTE
        )
        found = await find_job(connection, job_id=stale.id)

    assert current.id == stale.id
    assert ends == {held.id: NOW + MINUTE + LEASE}
    assert found.locked_until == NOW + 2 * LEASE


# Ends of attempts


async def test_a_completed_job_is_posted(native_url: str) -> None:
    async with await connect(native_url) as connection:
        await schedule(connection)
        claimed = await claim_one(connection)

        ended = await complete_job(
            connection, job_id=claimed.id, attempt_token=1, remote_id="r1", now=NOW
        )
        found = await find_job(connection, job_id=claimed.id)
        again = await claim(connection, now=NOW + 60 * MINUTE)

    assert ended.status == "posted"
    assert (found.status, found.remote_id, found.posted_at) == ("posted", "r1", NOW)
    assert (found.locked_by, found.locked_until) == (None, None)
    assert again == []


async def test_many_are_completed_at_once(native_url: str) -> None:
    async with await connect(native_url) as connection:
        for _ in range(4):
            await schedule(connection)
        one, two, stale, removed = await claim(connection)
        await reclaim_expired_jobs(connection, now=NOW + LEASE)
        one, two, _, removed = await claim(connection, now=NOW + LEASE)
        await remove_job(connection, job_id=removed.id, force=True)

        completed = await complete_jobs(
            connection,
            attempts=[two, stale, one, removed, one],
            remote_ids={one.id: "r1"},
            now=NOW,
        )
        found = [await find_job(connection, job_id=job.id) for job in (one, two, stale)]
        nothing = await complete_jobs(connection, attempts=[])

    assert completed == {one.id, two.id}
    assert [job.remote_id for job in found] == ["r1", None, None]
    assert [job.status for job in found] == ["posted", "posted", "processing"]
    assert nothing == set()


async def test_a_stale_token_changes_nothing(native_url: str) -> None:
    async with await connect(native_url) as connection:
        job = await schedule(connection)
        stale = await claim_one(connection)
        await reclaim_expired_jobs(connection, now=NOW + LEASE)
        current = await claim_one(connection, worker="v", now=NOW + LEASE)
        before = await find_job(connection, job_id=job.id)
        where: Any = {"job_id": job.id, "attempt_token": stale.attempt_token}

        with pytest.raises(errors.AttemptLost) as lost:
            await complete_job(connection, **where)
        with pytest.raises(errors.AttemptLost):
            await fail_job(connection, **where, error="no")
        completed = await complete_jobs(connection, attempts=[stale])
        extended = await extend_leases(connection, attempts=[stale], lease=LEASE)
        after = await find_job(connection, job_id=job.id)

    assert (lost.value.job_id, lost.value.attempt_token) == (job.id, 1)
    assert current.attempt_token == 2
    assert (completed, extended) == (set(), {})
    assert after == before


@pytest.mark.parametrize("end", ["complete", "fail", "reclaim", "remove"])
async def test_an_attempt_ends_once(native_url: str, end: str) -> None:
    async with await connect(native_url) as connection:
        await schedule(connection)
        claimed = await claim_one(connection)
        where: Any = {"job_id": claimed.id, "attempt_token": 1}
        if end == "complete":
            await complete_job(connection, **where)
        elif end == "fail":
            await fail_job(connection, **where, error="no")
        elif end == "reclaim":
            await reclaim_expired_jobs(connection, now=NOW + LEASE)
        else:
            await remove_job(connection, job_id=claimed.id, force=True)

        with pytest.raises(errors.AttemptLost):
            await complete_job(connection, **where)
        with pytest.raises(errors.AttemptLost):
            await fail_job(connection, **where, error="no")
        completed = await complete_jobs(connection, attempts=[claimed])

    assert completed == set()


async def test_the_token_decides_not_the_lease(native_url: str) -> None:
    """An attempt whose lease has ended counts as long as nobody took the job."""
    async with await connect(native_url) as connection:
        await schedule(connection)
        claimed = await claim_one(connection)

        late = await complete_job(
            connection, job_id=claimed.id, attempt_token=1, now=NOW + 60 * MINUTE
        )

    assert late.status == "posted"
