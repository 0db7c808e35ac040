# twin: test_operations_queue_sync.py
"""Scheduling, conflicts, removal, replay, and what is seen of the queue."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection, IsolationLevel

from datalayer.domains.operations import errors
from datalayer.domains.operations.aio import (
    NewJob,
    claim_due_jobs,
    complete_job,
    fail_job,
    find_job,
    find_schedule_conflict,
    list_dead_letters,
    list_jobs,
    list_jobs_by_status,
    queue_status,
    remove_job,
    replay_dead_letter,
    schedule_job,
    schedule_jobs,
    schedule_without_conflict,
)
from datalayer.queries.operations.queue import Job
from datalayer.runtime import Page

pytest_plugins = ["automation_fixtures"]
pytestmark = pytest.mark.postgres

NOW = datetime(2030, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
GAP = 10 * MINUTE
LEASE = timedelta(seconds=30)


async def connect(url: str) -> AsyncConnection[Any]:
    return await AsyncConnection.connect(url, autocommit=True)


async def schedule(
    connection: AsyncConnection[Any],
    *,
    at: datetime = NOW,
    key: str | None = None,
    platform: str = "x",
) -> Job:
    return await schedule_job(
        connection,
        platform=platform,
        content="hello",
        scheduled_at=at,
        idempotency_key=key,
    )


async def bring_to(connection: AsyncConnection[Any], job: Job, status: str) -> None:
    """Bring the job that is due first to a status."""
    if status == "scheduled":
        return
    [claimed] = await claim_due_jobs(
        connection, worker="w", limit=1, lease=LEASE, now=job.scheduled_at
    )
    assert claimed.id == job.id
    where: Any = {"job_id": job.id, "attempt_token": claimed.attempt_token}
    if status == "posted":
        await complete_job(connection, **where)
    elif status != "processing":
        attempts = 1 if status == "dead_letter" else 2
        await fail_job(connection, **where, error="no", max_attempts=attempts, now=NOW)


async def dead_letter(
    connection: AsyncConnection[Any], *, key: str | None = None
) -> Job:
    job = await schedule(connection, key=key)
    await bring_to(connection, job, "dead_letter")
    return await find_job(connection, job_id=job.id)


# Scheduling


async def test_a_job_is_scheduled_as_given(native_url: str) -> None:
    async with await connect(native_url) as connection:
        job = await schedule_job(
            connection,
            platform="mastodon",
            content="grüße 👋",
            scheduled_at=NOW,
            idempotency_key="k",
        )
        found = await find_job(connection, job_id=job.id)

    assert (job.platform, job.content) == ("mastodon", "grüße 👋")
    assert (job.scheduled_at, job.idempotency_key) == (NOW, "k")
    assert (job.status, job.retries, job.attempt_token) == ("scheduled", 0, 0)
    assert found == job


@pytest.mark.parametrize("status", ["scheduled", "retrying", "processing"])
async def test_the_key_of_a_live_job_returns_that_job(
    native_url: str, status: str
) -> None:
    async with await connect(native_url) as connection:
        first = await schedule(connection, key="k")
        await bring_to(connection, first, status)
        before = await find_job(connection, job_id=first.id)

        second = await schedule_job(
            connection, platform="y", content="other", idempotency_key="k"
        )
        jobs = (await list_jobs(connection)).items

    assert second == before
    assert jobs == [before]


@pytest.mark.parametrize("status", ["posted", "dead_letter", "removed"])
async def test_the_key_of_an_ended_job_is_free(native_url: str, status: str) -> None:
    async with await connect(native_url) as connection:
        first = await schedule(connection, key="k")
        if status == "removed":
            await remove_job(connection, job_id=first.id)
        else:
            await bring_to(connection, first, status)

        second = await schedule(connection, key="k")

    assert second.id > first.id


async def test_many_are_scheduled_in_the_order_given(native_url: str) -> None:
    new_jobs = [
        NewJob("x", "one", NOW, "a"),
        NewJob("y", "two"),
        NewJob("x", "three", NOW - MINUTE),
    ]
    async with await connect(native_url) as connection:
        made = await schedule_jobs(connection, new_jobs=new_jobs)
        nothing = await schedule_jobs(connection, new_jobs=[])
        jobs = (await list_jobs(connection)).items

    assert [job.content for job in made] == ["one", "two", "three"]
    assert [job.platform for job in made] == ["x", "y", "x"]
    assert [job.idempotency_key for job in made] == ["a", None, None]
    assert made[1].created_at <= made[1].scheduled_at < NOW
    assert jobs == made
    assert nothing == []


async def test_of_equal_keys_in_a_batch_the_first_is_scheduled(native_url: str) -> None:
    new_jobs = [
        NewJob("x", str(place), NOW, key)
        for place, key in enumerate(["a", "b", "a", None, "live", "b", None])
    ]
    async with await connect(native_url) as connection:
        await schedule(connection, key="live")

        made = await schedule_jobs(connection, new_jobs=new_jobs)

    assert [job.content for job in made] == ["0", "1", "3", "6"]


# Conflicts


@pytest.mark.parametrize(
    ("distance", "conflicts"),
    [
        (-GAP - MICROSECOND, False),
        (-GAP, True),
        (timedelta(0), True),
        (GAP, True),
        (GAP + MICROSECOND, False),
    ],
    ids=["before", "first", "same", "last", "after"],
)
async def test_a_gap_includes_both_ends(
    native_url: str, distance: timedelta, conflicts: bool
) -> None:
    where: Any = {"platform": "x", "scheduled_at": NOW, "min_gap": GAP}
    async with await connect(native_url) as connection:
        job = await schedule(connection, at=NOW + distance)
        await schedule(connection, platform="y")

        found = await find_schedule_conflict(connection, **where)

    assert found == (job if conflicts else None)


async def test_the_earliest_conflict_is_found(native_url: str) -> None:
    async with await connect(native_url) as connection:
        jobs = [
            await schedule(connection, at=NOW + minutes * MINUTE)
            for minutes in (3, -2, 9, -2, -11)
        ]

        found = await find_schedule_conflict(
            connection, platform="x", scheduled_at=NOW, min_gap=GAP
        )

    assert found == jobs[1]


@pytest.mark.parametrize(
    ("status", "conflicts"),
    [
        ("scheduled", True),
        ("retrying", True),
        ("processing", True),
        ("posted", False),
        ("dead_letter", False),
    ],
)
async def test_only_live_jobs_are_in_the_way(
    native_url: str, status: str, conflicts: bool
) -> None:
    where: Any = {"platform": "x", "scheduled_at": NOW, "min_gap": timedelta(0)}
    async with await connect(native_url) as connection:
        job = await schedule(connection)
        await bring_to(connection, job, status)

        found = await find_schedule_conflict(connection, **where)

    assert (found is not None) is conflicts


async def test_what_conflicts_is_not_scheduled(native_url: str) -> None:
    given: Any = {"platform": "x", "content": "hello", "min_gap": GAP}
    async with await connect(native_url) as connection:
        first = await schedule_without_conflict(connection, scheduled_at=NOW, **given)

        with pytest.raises(errors.ScheduleConflict) as conflict:
            await schedule_without_conflict(
                connection, scheduled_at=NOW + GAP, **given, idempotency_key="k"
            )
        other = await schedule_without_conflict(
            connection, scheduled_at=NOW + GAP + MICROSECOND, **given
        )
        jobs = (await list_jobs(connection)).items

    assert conflict.value.job == first
    assert conflict.value.min_gap == GAP
    assert jobs == [first, other]


async def test_a_live_key_is_no_conflict_with_itself(native_url: str) -> None:
    given: Any = {"platform": "x", "content": "hello", "min_gap": GAP}
    async with await connect(native_url) as connection:
        await schedule(connection, at=NOW + MINUTE)
        first = await schedule(connection, key="k")

        again = await schedule_without_conflict(
            connection, scheduled_at=NOW, **given, idempotency_key="k"
        )

    assert again == first


@pytest.mark.parametrize(
    "level",
    [IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE],
    ids=["repeatable", "serializable"],
)
async def test_a_transaction_that_sees_no_conflicts_is_refused(
    native_url: str, level: IsolationLevel
) -> None:
    async with await connect(native_url) as connection:
        await connection.set_isolation_level(level)

        with pytest.raises(errors.IsolationTooHigh, match="READ COMMITTED"):
            await schedule_without_conflict(
                connection,
                platform="x",
                content="hello",
                scheduled_at=NOW,
                min_gap=GAP,
            )
        jobs = (await list_jobs(connection)).items

    assert jobs == []


# Removal and replay


@pytest.mark.parametrize("status", ["scheduled", "retrying", "posted", "dead_letter"])
async def test_a_job_is_removed_and_returned(native_url: str, status: str) -> None:
    async with await connect(native_url) as connection:
        job = await schedule(connection)
        await bring_to(connection, job, status)
        before = await find_job(connection, job_id=job.id)

        removed = await remove_job(connection, job_id=job.id)
        with pytest.raises(errors.JobNotFound):
            await remove_job(connection, job_id=job.id)
        with pytest.raises(errors.JobNotFound):
            await find_job(connection, job_id=job.id)

    assert removed == before
    assert removed.status == status


async def test_what_a_worker_has_is_removed_only_by_force(native_url: str) -> None:
    async with await connect(native_url) as connection:
        job = await schedule(connection)
        await bring_to(connection, job, "processing")

        with pytest.raises(errors.JobProcessing) as processing:
            await remove_job(connection, job_id=job.id)
        removed = await remove_job(connection, job_id=job.id, force=True)
        with pytest.raises(errors.AttemptLost):
            await complete_job(connection, job_id=job.id, attempt_token=1)

    assert (processing.value.job_id, processing.value.locked_by) == (job.id, "w")
    assert removed.id == job.id


async def test_a_replayed_job_is_as_if_it_had_never_failed(native_url: str) -> None:
    async with await connect(native_url) as connection:
        dead = await dead_letter(connection)

        replayed = await replay_dead_letter(connection, job_id=dead.id)
        found = await find_job(connection, job_id=dead.id)
        [claimed] = await claim_due_jobs(
            connection, worker="w", limit=1, lease=LEASE, now=NOW
        )

    assert dead.retries == 1
    assert (replayed.status, replayed.retries) == ("scheduled", 0)
    assert (replayed.last_error, replayed.dead_letter_reason) == (None, None)
    assert (replayed.dead_letter_at, replayed.next_retry_at) == (None, None)
    assert replayed.replayed_at is not None
    assert replayed.scheduled_at == dead.scheduled_at
    assert found == replayed
    assert claimed.attempt_token == dead.attempt_token + 1, "old tokens stay stale"


@pytest.mark.parametrize("status", ["scheduled", "retrying", "processing", "posted"])
async def test_only_dead_letters_are_replayed(native_url: str, status: str) -> None:
    async with await connect(native_url) as connection:
        job = await schedule(connection)
        await bring_to(connection, job, status)
        before = await find_job(connection, job_id=job.id)

        with pytest.raises(errors.NotDeadLetter) as refused:
            await replay_dead_letter(connection, job_id=job.id)
        with pytest.raises(errors.JobNotFound):
            await replay_dead_letter(connection, job_id=job.id + 1)
        after = await find_job(connection, job_id=job.id)

    assert refused.value.status == status
    assert after == before


async def test_a_key_that_is_used_again_stops_a_replay(native_url: str) -> None:
    async with await connect(native_url) as connection:
        dead = await dead_letter(connection, key="k")
        newer = await schedule(connection, key="k")

        with pytest.raises(errors.KeyInUse) as refused:
            await replay_dead_letter(connection, job_id=dead.id)
        await remove_job(connection, job_id=newer.id)
        replayed = await replay_dead_letter(connection, job_id=dead.id)

    assert (refused.value.job_id, refused.value.idempotency_key) == (dead.id, "k")
    assert replayed.status == "scheduled"


# What is seen


async def test_jobs_are_listed_in_pages(native_url: str) -> None:
    async with await connect(native_url) as connection:
        dead = [await dead_letter(connection) for _ in range(3)]
        waiting = [await schedule(connection) for _ in range(2)]
        ids = [job.id for job in [*dead, *waiting]]

        everything = await list_jobs(connection)
        some = await list_jobs(connection, row_limit=2)
        rest = await list_jobs(connection, row_limit=2, cursor=some.next)
        letters = await list_dead_letters(connection)
        letter = await list_dead_letters(connection, row_limit=1)
        last_letters = await list_dead_letters(connection, cursor=letter.next)
        scheduled = await list_jobs_by_status(connection, status="scheduled")

    assert [job.id for job in everything.items] == ids
    assert [job.id for job in rest.items] == ids[2:4]
    assert letters == Page(dead, None), "oldest first"
    assert last_letters == Page(dead[1:], None)
    assert scheduled == waiting


async def test_an_empty_queue_has_a_status(native_url: str) -> None:
    async with await connect(native_url) as connection:
        status = await queue_status(connection)

    assert list(status.counts.items()) == [
        ("scheduled", 0),
        ("retrying", 0),
        ("processing", 0),
        ("posted", 0),
        ("dead_letter", 0),
    ]
    assert (status.age, status.next_work) == (None, None)


async def test_a_status_counts_and_tells_what_waits(native_url: str) -> None:
    async with await connect(native_url) as connection:
        for number, status in enumerate(["posted", "posted", "dead_letter"]):
            job = await schedule(connection, at=NOW - number * MINUTE)
            await bring_to(connection, job, status)
        await schedule(connection, at=NOW + 2 * MINUTE)
        await schedule(connection, at=NOW + 3 * MINUTE)

        early = await queue_status(connection, now=NOW)
        late = await queue_status(connection, now=NOW + 5 * MINUTE)

    assert early.counts == {
        "scheduled": 2,
        "retrying": 0,
        "processing": 0,
        "posted": 2,
        "dead_letter": 1,
    }
    assert (early.age, early.next_work) == (None, 2 * MINUTE)
    assert (late.age, late.next_work) == (3 * MINUTE, -3 * MINUTE)


async def test_the_next_work_may_be_a_retry_or_a_lease(native_url: str) -> None:
    async with await connect(native_url) as connection:
        job = await schedule(connection)
        await bring_to(connection, job, "processing")
        leased = await queue_status(connection, now=NOW)
        await fail_job(
            connection,
            job_id=job.id,
            attempt_token=1,
            error="no",
            first_backoff=GAP,
            jitter=0,
            now=NOW,
        )
        waiting = await queue_status(connection, now=NOW)
        due = await queue_status(connection, now=NOW + GAP + MINUTE)

    assert (leased.age, leased.next_work) == (None, LEASE)
    assert (waiting.age, waiting.next_work) == (None, GAP)
    assert (due.age, due.next_work) == (MINUTE, -MINUTE)
