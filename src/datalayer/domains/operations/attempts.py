# Derived by scripts/async_to_sync.py from attempts.py; do not edit.
"""Attempts: claimed with a token and a lease, extended, ended once, or taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import (
    MOST_SMALL,
    check_counts,
    check_durations,
    check_texts,
    check_times,
    storable_text,
)
from datalayer.domains.operations.arguments import Attempt, check_jitter
from datalayer.domains.operations.errors import AttemptLost
from datalayer.queries.operations import queue_work as work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from psycopg import Connection

    from datalayer.queries.operations.queue_work import (
        ClaimedJob,
        EndedJob,
        ReclaimedJob,
    )


def claim_due_jobs(
    connection: Connection[Any],
    *,
    worker: str,
    limit: int,
    lease: timedelta,
    since: datetime | None = None,
    now: datetime | None = None,
) -> list[ClaimedJob]:
    """Give a worker at most `limit` due jobs, those that have waited longest.

    They come in the order of `scheduled_at`, each with the token of this attempt and
    the end of its lease. `since` leaves out what was due before: a worker that claims
    in turn saves a walk over what it has seen, and now and then claims without.
    """
    check_texts(worker=worker)
    check_counts(limit=limit)
    check_durations(lease=lease)
    check_times(since=since, now=now)
    return work.claim_due_jobs(
        connection, worker=worker, row_limit=limit, lease=lease, since=since, now=now
    )


def extend_leases(
    connection: Connection[Any],
    *,
    attempts: Sequence[Attempt],
    lease: timedelta,
    now: datetime | None = None,
) -> dict[int, datetime]:
    """Let the leases of attempts end a lease from now; return their ends, by job.

    Not among them is an attempt that is lost: leave that job to whoever has it.
    """
    check_durations(lease=lease)
    check_times(now=now)
    extended = work.extend_leases(
        connection,
        job_ids=[attempt.id for attempt in attempts],
        attempt_tokens=[attempt.attempt_token for attempt in attempts],
        lease=lease,
        now=now,
    )
    return {job.id: job.locked_until for job in extended}


def complete_job(
    connection: Connection[Any],
    *,
    job_id: int,
    attempt_token: int,
    remote_id: str | None = None,
    now: datetime | None = None,
) -> EndedJob:
    """Note that a job was posted, and under which id there, and return it.

    Raises `AttemptLost`, and changes nothing, when another worker has the job by now.
    """
    check_texts(remote_id=remote_id)
    check_times(now=now)
    completed = work.complete_job(
        connection,
        job_id=job_id,
        attempt_token=attempt_token,
        remote_id=remote_id,
        now=now,
    )
    if completed is None:
        raise AttemptLost(job_id, attempt_token)
    return completed


def complete_jobs(
    connection: Connection[Any],
    *,
    attempts: Sequence[Attempt],
    remote_ids: Mapping[int, str] | None = None,
    now: datetime | None = None,
) -> set[int]:
    """Note that many jobs were posted, and return the ids of those of which it is so.

    Not among them is an attempt that is lost. `remote_ids` has the ids there, by job.
    """
    remote = remote_ids or {}
    for remote_id in remote.values():
        check_texts(remote_ids=remote_id)
    check_times(now=now)
    completed = work.complete_jobs(
        connection,
        job_ids=[attempt.id for attempt in attempts],
        attempt_tokens=[attempt.attempt_token for attempt in attempts],
        remote_ids=[remote.get(attempt.id) for attempt in attempts],
        now=now,
    )
    return {job.id for job in completed}


def fail_job(
    connection: Connection[Any],
    *,
    job_id: int,
    attempt_token: int,
    error: str,
    max_attempts: int = 3,
    first_backoff: timedelta | None = None,
    max_backoff: timedelta | None = None,
    jitter: float = 0.1,
    now: datetime | None = None,
) -> EndedJob:
    """Note that an attempt failed, and return the job: `retrying`, or `dead_letter`.

    It is tried again after a backoff that doubles with each failure, from 5 minutes to
    24 hours unless given, varied by up to `jitter` of itself in both directions; after
    `max_attempts` failures it is a dead letter. What no column can hold of `error` is
    escaped.
    Raises `AttemptLost`, and changes nothing, when another worker has the job by now.
    """
    check_counts(max_attempts=max_attempts, most=MOST_SMALL)
    check_durations(first_backoff=first_backoff, max_backoff=max_backoff)
    check_jitter(jitter)
    check_times(now=now)
    failed = work.fail_job(
        connection,
        job_id=job_id,
        attempt_token=attempt_token,
        error=storable_text(error),
        max_attempts=max_attempts,
        first_backoff=first_backoff,
        max_backoff=max_backoff,
        jitter=jitter,
        now=now,
    )
    if failed is None:
        raise AttemptLost(job_id, attempt_token)
    return failed


def reclaim_expired_jobs(
    connection: Connection[Any],
    *,
    limit: int = 100,
    max_claims: int | None = None,
    now: datetime | None = None,
) -> list[ReclaimedJob]:
    """Take back at most `limit` jobs whose leases have ended, and return them.

    They are due at once, and no failure is counted: what ended may have been the
    worker, not the job. One that was claimed `max_claims` times becomes a dead letter.
    """
    check_counts(limit=limit, max_claims=max_claims)
    check_times(now=now)
    return work.reclaim_expired_jobs(
        connection, row_limit=limit, max_claims=max_claims, now=now
    )
