"""The laws of the operations domain, checked on what a database holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operations_leader_model import Lock, Records
from operations_queue_model import STATUSES, Job, Queue
from operations_store_model import Approval, Request, Store

from datalayer.domains import operations
from datalayer.queries.operations import queue

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

_TABLES = (
    "assistly_store",
    "assistly_events",
    "assistly_sessions",
    "assistly_approvals",
    "assistly_idempotency",
    "assistly_nonces",
    "assistly_metrics",
    "assistly_worker_lock",
    "assistly_queue_jobs",
    "assistly_retention",
)


def empty_tables(connection: Connection[Any]) -> None:
    """Forget everything, faster than a new database, and for few rows than TRUNCATE."""
    connection.execute("; ".join(f"DELETE FROM {table}" for table in _TABLES))


def check_jobs(connection: Connection[Any], model: Queue) -> None:
    """Every row is as the model has it, and none is lost."""
    rows = queue.list_jobs(connection, row_limit=10_000).items
    found = {row.id: Job.of(row) for row in rows}
    assert found == model.jobs, "law: the rows"
    assert [row.id for row in rows] == sorted(found), "law: the rows in order"
    assert len(rows) + model.removed == model.inserted, "law: no job is lost"
    keys = [job.idempotency_key for job in found.values() if job.is_live]
    used = [key for key in keys if key is not None]
    assert len(set(used)) == len(used), "law: one live job for a key"


def check_queue(connection: Connection[Any], model: Queue, now: datetime) -> None:
    """What the queue says of itself."""
    counts = [(row.status, row.jobs) for row in queue.count_jobs(connection)]
    expected = [(status, len(model.of_status(status))) for status in STATUSES]
    assert counts == expected, "law: the counts"
    total = sum(count or 0 for _, count in counts)
    assert total + model.removed == model.inserted, "law: no job is lost"
    status = operations.queue_status(connection, now=now)
    assert status.counts == dict(expected), "law: the counts"
    assert status.age == model.age(now), "law: the age of the queue"
    assert status.next_work == model.next_work(now), "law: the next work"


def check_lists(connection: Connection[Any], model: Queue, row_limit: int) -> None:
    """The jobs of each status and the dead letters, page by page."""
    for status in STATUSES:
        expected = sorted(job.id for job in model.of_status(status))
        found: list[int] = []
        while page := queue.list_jobs_by_status(
            connection,
            status=status,
            after_id=found[-1] if found else 0,
            row_limit=row_limit,
        ):
            assert len(page) <= row_limit, "law: a page"
            found += [job.id for job in page]
        assert found == expected, "law: the jobs of a status"
    dead = [job.id for job in queue.list_dead_letters(connection).items]
    assert dead == sorted(job.id for job in model.of_status("dead_letter")), "law: dead"


def check_store(connection: Connection[Any], model: Store) -> None:
    """Approvals, requests and nonces are as the model has them."""
    approvals = connection.execute(
        "SELECT id, created_at, payload, status, decided_at FROM assistly_approvals"
    )
    found = {row[0]: Approval(*row) for row in approvals}
    assert found == model.approvals, "law: the approvals"
    requests = connection.execute(
        "SELECT key, saved_at, fingerprint, state, value, value IS NOT NULL"
        " FROM assistly_idempotency"
    ).fetchall()
    assert {row[0]: Request(*row[:5]) for row in requests} == model.requests, (
        "law: the requests"
    )
    for *_, state, _, has_value in requests:
        assert has_value == (state == "done"), "law: a stored null is a value"
    nonces = connection.execute("SELECT nonce, timestamp_ms FROM assistly_nonces")
    assert dict(nonces.fetchall()) == model.nonces, "law: the nonces"


def check_records(connection: Connection[Any], model: Records, now: datetime) -> None:
    """Locks, sessions, metrics and the mirror are as the model has them."""
    locks = connection.execute(
        "SELECT id, owner_id, acquired_at, expires_at, token FROM assistly_worker_lock"
    )
    assert {row[0]: Lock(*row) for row in locks} == model.locks, "law: the locks"
    for lock_id in (1, 2):
        lock = operations.get_worker_lock(connection, lock_id=lock_id, now=now)
        holder = model.held(lock_id, now)
        assert (lock and lock.owner_id) == (holder and holder.owner_id), "law: a holder"
    sessions = connection.execute("SELECT user_id, session FROM assistly_sessions")
    assert dict(sessions.fetchall()) == model.sessions, "law: the sessions"
    metrics = operations.get_metrics(connection)
    assert metrics.counters == model.counters, "law: the counters"
    latencies = {
        name: operations.Latency(one.count, float(one.total), float(one.max))
        for name, one in model.latencies.items()
    }
    assert metrics.latencies == latencies, "law: the latencies"
    for kind in ("queue", "state", "logs"):
        snapshot = operations.get_snapshot(connection, kind=kind)
        assert (snapshot is None) == (kind not in model.snapshots), "law: a snapshot"
        if snapshot is not None:
            assert snapshot.payload == model.snapshots[kind], "law: the last snapshot"
