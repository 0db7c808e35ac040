# Derived by scripts/async_to_sync.py from test_operations_claims_aio.py; do not edit.
"""Claims, leases, and the ends of attempts by their tokens."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from datalayer.domains.operations import (
    claim_due_jobs,
    complete_job,
    complete_jobs,
    errors,
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
    since: datetime | None = None,
) -> list[ClaimedJob]:
    return claim_due_jobs(
        connection, worker=worker, limit=limit, lease=LEASE, now=now, since=since
    )


def claim_one(
    connection: Connection[Any], *, worker: str = "w", now: datetime = NOW
) -> ClaimedJob:
    [claimed] = claim(connection, worker=worker, now=now)
    return claimed


# Claiming


def test_nothing_is_claimed_before_its_time(native_url: str) -> None:
    with connect(native_url) as connection:
        job = schedule(connection, after=timedelta(0))

        early = claim(connection, now=NOW - MICROSECOND)
        due = claim(connection)

    assert early == []
    assert [claimed.id for claimed in due] == [job.id]


def test_without_a_time_a_job_is_due_at_once(native_url: str) -> None:
    with connect(native_url) as connection:
        schedule_job(connection, platform="x", content="hello")

        claimed = claim_due_jobs(connection, worker="w", limit=1, lease=LEASE)

    assert len(claimed) == 1


def test_a_claim_returns_at_most_its_limit(native_url: str) -> None:
    with connect(native_url) as connection:
        made = {(schedule(connection)).id for _ in range(5)}

        batches = [claim(connection, limit=2) for _ in range(4)]

    assert [len(batch) for batch in batches] == [2, 2, 1, 0]
    assert {claimed.id for batch in batches for claimed in batch} == made


def test_the_longest_waiting_come_first_in_order(native_url: str) -> None:
    with connect(native_url) as connection:
        made = [
            schedule(connection, after=-minutes * MINUTE) for minutes in (1, 3, 2, 3)
        ]

        first = claim(connection, limit=3)
        second = claim(connection)

    assert [job.id for job in first] == [made[1].id, made[3].id, made[2].id]
    assert [job.id for job in second] == [made[0].id]


def test_a_retry_waits_from_its_retry_not_from_its_first_time(
    native_url: str,
) -> None:
    """It is claimed after what waits longer, and returned by `scheduled_at`."""
    with connect(native_url) as connection:
        retried = schedule(connection, after=-60 * MINUTE)
        failed = claim_one(connection)
        fail_job(
            connection,
            job_id=retried.id,
            attempt_token=failed.attempt_token,
            error="no",
            first_backoff=10 * SECOND,
            jitter=0,
            now=NOW,
        )
        waiting = schedule(connection)
        later = NOW + MINUTE

        oldest = claim(connection, limit=1, now=later)
        fail_job(
            connection,
            job_id=waiting.id,
            attempt_token=1,
            error="no",
            first_backoff=MICROSECOND,
            jitter=0,
            now=later,
        )
        both = claim(connection, now=later + MINUTE)

    assert [job.id for job in oldest] == [waiting.id]
    assert [job.id for job in both] == [retried.id, waiting.id]
    assert [job.due_at for job in both] == [NOW + 10 * SECOND, later + MICROSECOND]


def test_a_claim_gives_a_token_and_a_lease(native_url: str) -> None:
    with connect(native_url) as connection:
        job = schedule(connection)

        claimed = claim_one(connection, worker="ada")
        found = find_job(connection, job_id=job.id)

    assert (claimed.attempt_token, claimed.locked_until) == (1, NOW + LEASE)
    assert (claimed.content, claimed.retries) == ("hello", 0)
    assert (found.status, found.locked_by) == ("processing", "ada")
    assert (found.attempt_token, found.locked_until) == (1, NOW + LEASE)


def test_since_leaves_out_what_was_due_before(native_url: str) -> None:
    with connect(native_url) as connection:
        old = schedule(connection, after=-10 * MINUTE)
        new = schedule(connection, after=-MINUTE)

        recent = claim(connection, since=NOW - MINUTE)
        rest = claim(connection)

    assert [job.id for job in recent] == [new.id]
    assert [job.id for job in rest] == [old.id]


# Leases


def test_a_lease_is_extended_from_now(native_url: str) -> None:
    with connect(native_url) as connection:
        schedule(connection)
        claimed = claim_one(connection)

        ends = extend_leases(
            connection, attempts=[claimed], lease=LEASE, now=NOW + 20 * SECOND
        )
        early = reclaim_expired_jobs(
            connection, now=NOW + 20 * SECOND + LEASE - MICROSECOND
        )
        late = reclaim_expired_jobs(connection, now=NOW + 20 * SECOND + LEASE)

    assert ends == {claimed.id: NOW + 20 * SECOND + LEASE}
    assert early == []
    assert [job.id for job in late] == [claimed.id]


def test_only_current_attempts_are_extended(native_url: str) -> None:
    with connect(native_url) as connection:
        for _ in range(3):
            schedule(connection)
        stale, done, held = claim(connection)
        reclaim_expired_jobs(connection, limit=1, now=NOW + LEASE)
        current = claim_one(connection, worker="v", now=NOW + LEASE)
        complete_job(connection, job_id=done.id, attempt_token=1)

        ends = extend_leases(
            connection, attempts=[stale, done, held], lease=LEASE, now=NOW + MINUTE
        )
        found = find_job(connection, job_id=stale.id)

    assert current.id == stale.id
    assert ends == {held.id: NOW + MINUTE + LEASE}
    assert found.locked_until == NOW + 2 * LEASE


# Ends of attempts


def test_a_completed_job_is_posted(native_url: str) -> None:
    with connect(native_url) as connection:
        schedule(connection)
        claimed = claim_one(connection)

        ended = complete_job(
            connection, job_id=claimed.id, attempt_token=1, remote_id="r1", now=NOW
        )
        found = find_job(connection, job_id=claimed.id)
        again = claim(connection, now=NOW + 60 * MINUTE)

    assert ended.status == "posted"
    assert (found.status, found.remote_id, found.posted_at) == ("posted", "r1", NOW)
    assert (found.locked_by, found.locked_until) == (None, None)
    assert again == []


def test_many_are_completed_at_once(native_url: str) -> None:
    with connect(native_url) as connection:
        for _ in range(4):
            schedule(connection)
        one, two, stale, removed = claim(connection)
        reclaim_expired_jobs(connection, now=NOW + LEASE)
        one, two, _, removed = claim(connection, now=NOW + LEASE)
        remove_job(connection, job_id=removed.id, force=True)

        completed = complete_jobs(
            connection,
            attempts=[two, stale, one, removed, one],
            remote_ids={one.id: "r1"},
            now=NOW,
        )
        found = [find_job(connection, job_id=job.id) for job in (one, two, stale)]
        nothing = complete_jobs(connection, attempts=[])

    assert completed == {one.id, two.id}
    assert [job.remote_id for job in found] == ["r1", None, None]
    assert [job.status for job in found] == ["posted", "posted", "processing"]
    assert nothing == set()


def test_a_stale_token_changes_nothing(native_url: str) -> None:
    with connect(native_url) as connection:
        job = schedule(connection)
        stale = claim_one(connection)
        reclaim_expired_jobs(connection, now=NOW + LEASE)
        current = claim_one(connection, worker="v", now=NOW + LEASE)
        before = find_job(connection, job_id=job.id)
        where: Any = {"job_id": job.id, "attempt_token": stale.attempt_token}

        with pytest.raises(errors.AttemptLost) as lost:
            complete_job(connection, **where)
        with pytest.raises(errors.AttemptLost):
            fail_job(connection, **where, error="no")
        completed = complete_jobs(connection, attempts=[stale])
        extended = extend_leases(connection, attempts=[stale], lease=LEASE)
        after = find_job(connection, job_id=job.id)

    assert (lost.value.job_id, lost.value.attempt_token) == (job.id, 1)
    assert current.attempt_token == 2
    assert (completed, extended) == (set(), {})
    assert after == before


@pytest.mark.parametrize("end", ["complete", "fail", "reclaim", "remove"])
def test_an_attempt_ends_once(native_url: str, end: str) -> None:
    with connect(native_url) as connection:
        schedule(connection)
        claimed = claim_one(connection)
        where: Any = {"job_id": claimed.id, "attempt_token": 1}
        if end == "complete":
            complete_job(connection, **where)
        elif end == "fail":
            fail_job(connection, **where, error="no")
        elif end == "reclaim":
            reclaim_expired_jobs(connection, now=NOW + LEASE)
        else:
            remove_job(connection, job_id=claimed.id, force=True)

        with pytest.raises(errors.AttemptLost):
            complete_job(connection, **where)
        with pytest.raises(errors.AttemptLost):
            fail_job(connection, **where, error="no")
        completed = complete_jobs(connection, attempts=[claimed])

    assert completed == set()


def test_the_token_decides_not_the_lease(native_url: str) -> None:
    """An attempt whose lease has ended counts as long as nobody took the job."""
    with connect(native_url) as connection:
        schedule(connection)
        claimed = claim_one(connection)

        late = complete_job(
            connection, job_id=claimed.id, attempt_token=1, now=NOW + 60 * MINUTE
        )

    assert late.status == "posted"
