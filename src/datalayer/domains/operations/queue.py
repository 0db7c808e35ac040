# Derived by scripts/async_to_sync.py from queue.py; do not edit.
"""Jobs: scheduled once, at a distance from others where asked, removed and replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.errors import UniqueViolation

from datalayer.domains.arguments import check_texts, check_times
from datalayer.domains.operations.arguments import NewJob, check_gap
from datalayer.domains.operations.errors import (
    IsolationTooHigh,
    JobNotFound,
    JobProcessing,
    KeyInUse,
    NotDeadLetter,
    ScheduleConflict,
)
from datalayer.domains.operations.results import QueueStatus
from datalayer.queries.operations import queue as jobs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from psycopg import Connection

    from datalayer.queries.operations.queue import Job

# Those that see what other transactions commit meanwhile.
_SEEING = {"read committed", "read uncommitted"}


def schedule_job(
    connection: Connection[Any],
    *,
    platform: str,
    content: str,
    scheduled_at: datetime | None = None,
    idempotency_key: str | None = None,
) -> Job:
    """Schedule a job and return it; without a time it is due at once.

    When a live job has the key, that one is returned and nothing changes.
    """
    check_texts(platform=platform, content=content, idempotency_key=idempotency_key)
    check_times(scheduled_at=scheduled_at)
    scheduled = jobs.schedule_job(
        connection,
        platform=platform,
        content=content,
        scheduled_at=scheduled_at,
        idempotency_key=idempotency_key,
    )
    assert scheduled is not None, "an upsert stores a row, or raises"
    return scheduled


def schedule_jobs(
    connection: Connection[Any], *, new_jobs: Sequence[NewJob]
) -> list[Job]:
    """Schedule many jobs at once and return those that are new, in the order given.

    Not among them is one whose key a live job has, or one before it.
    """
    for new in new_jobs:
        check_texts(
            platform=new.platform,
            content=new.content,
            idempotency_key=new.idempotency_key,
        )
        check_times(scheduled_at=new.scheduled_at)
    return jobs.schedule_jobs(
        connection,
        platforms=[new.platform for new in new_jobs],
        contents=[new.content for new in new_jobs],
        scheduled_ats=[new.scheduled_at for new in new_jobs],
        idempotency_keys=[new.idempotency_key for new in new_jobs],
    )


def schedule_without_conflict(
    connection: Connection[Any],
    *,
    platform: str,
    content: str,
    scheduled_at: datetime,
    min_gap: timedelta,
    idempotency_key: str | None = None,
) -> Job:
    """Schedule a job when no live one of the platform is within the gap; return it.

    When a live job has the key, that one is returned and nothing changes. Those that
    schedule in this way for one platform do it one after another, until the end of
    their transactions; `schedule_job` asks nobody.
    Raises `ScheduleConflict` with the earliest job that is too close, and
    `IsolationTooHigh` in a transaction that cannot see such a job.
    """
    check_texts(platform=platform, content=content, idempotency_key=idempotency_key)
    check_times(scheduled_at=scheduled_at)
    check_gap(min_gap)
    with connection.transaction():
        isolation_level = jobs.lock_platform(connection, platform=platform)
        if isolation_level not in _SEEING:
            raise IsolationTooHigh(isolation_level)
        if idempotency_key is not None:
            first = jobs.get_live_job_by_key(
                connection, idempotency_key=idempotency_key
            )
            if first is not None:
                return first
        conflict = jobs.find_schedule_conflict(
            connection, platform=platform, scheduled_at=scheduled_at, min_gap=min_gap
        )
        if conflict is not None:
            raise ScheduleConflict(conflict, min_gap)
        return schedule_job(
            connection,
            platform=platform,
            content=content,
            scheduled_at=scheduled_at,
            idempotency_key=idempotency_key,
        )


def find_schedule_conflict(
    connection: Connection[Any],
    *,
    platform: str,
    scheduled_at: datetime,
    min_gap: timedelta,
) -> Job | None:
    """Return the earliest live job of a platform within the gap around a time.

    Both ends of the gap are in it. None when that time is free; it stays free only for
    `schedule_without_conflict`.
    """
    check_texts(platform=platform)
    check_times(scheduled_at=scheduled_at)
    check_gap(min_gap)
    return jobs.find_schedule_conflict(
        connection, platform=platform, scheduled_at=scheduled_at, min_gap=min_gap
    )


def find_job(connection: Connection[Any], *, job_id: int) -> Job:
    """Return a job; raise `JobNotFound` when there is none."""
    found = jobs.get_job(connection, job_id=job_id)
    if found is None:
        raise JobNotFound(job_id)
    return found


def remove_job(connection: Connection[Any], *, job_id: int, force: bool = False) -> Job:
    """Remove a job and return it as it was.

    Raises `JobProcessing` for one that a worker has, unless `force`, after which the
    worker's attempt is lost; and `JobNotFound`.
    """
    while True:
        removed = jobs.remove_job(connection, job_id=job_id, force=force)
        if removed is not None:
            return removed
        found = find_job(connection, job_id=job_id)
        if found.status == "processing":
            raise JobProcessing(job_id, found.locked_by)


def replay_dead_letter(connection: Connection[Any], *, job_id: int) -> Job:
    """Schedule a dead letter again, as if it had never failed, and return it.

    It keeps its `scheduled_at`, which is over, so that it is due at once. Raises
    `NotDeadLetter`, `KeyInUse` when a live job has its key by now, and `JobNotFound`.
    """
    try:
        with connection.transaction():
            replayed = jobs.replay_dead_letter(connection, job_id=job_id)
    except UniqueViolation:
        replayed = None
    if replayed is not None:
        return replayed
    found = find_job(connection, job_id=job_id)
    if found.status != "dead_letter":
        raise NotDeadLetter(job_id, found.status)
    raise KeyInUse(job_id, found.idempotency_key)


def queue_status(
    connection: Connection[Any], *, now: datetime | None = None
) -> QueueStatus:
    """Return how many jobs each status has, and what waits for how long."""
    check_times(now=now)
    counted = jobs.count_jobs(connection)
    return QueueStatus(
        counts={count.status: count.jobs for count in counted},
        age=jobs.get_queue_age(connection, now=now),
        next_work=jobs.get_next_work(connection, now=now),
    )
