"""Operations on the other profile: the same tables, queries and answers."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from datalayer.queries.operations import (
    idempotency,
    metrics,
    nonce,
    queue,
    queue_work,
    retention,
    worker_lock,
)

pytestmark = pytest.mark.timescaledb

_MINUTE = timedelta(minutes=1)


def test_a_job_lives_as_on_plain_postgresql(timescaledb_url: str) -> None:
    with psycopg.connect(timescaledb_url, autocommit=True) as connection:
        job = queue.schedule_job(connection, platform="mastodon", content="hello")
        (claimed,) = queue_work.claim_due_jobs(
            connection, worker="w", row_limit=5, lease=_MINUTE
        )
        failed = queue_work.fail_job(
            connection,
            job_id=job.id,
            attempt_token=claimed.attempt_token,
            error="refused",
            max_attempts=1,
        )
        replayed = queue.replay_dead_letter(connection, job_id=job.id)
        (again,) = queue_work.claim_due_jobs(
            connection, worker="w", row_limit=5, lease=_MINUTE
        )
        stale = queue_work.complete_job(
            connection, job_id=job.id, attempt_token=claimed.attempt_token
        )
        posted = queue_work.complete_job(
            connection, job_id=job.id, attempt_token=again.attempt_token
        )
        counts = {each.status: each.jobs for each in queue.count_jobs(connection)}

    assert failed is not None
    assert failed.status == "dead_letter"
    assert replayed is not None
    assert stale is None
    assert posted is not None
    assert counts["posted"] == 1
    assert sum(counts.values()) == 1


def test_rights_are_given_once_as_on_plain_postgresql(timescaledb_url: str) -> None:
    with psycopg.connect(timescaledb_url, autocommit=True) as connection:
        begun = [idempotency.begin_idempotent(connection, key="k") for _ in range(2)]
        used = [
            nonce.register_nonce(connection, nonce="n", timestamp_ms=1)
            for _ in range(2)
        ]
        counted = [metrics.increment_counter(connection, name="c") for _ in range(2)]
        turns = [
            retention.take_retention_turn(connection, min_interval=_MINUTE)
            for _ in range(2)
        ]
        locks = [
            worker_lock.acquire_worker_lock(connection, owner_id=owner, ttl=_MINUTE)
            for owner in ("a", "b", "a")
        ]

    assert [entry is not None for entry in begun] == [True, False]
    assert used == [True, False]
    assert counted == [1, 2]
    assert turns == [True, False]
    assert [lock and lock.token for lock in locks] == [1, None, 2]
