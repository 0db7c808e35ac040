"""Ways to get the queue wrong, each of which its machine must notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operations_mutant import Mutant, change_sql
from operations_queue_machine import QueueMachine

from datalayer.queries.operations import queue, queue_work

if TYPE_CHECKING:
    import pytest
    from psycopg import Connection


def _two_jobs_of_a_key(
    monkeypatch: pytest.MonkeyPatch, connection: Connection[Any]
) -> None:
    """Look for the key in an index that has each job once."""
    live = "WHERE status IN ('scheduled', 'retrying', 'processing')"
    connection.execute("DROP INDEX idx_queue_idempotency")
    change = (f"ON CONFLICT (idempotency_key)\n{live}", "ON CONFLICT (id)")
    change_sql(queue, "SCHEDULE_JOB", change)(monkeypatch, connection)
    change = (f"ON CONFLICT (idempotency_key)\n    {live}", "ON CONFLICT (id)")
    change_sql(queue, "SCHEDULE_JOBS", change)(monkeypatch, connection)


QUEUE_MUTANTS = (
    Mutant(
        "claim without the guard of its status",
        QueueMachine,
        change_sql(
            queue_work,
            "CLAIM_DUE_JOBS",
            (
                "status NOT IN ('processing', 'posted', 'dead_letter')",
                "status NOT IN ('posted', 'dead_letter')",
            ),
        ),
        "law: only what waits is claimed",
    ),
    Mutant(
        "claim of more than its limit",
        QueueMachine,
        change_sql(
            queue_work,
            "CLAIM_DUE_JOBS",
            ("::bigint)\n    FOR UPDATE", "::bigint + 1)\n    FOR UPDATE"),
        ),
        "law: a claim takes no more than its limit",
    ),
    Mutant(
        "claim before the time of the retry",
        QueueMachine,
        change_sql(
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
        change_sql(
            queue_work,
            "CLAIM_DUE_JOBS",
            ("ORDER BY coalesce(next_retry_at, scheduled_at), id", "ORDER BY id"),
        ),
        "law: a claim takes what has waited longest",
    ),
    Mutant(
        "claim in any order",
        QueueMachine,
        change_sql(
            queue_work,
            "CLAIM_DUE_JOBS",
            ("FROM claimed\nORDER BY scheduled_at, id", "FROM claimed\nORDER BY id"),
        ),
        "law: claim order",
    ),
    Mutant(
        "claim with the token of before",
        QueueMachine,
        change_sql(
            queue_work,
            "CLAIM_DUE_JOBS",
            ("job.attempt_token + 1", "greatest(job.attempt_token, 1)"),
        ),
        "law: what one gets",
    ),
    Mutant(
        "completion without its token",
        QueueMachine,
        change_sql(
            queue_work,
            "COMPLETE_JOB",
            ("AND attempt_token = ", "AND 0 <> "),
        ),
        "law: a stale token changes nothing",
    ),
    Mutant(
        "completion without its status",
        QueueMachine,
        change_sql(
            queue_work,
            "COMPLETE_JOB",
            ("AND status = (SELECT 'processing')", ""),
        ),
        "law: a stale token changes nothing|next_retry_at_of_retry|dead_letter_at",
    ),
    Mutant(
        "completion of many without their status",
        QueueMachine,
        change_sql(
            queue_work,
            "COMPLETE_JOBS",
            ("AND held.status = 'processing'", ""),
        ),
        "law: a stale token changes nothing|next_retry_at_of_retry|dead_letter_at",
    ),
    Mutant(
        "lease extended without its token",
        QueueMachine,
        change_sql(
            queue_work,
            "EXTEND_LEASES",
            (" AND job.attempt_token = given.attempt_token", ""),
        ),
        "law: a stale token changes nothing",
    ),
    Mutant(
        "failure that keeps the time of the retry",
        QueueMachine,
        change_sql(
            queue_work,
            "FAIL_JOB",
            ("WHEN retries + 1 < ", "WHEN retries + 1 <= "),
        ),
        "next_retry_at_of_retry",
    ),
    Mutant(
        "failure that counts twice",
        QueueMachine,
        change_sql(
            queue_work, "FAIL_JOB", ("retries = retries + 1", "retries = retries + 2")
        ),
        "law: the end of an attempt|law: the backoff",
    ),
    Mutant(
        "dead letter one failure early",
        QueueMachine,
        change_sql(queue_work, "FAIL_JOB", ("WHEN retries + 1", "WHEN retries + 2")),
        "law: a dead letter after the last failure",
    ),
    Mutant(
        "dead letter one failure late",
        QueueMachine,
        change_sql(queue_work, "FAIL_JOB", ("WHEN retries + 1", "WHEN retries")),
        "law: a dead letter after the last failure",
    ),
    Mutant(
        "backoff that does not grow",
        QueueMachine,
        change_sql(queue_work, "FAIL_JOB", ("least(retries, 60)", "least(retries, 0)")),
        "law: the backoff",
    ),
    Mutant(
        "backoff without its maximum",
        QueueMachine,
        change_sql(queue_work, "FAIL_JOB", ("secs => least(", "secs => greatest(")),
        "law: the backoff",
    ),
    Mutant(
        "reclaim that counts a failure",
        QueueMachine,
        change_sql(
            queue_work,
            "RECLAIM_EXPIRED_JOBS",
            ("    last_error = ", "    retries = job.retries + 1,\n    last_error = "),
        ),
        "law: the rows",
    ),
    Mutant(
        "reclaim of a lease that has not ended",
        QueueMachine,
        change_sql(
            queue_work,
            "RECLAIM_EXPIRED_JOBS",
            ("AND locked_until <=", "AND locked_until - interval '1 second' <="),
        ),
        "law: what ended first is taken back",
    ),
    Mutant(
        "lease by the clock on the wall",
        QueueMachine,
        change_sql(
            queue_work,
            "CLAIM_DUE_JOBS",
            ("make_interval(secs => extract(EPOCH FROM ", "(("),
        ),
        "law: what one gets",
    ),
    Mutant(
        "replay that keeps the failures",
        QueueMachine,
        change_sql(queue, "REPLAY_DEAD_LETTER", ("retries = 0,", "")),
        "law: a replay begins as if it had never failed",
    ),
    Mutant(
        "replay of what is no dead letter",
        QueueMachine,
        change_sql(queue, "REPLAY_DEAD_LETTER", ("AND job.status = 'dead_letter'", "")),
        "law: only a dead letter is replayed|posted_at_of|lease_of|next_retry_at_of",
    ),
    Mutant(
        "conflict without the ends of the gap",
        QueueMachine,
        change_sql(
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
        change_sql(
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
