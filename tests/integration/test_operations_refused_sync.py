# Derived by scripts/async_to_sync.py from test_operations_refused_aio.py; do not edit.
"""Bad arguments for the queue and the lock are refused before anything is sent."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from datalayer.domains.errors import InvalidArgument, NaiveTime
from datalayer.domains.operations import (
    NewJob,
    acquire_worker_lock,
    claim_due_jobs,
    complete_job,
    complete_jobs,
    extend_leases,
    fail_job,
    fenced,
    find_schedule_conflict,
    get_worker_lock,
    queue_status,
    reclaim_expired_jobs,
    release_worker_lock,
    renew_worker_lock,
    schedule_job,
    schedule_jobs,
    schedule_without_conflict,
)
from datalayer.server import Server

Closed = Connection[Any]

NOW = datetime(2030, 1, 1, tzinfo=UTC)
NAIVE = datetime(2030, 1, 1)
ZERO = timedelta(0)
LEASE = timedelta(seconds=30)


@pytest.fixture
def closed(server: Server) -> Closed:
    """A connection over which nothing can be sent."""
    connection = Connection.connect(server.url())
    connection.close()
    return connection


@pytest.mark.parametrize("limit", [0, -1, 2**63])
def test_a_limit_is_1_or_more(closed: Closed, limit: int) -> None:
    with pytest.raises(InvalidArgument, match="`limit`"):
        claim_due_jobs(closed, worker="w", limit=limit, lease=LEASE)
    with pytest.raises(InvalidArgument, match="`limit`"):
        reclaim_expired_jobs(closed, limit=limit)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lease", ZERO),
        ("lease", -LEASE),
        ("lease", timedelta.max),
        ("worker", "a\0"),
        ("worker", "\ud800"),
    ],
    ids=["zero", "negative", "endless", "nul", "surrogate"],
)
def test_claims_refuse(closed: Closed, name: str, value: object) -> None:
    given: Any = {"worker": "w", "limit": 1, "lease": LEASE, name: value}

    with pytest.raises(InvalidArgument, match=f"`{name}`"):
        claim_due_jobs(closed, **given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_attempts", 0),
        ("max_attempts", 2**31),
        ("first_backoff", ZERO),
        ("max_backoff", -LEASE),
        ("max_backoff", timedelta.max),
        ("jitter", -0.1),
        ("jitter", 1.1),
        ("jitter", float("nan")),
    ],
)
def test_failures_refuse(closed: Closed, name: str, value: object) -> None:
    given: Any = {"job_id": 1, "attempt_token": 1, "error": "no", name: value}

    with pytest.raises(InvalidArgument, match=f"`{name}`"):
        fail_job(closed, **given)


def test_other_work_refuses(closed: Closed) -> None:
    with pytest.raises(InvalidArgument, match="`remote_id`"):
        complete_job(closed, job_id=1, attempt_token=1, remote_id="\0")
    with pytest.raises(InvalidArgument, match="`remote_ids`"):
        complete_jobs(closed, attempts=[], remote_ids={1: "\0"})
    with pytest.raises(InvalidArgument, match="`lease`"):
        extend_leases(closed, attempts=[], lease=ZERO)
    with pytest.raises(InvalidArgument, match="`max_claims`"):
        reclaim_expired_jobs(closed, max_claims=0)


def test_work_refuses_times_without_a_zone(closed: Closed) -> None:
    where: Any = {"job_id": 1, "attempt_token": 1}
    claim: Any = {"worker": "w", "limit": 1, "lease": LEASE}

    with pytest.raises(NaiveTime, match="`now`"):
        claim_due_jobs(closed, **claim, now=NAIVE)
    with pytest.raises(NaiveTime, match="`since`"):
        claim_due_jobs(closed, **claim, since=NAIVE)
    with pytest.raises(NaiveTime, match="`now`"):
        complete_job(closed, **where, now=NAIVE)
    with pytest.raises(NaiveTime, match="`now`"):
        complete_jobs(closed, attempts=[], now=NAIVE)
    with pytest.raises(NaiveTime, match="`now`"):
        fail_job(closed, **where, error="no", now=NAIVE)
    with pytest.raises(NaiveTime, match="`now`"):
        extend_leases(closed, attempts=[], lease=LEASE, now=NAIVE)
    with pytest.raises(NaiveTime, match="`now`"):
        reclaim_expired_jobs(closed, now=NAIVE)
    with pytest.raises(NaiveTime, match="`now`"):
        queue_status(closed, now=NAIVE)


@pytest.mark.parametrize("name", ["platform", "content", "idempotency_key"])
@pytest.mark.parametrize("value", ["a\0b", "\udc80"], ids=["nul", "surrogate"])
def test_schedules_refuse_texts(closed: Closed, name: str, value: str) -> None:
    given: Any = {"platform": "x", "content": "hello", name: value}
    gap: Any = {"scheduled_at": NOW, "min_gap": LEASE}

    with pytest.raises(InvalidArgument, match=f"`{name}`"):
        schedule_job(closed, **given)
    with pytest.raises(InvalidArgument, match=f"`{name}`"):
        schedule_jobs(closed, new_jobs=[NewJob("x", "good"), NewJob(**given)])
    with pytest.raises(InvalidArgument, match=f"`{name}`"):
        schedule_without_conflict(closed, **given, **gap)


def test_schedules_refuse_times_and_gaps(closed: Closed) -> None:
    given: Any = {"platform": "x", "content": "hello"}

    with pytest.raises(NaiveTime, match="`scheduled_at`"):
        schedule_job(closed, **given, scheduled_at=NAIVE)
    with pytest.raises(NaiveTime, match="`scheduled_at`"):
        schedule_jobs(closed, new_jobs=[NewJob(**given, scheduled_at=NAIVE)])
    with pytest.raises(NaiveTime, match="`scheduled_at`"):
        schedule_without_conflict(closed, **given, scheduled_at=NAIVE, min_gap=LEASE)
    with pytest.raises(InvalidArgument, match="`min_gap`"):
        schedule_without_conflict(closed, **given, scheduled_at=NOW, min_gap=-LEASE)
    with pytest.raises(NaiveTime, match="`scheduled_at`"):
        find_schedule_conflict(closed, platform="x", scheduled_at=NAIVE, min_gap=LEASE)
    with pytest.raises(InvalidArgument, match="`min_gap`"):
        find_schedule_conflict(
            closed, platform="x", scheduled_at=NOW, min_gap=timedelta.max
        )
    with pytest.raises(InvalidArgument, match="`platform`"):
        find_schedule_conflict(closed, platform="\0", scheduled_at=NOW, min_gap=LEASE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("owner_id", "a\0"),
        ("ttl", ZERO),
        ("ttl", -LEASE),
        ("ttl", timedelta.max),
        ("lock_id", 2**15),
        ("lock_id", -(2**15) - 1),
    ],
)
def test_locks_refuse(closed: Closed, name: str, value: object) -> None:
    given: Any = {"owner_id": "a", "ttl": LEASE, "lock_id": 1, name: value}
    without_ttl = {key: given[key] for key in ("owner_id", "lock_id")}

    with pytest.raises(InvalidArgument, match=f"`{name}`"):
        acquire_worker_lock(closed, **given)
    with pytest.raises(InvalidArgument, match=f"`{name}`"):
        renew_worker_lock(closed, token=1, **given)
    if name != "ttl":
        with pytest.raises(InvalidArgument, match=f"`{name}`"):
            release_worker_lock(closed, token=1, **without_ttl)
    if name == "lock_id":
        with pytest.raises(InvalidArgument, match=f"`{name}`"):
            get_worker_lock(closed, lock_id=given["lock_id"])
        with pytest.raises(InvalidArgument, match=f"`{name}`"):
            with fenced(closed, token=1, lock_id=given["lock_id"]):
                pass


def test_locks_refuse_times_without_a_zone(closed: Closed) -> None:
    owner: Any = {"owner_id": "a", "now": NAIVE}

    with pytest.raises(NaiveTime, match="`now`"):
        acquire_worker_lock(closed, ttl=LEASE, **owner)
    with pytest.raises(NaiveTime, match="`now`"):
        renew_worker_lock(closed, token=1, ttl=LEASE, **owner)
    with pytest.raises(NaiveTime, match="`now`"):
        release_worker_lock(closed, token=1, **owner)
    with pytest.raises(NaiveTime, match="`now`"):
        get_worker_lock(closed, now=NAIVE)
    with pytest.raises(NaiveTime, match="`now`"):
        with fenced(closed, token=1, now=NAIVE):
            pass


def test_a_message_shows_the_beginning_of_what_is_long(closed: Closed) -> None:
    with pytest.raises(InvalidArgument) as refused:
        schedule_job(closed, platform="x", content="\0" * 1_000_000)

    assert len(str(refused.value)) < 200
    assert refused.value.value == "\0" * 1_000_000
