"""What the tables hold before and after a program, as states of things."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg
from operations_interleaving_calls import as_lock, as_request, members_of
from operations_interleaving_histories import Thing
from operations_interleaving_language import StoredJob
from operations_interleaving_queue_calls import PLATFORM, as_state
from operations_interleaving_queue_rules import JobState
from operations_interleaving_rules import Asked
from operations_interleaving_turns import APPROVALS, START, Known

from datalayer.queries.operations import (
    approval,
    idempotency,
    metrics,
    queue,
    worker_lock,
)

_LONG_AGO = datetime.min.replace(year=2000, tzinfo=START.tzinfo)
_CLEAN = """
DELETE FROM assistly_queue_jobs;
DELETE FROM assistly_approvals;
DELETE FROM assistly_idempotency;
DELETE FROM assistly_nonces;
DELETE FROM assistly_metrics;
DELETE FROM assistly_worker_lock;
DELETE FROM assistly_retention;
SELECT setval('assistly_queue_jobs_id_seq', 1, FALSE);
"""


def starting_statements(jobs: tuple[StoredJob, ...]) -> list[str]:
    """What a program finds, as statements for empty tables."""
    asked = ", ".join(
        f"('{name}', '{START - timedelta(days=1)}', '{{}}')" for name in APPROVALS
    )
    return [
        f"INSERT INTO assistly_approvals (id, created_at, payload) VALUES {asked};",
        *map(_insert, jobs),
    ]


def _insert(job: StoredJob) -> str:
    at = START - timedelta(seconds=job.age)
    key = "NULL" if job.key is None else f"'{job.key}'"
    dead = ("dead_letter", f"'{at}'", 2) if job.is_dead else ("scheduled", "NULL", 0)
    return (
        "INSERT INTO assistly_queue_jobs (platform, content, scheduled_at,"
        " idempotency_key, status, dead_letter_at, retries) VALUES"
        f" ('{PLATFORM}', 'stored', '{at}', {key}, '{dead[0]}', {dead[1]}, {dead[2]});"
    )


def prepare_tables(
    connection: psycopg.Connection[Any], jobs: tuple[StoredJob, ...]
) -> Known:
    """Put into the tables what a program finds; return what it knows of it."""
    connection.execute(_CLEAN + "\n".join(starting_statements(jobs)))
    keys = {place + 1: job.key for place, job in enumerate(jobs)}
    return Known(jobs=list(keys), keys=keys)


Things = dict[Thing, Any]


def read_things(connection: psycopg.Connection[Any]) -> Things:
    return {
        **_jobs(connection),
        **_approvals(connection),
        **_requests(connection),
        **_nonces(connection),
        **_metrics(connection),
        **_lock_and_turn(connection),
    }


def _jobs(connection: psycopg.Connection[Any]) -> Things:
    things: dict[Thing, frozenset[JobState]] = {}
    for row in queue.list_jobs(connection).items:
        state = as_state(row)
        things[state.thing] = things.get(state.thing, frozenset()) | {state}
    return dict(things)


def _approvals(connection: psycopg.Connection[Any]) -> Things:
    return {
        ("approval", row.id): Asked(row.status, row.decided_at, members_of(row.payload))
        for row in approval.list_approvals(connection).items
    }


def _requests(connection: psycopg.Connection[Any]) -> Things:
    keys = connection.execute("SELECT key FROM assistly_idempotency").fetchall()
    return {
        ("request", key): as_request(idempotency.get_idempotency(connection, key=key))
        for (key,) in keys
    }


def _nonces(connection: psycopg.Connection[Any]) -> Things:
    text = "SELECT nonce, timestamp_ms FROM assistly_nonces"
    return {("nonce", nonce): at for nonce, at in connection.execute(text).fetchall()}


def _metrics(connection: psycopg.Connection[Any]) -> Things:
    row = metrics.get_metrics(connection)
    payload: Any = row.payload if row else {}
    latencies = {
        ("latency", name): tuple(int(one[part]) for part in ("count", "total", "max"))
        for name, one in payload.get("latencies", {}).items()
    }
    counters = payload.get("counters", {})
    return {**{("counter", name): n for name, n in counters.items()}, **latencies}


def _lock_and_turn(connection: psycopg.Connection[Any]) -> Things:
    # However long ago it expired.
    lock = as_lock(worker_lock.get_worker_lock(connection, now=_LONG_AGO))
    turn = connection.execute("SELECT last_run_at FROM assistly_retention").fetchone()
    things: Things = {("lock", 1): lock} if lock else {}
    return {**things, ("turn", 1): turn[0]} if turn else things
