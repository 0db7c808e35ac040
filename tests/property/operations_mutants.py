"""Ways to get the operations domain wrong, each of which a machine must notice."""

from __future__ import annotations

from operations_leader_machine import LeaderMachine
from operations_mutant import Mutant, change_sql
from operations_queue_mutants import QUEUE_MUTANTS
from operations_store_machine import StoreMachine

from datalayer.queries.operations import (
    approval,
    idempotency,
    metrics,
    nonce,
    retention,
    worker_lock,
)

_STORE = (
    Mutant(
        "decision made twice",
        StoreMachine,
        change_sql(approval, "DECIDE_APPROVAL", ("AND status = 'pending'", "")),
        "law: an approval is decided once",
    ),
    Mutant(
        "nonce that is always the first",
        StoreMachine,
        change_sql(
            nonce, "REGISTER_NONCE", ("SELECT exists(", "SELECT TRUE OR exists(")
        ),
        "law: a nonce is used once",
    ),
    Mutant(
        "prune of nonces of exactly the time",
        StoreMachine,
        change_sql(nonce, "PRUNE_NONCES", ("timestamp_ms < ", "timestamp_ms <= ")),
        "law: nonces older than the time are pruned",
    ),
    Mutant(
        "begin of what is under way",
        StoreMachine,
        change_sql(
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
        change_sql(
            idempotency, "FINISH_IDEMPOTENT", ("AND saved_at = ", "AND now() <> ")
        ),
        "law: only the attempt under way finishes",
    ),
    Mutant(
        "finish that loses the null of JSON",
        StoreMachine,
        change_sql(idempotency, "FINISH_IDEMPOTENT", ("'null'::jsonb", "'{}'::jsonb")),
        "law: the answer is what was stored",
    ),
    Mutant(
        "abandoning of what is done",
        StoreMachine,
        change_sql(idempotency, "ABANDON_IDEMPOTENT", ("AND state = 'in_flight'", "")),
        "law: what was under way for so long|law: a key has one runner",
    ),
    Mutant(
        "retention of a pending approval",
        StoreMachine,
        change_sql(retention, "DELETE_OLD_APPROVALS", ("status <> 'pending'", "TRUE")),
        "law: retention removes old_approvals",
    ),
    Mutant(
        "retention of a pending approval among too many",
        StoreMachine,
        change_sql(
            retention, "DELETE_SURPLUS_APPROVALS", ("status <> 'pending'", "TRUE")
        ),
        "law: retention removes surplus_approvals",
    ),
    Mutant(
        "retention of a request under way",
        StoreMachine,
        change_sql(retention, "DELETE_OLD_IDEMPOTENCY", ("state = 'done'", "TRUE")),
        "law: retention removes old_idempotency",
    ),
    Mutant(
        "retention of an approval of exactly the age",
        StoreMachine,
        change_sql(
            retention, "DELETE_OLD_APPROVALS", ("created_at < ", "created_at <= ")
        ),
        "law: retention removes old_approvals",
    ),
    Mutant(
        "retention of a nonce of exactly the age",
        StoreMachine,
        change_sql(retention, "DELETE_OLD_NONCES", ("< ceil(", "<= ceil(")),
        "law: retention removes old_nonces",
    ),
    Mutant(
        "retention that keeps the oldest",
        StoreMachine,
        change_sql(
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
        change_sql(
            retention, "DELETE_SURPLUS_IDEMPOTENCY", ("LIMIT $2", "LIMIT $2 - 1")
        ),
        "law: retention removes surplus_idempotency",
    ),
    Mutant(
        "retention at any time",
        StoreMachine,
        change_sql(
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
        change_sql(
            worker_lock, "RENEW_WORKER_LOCK", ("AND expires_at > ", "AND now() <> ")
        ),
        "law: only a holder renews",
    ),
    Mutant(
        "acquisition that keeps the token",
        LeaderMachine,
        change_sql(
            worker_lock, "ACQUIRE_WORKER_LOCK", ("held.token + 1", "held.token")
        ),
        "law: tokens grow",
    ),
    Mutant(
        "acquisition of a lock that is held",
        LeaderMachine,
        change_sql(
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
        change_sql(
            worker_lock, "RELEASE_WORKER_LOCK", ("AND owner_id = ", "AND '' <> ")
        ),
        "law: only a holder releases",
    ),
    Mutant(
        "fence that lets an old token pass",
        LeaderMachine,
        change_sql(worker_lock, "GUARD_WORKER_LOCK", ("AND token = ", "AND token >= ")),
        "law: the fence",
    ),
    Mutant(
        "fence without an end",
        LeaderMachine,
        change_sql(
            worker_lock, "GUARD_WORKER_LOCK", ("AND expires_at > ", "AND now() <> ")
        ),
        "law: the fence",
    ),
    Mutant(
        "maximum of a latency that is its minimum",
        LeaderMachine,
        change_sql(metrics, "OBSERVE_LATENCY", ("greatest(", "least(")),
        "law: the latencies",
    ),
)
MUTANTS = (*QUEUE_MUTANTS, *_STORE, *_LEADER)
