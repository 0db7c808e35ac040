"""Ways to get the operations domain wrong, each of which a machine must notice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from operations_clock import ClockSteps
from operations_leader_machine import LeaderMachine
from operations_queue_machine import QueueMachine
from operations_store_machine import StoreMachine

from datalayer.queries.operations import (
    approval,
    idempotency,
    metrics,
    nonce,
    queue,
    queue_work,
    retention,
    worker_lock,
)

if TYPE_CHECKING:
    import pytest
    from psycopg import Connection

    Apply = Callable[[pytest.MonkeyPatch, Connection[Any]], None]


@dataclass(frozen=True)
class Mutant:
    """A broken version, and what the machine that finds it says about it."""

    name: str
    machine: type[ClockSteps]
    apply: Apply
    #: A regular expression that matches the error.
    noticed_as: str


def _sql(module: ModuleType, constant: str, *changes: tuple[str, str]) -> Apply:
    """Change the text of a query everywhere a piece of it stands."""

    def apply(monkeypatch: pytest.MonkeyPatch, _: Connection[Any]) -> None:
        query = getattr(module, constant)
        text = query.sql
        for old, new in changes:
            assert old in text, f"{constant} has no {old!r}"
            text = text.replace(old, new)
        monkeypatch.setattr(module, constant, dataclasses.replace(query, sql=text))

    return apply


def _two_jobs_of_a_key(
    monkeypatch: pytest.MonkeyPatch, connection: Connection[Any]
) -> None:
    """Look for the key in an index that has each job once."""
    live = "WHERE status IN ('scheduled', 'retrying', 'processing')"
    connection.execute("DROP INDEX idx_queue_idempotency")
    change = (f"ON CONFLICT (idempotency_key)\n{live}", "ON CONFLICT (id)")
    _sql(queue, "SCHEDULE_JOB", change)(monkeypatch, connection)
    change = (f"ON CONFLICT (idempotency_key)\n    {live}", "ON CONFLICT (id)")
    _sql(queue, "SCHEDULE_JOBS", change)(monkeypatch, connection)


_QUEUE = (
    Mutant(
        "claim without the guard of its status",
        QueueMachine,
        _sql(
            queue_work,
            "CLAIM_DUE_JOBS",
            (
                "status IN ('scheduled', 'retrying')",
                "status IN ('scheduled', 'retrying', 'processing')",
            ),
        ),
        "law: only what waits is claimed",
    ),
    Mutant(
        "claim of more than its limit",
        QueueMachine,
        _sql(
            queue_work,
            "CLAIM_DUE_JOBS",
            ("::bigint)\n    FOR UPDATE", "::bigint + 1)\n    FOR UPDATE"),
        ),
        "law: a claim takes no more than its limit",
    ),
    Mutant(
        "claim before the time of the retry",
        QueueMachine,
        _sql(
            queue_work,
            "CLAIM_DUE_JOBS",
            (
                "coalesce(next_retry_at, scheduled_at)\n        <=",
                "scheduled_at\n        <=",
            ),
        ),
        "law: no claim before its time",
    ),
    Mutant(
        "claim of what was scheduled first",
        QueueMachine,
        _sql(
            queue_work,
            "CLAIM_DUE_JOBS",
            ("ORDER BY coalesce(next_retry_at, scheduled_at), id", "ORDER BY id"),
        ),
        "law: a claim takes what has waited longest",
    ),
    Mutant(
        "claim in any order",
        QueueMachine,
        _sql(
            queue_work,
            "CLAIM_DUE_JOBS",
            ("FROM claimed\nORDER BY scheduled_at, id", "FROM claimed\nORDER BY id"),
        ),
        "law: claim order",
    ),
    Mutant(
        "claim with the token of before",
        QueueMachine,
        _sql(
            queue_work,
            "CLAIM_DUE_JOBS",
            ("job.attempt_token + 1", "greatest(job.attempt_token, 1)"),
        ),
        "law: what one gets",
    ),
    Mutant(
        "completion without its token",
        QueueMachine,
        _sql(
            queue_work,
            "COMPLETE_JOB",
            ("AND attempt_token = ", "AND 0 <> "),
        ),
        "law: a stale token changes nothing",
    ),
    Mutant(
        "completion without its status",
        QueueMachine,
        _sql(
            queue_work,
            "COMPLETE_JOB",
            ("AND status = (SELECT 'processing')", ""),
        ),
        "law: a stale token changes nothing|next_retry_at_of_retry|dead_letter_at",
    ),
    Mutant(
        "completion of many without their status",
        QueueMachine,
        _sql(
            queue_work,
            "COMPLETE_JOBS",
            ("AND held.status = 'processing'", ""),
        ),
        "law: a stale token changes nothing|next_retry_at_of_retry|dead_letter_at",
    ),
    Mutant(
        "lease extended without its token",
        QueueMachine,
        _sql(
            queue_work,
            "EXTEND_LEASES",
            (" AND job.attempt_token = given.attempt_token", ""),
        ),
        "law: a stale token changes nothing",
    ),
    Mutant(
        "failure that keeps the time of the retry",
        QueueMachine,
        _sql(
            queue_work,
            "FAIL_JOB",
            ("WHEN retries + 1 < ", "WHEN retries + 1 <= "),
        ),
        "next_retry_at_of_retry",
    ),
    Mutant(
        "failure that counts twice",
        QueueMachine,
        _sql(
            queue_work, "FAIL_JOB", ("retries = retries + 1", "retries = retries + 2")
        ),
        "law: the end of an attempt|law: the backoff",
    ),
    Mutant(
        "dead letter one failure early",
        QueueMachine,
        _sql(queue_work, "FAIL_JOB", ("WHEN retries + 1", "WHEN retries + 2")),
        "law: a dead letter after the last failure",
    ),
    Mutant(
        "dead letter one failure late",
        QueueMachine,
        _sql(queue_work, "FAIL_JOB", ("WHEN retries + 1", "WHEN retries")),
        "law: a dead letter after the last failure",
    ),
    Mutant(
        "backoff that does not grow",
        QueueMachine,
        _sql(queue_work, "FAIL_JOB", ("least(retries, 60)", "least(retries, 0)")),
        "law: the backoff",
    ),
    Mutant(
        "backoff without its maximum",
        QueueMachine,
        _sql(queue_work, "FAIL_JOB", ("secs => least(", "secs => greatest(")),
        "law: the backoff",
    ),
    Mutant(
        "reclaim that counts a failure",
        QueueMachine,
        _sql(
            queue_work,
            "RECLAIM_EXPIRED_JOBS",
            ("    last_error = ", "    retries = job.retries + 1,\n    last_error = "),
        ),
        "law: the rows",
    ),
    Mutant(
        "reclaim of a lease that has not ended",
        QueueMachine,
        _sql(
            queue_work,
            "RECLAIM_EXPIRED_JOBS",
            ("AND locked_until <=", "AND locked_until - interval '1 second' <="),
        ),
        "law: what ended first is taken back",
    ),
    Mutant(
        "lease by the clock on the wall",
        QueueMachine,
        _sql(
            queue_work,
            "CLAIM_DUE_JOBS",
            ("make_interval(secs => extract(EPOCH FROM ", "(("),
        ),
        "law: what one gets",
    ),
    Mutant(
        "replay that keeps the failures",
        QueueMachine,
        _sql(queue, "REPLAY_DEAD_LETTER", ("retries = 0,", "")),
        "law: a replay begins as if it had never failed",
    ),
    Mutant(
        "replay of what is no dead letter",
        QueueMachine,
        _sql(queue, "REPLAY_DEAD_LETTER", ("AND job.status = 'dead_letter'", "")),
        "law: only a dead letter is replayed|posted_at_of|lease_of|next_retry_at_of",
    ),
    Mutant(
        "conflict without the ends of the gap",
        QueueMachine,
        _sql(
            queue,
            "FIND_SCHEDULE_CONFLICT",
            ("extract(EPOCH FROM ", "-0.000001 + extract(EPOCH FROM "),
        ),
        "law: a conflict within the gap|law: no two within the gap",
    ),
    Mutant(
        "second job of a key",
        QueueMachine,
        _two_jobs_of_a_key,
        "law: a key has one live job",
    ),
    Mutant(
        "second job of a key that changes the first",
        QueueMachine,
        _sql(
            queue,
            "SCHEDULE_JOB",
            (
                "SET idempotency_key = excluded.idempotency_key",
                "SET content = excluded.content",
            ),
        ),
        "law: a key has one live job",
    ),
)
_STORE = (
    Mutant(
        "decision made twice",
        StoreMachine,
        _sql(approval, "DECIDE_APPROVAL", ("AND status = 'pending'", "")),
        "law: an approval is decided once",
    ),
    Mutant(
        "nonce that is always the first",
        StoreMachine,
        _sql(nonce, "REGISTER_NONCE", ("SELECT exists(", "SELECT TRUE OR exists(")),
        "law: a nonce is used once",
    ),
    Mutant(
        "prune of nonces of exactly the time",
        StoreMachine,
        _sql(nonce, "PRUNE_NONCES", ("timestamp_ms < ", "timestamp_ms <= ")),
        "law: nonces older than the time are pruned",
    ),
    Mutant(
        "begin of what is under way",
        StoreMachine,
        _sql(
            idempotency,
            "BEGIN_IDEMPOTENT",
            (
                "DO NOTHING",
                "DO UPDATE SET saved_at = excluded.saved_at, value = NULL,"
                " state = 'in_flight'",
            ),
        ),
        "law: a key has one runner",
    ),
    Mutant(
        "finish of an attempt that was abandoned",
        StoreMachine,
        _sql(idempotency, "FINISH_IDEMPOTENT", ("AND saved_at = ", "AND now() <> ")),
        "law: only the attempt under way finishes",
    ),
    Mutant(
        "finish that loses the null of JSON",
        StoreMachine,
        _sql(idempotency, "FINISH_IDEMPOTENT", ("'null'::jsonb", "'{}'::jsonb")),
        "law: the answer is what was stored",
    ),
    Mutant(
        "abandoning of what is done",
        StoreMachine,
        _sql(idempotency, "ABANDON_IDEMPOTENT", ("AND state = 'in_flight'", "")),
        "law: what was under way for so long|law: a key has one runner",
    ),
    Mutant(
        "retention of a pending approval",
        StoreMachine,
        _sql(retention, "DELETE_OLD_APPROVALS", ("status <> 'pending'", "TRUE")),
        "law: retention removes old_approvals",
    ),
    Mutant(
        "retention of a pending approval among too many",
        StoreMachine,
        _sql(retention, "DELETE_SURPLUS_APPROVALS", ("status <> 'pending'", "TRUE")),
        "law: retention removes surplus_approvals",
    ),
    Mutant(
        "retention of a request under way",
        StoreMachine,
        _sql(retention, "DELETE_OLD_IDEMPOTENCY", ("state = 'done'", "TRUE")),
        "law: retention removes old_idempotency",
    ),
    Mutant(
        "retention of an approval of exactly the age",
        StoreMachine,
        _sql(retention, "DELETE_OLD_APPROVALS", ("created_at < ", "created_at <= ")),
        "law: retention removes old_approvals",
    ),
    Mutant(
        "retention of a nonce of exactly the age",
        StoreMachine,
        _sql(retention, "DELETE_OLD_NONCES", ("< ceil(", "<= ceil(")),
        "law: retention removes old_nonces",
    ),
    Mutant(
        "retention that keeps the oldest",
        StoreMachine,
        _sql(
            retention,
            "DELETE_SURPLUS_APPROVALS",
            ("(created_at, id) <= (", "(created_at, id) >= ("),
            ("newer.created_at DESC, newer.id DESC", "newer.created_at, newer.id"),
        ),
        "law: retention removes surplus_approvals|law: the approvals",
    ),
    Mutant(
        "retention of one batch alone",
        StoreMachine,
        _sql(retention, "DELETE_SURPLUS_IDEMPOTENCY", ("LIMIT $2", "LIMIT $2 - 1")),
        "law: retention removes surplus_idempotency",
    ),
    Mutant(
        "retention at any time",
        StoreMachine,
        _sql(
            retention,
            "TAKE_RETENTION_TURN",
            ("NOT EXISTS (", "TRUE OR NOT EXISTS ("),
            ("turn.last_run_at <= ", "TRUE OR turn.last_run_at <= "),
        ),
        "law: retention once a minute",
    ),
)
_LEADER = (
    Mutant(
        "renewal of a lock that has expired",
        LeaderMachine,
        _sql(worker_lock, "RENEW_WORKER_LOCK", ("AND expires_at > ", "AND now() <> ")),
        "law: only a holder renews",
    ),
    Mutant(
        "acquisition that keeps the token",
        LeaderMachine,
        _sql(worker_lock, "ACQUIRE_WORKER_LOCK", ("held.token + 1", "held.token")),
        "law: tokens grow",
    ),
    Mutant(
        "acquisition of a lock that is held",
        LeaderMachine,
        _sql(
            worker_lock,
            "ACQUIRE_WORKER_LOCK",
            ("AND other.owner_id <> ", "AND other.token < 0 AND other.owner_id <> "),
            ("OR held.expires_at <= ", "OR TRUE OR held.expires_at <= "),
        ),
        "law: a lock has one holder",
    ),
    Mutant(
        "release by somebody else",
        LeaderMachine,
        _sql(worker_lock, "RELEASE_WORKER_LOCK", ("AND owner_id = ", "AND '' <> ")),
        "law: only a holder releases",
    ),
    Mutant(
        "fence that lets an old token pass",
        LeaderMachine,
        _sql(worker_lock, "GUARD_WORKER_LOCK", ("AND token = ", "AND token >= ")),
        "law: the fence",
    ),
    Mutant(
        "fence without an end",
        LeaderMachine,
        _sql(worker_lock, "GUARD_WORKER_LOCK", ("AND expires_at > ", "AND now() <> ")),
        "law: the fence",
    ),
    Mutant(
        "maximum of a latency that is its minimum",
        LeaderMachine,
        _sql(metrics, "OBSERVE_LATENCY", ("greatest(", "least(")),
        "law: the latencies",
    ),
)
MUTANTS = (*_QUEUE, *_STORE, *_LEADER)
