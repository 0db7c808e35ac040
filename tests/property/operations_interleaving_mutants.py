"""Broken queries of operations, each of which an interleaving must notice."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import pytest
from operations_interleaving_laws import (
    DUE_LAW,
    ERROR_LAW,
    FENCE_LAW,
    GAP_LAW,
    LIMIT_LAW,
    ORDER_LAWS,
    TOKEN_LAW,
)

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

Apply = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken version, and the law that must be among those it breaks."""

    name: str
    #: What programs are about that notice it.
    topic: str
    apply: Apply
    law: str
    #: Whether one session is enough to notice.
    alone: bool = False
    #: The known interleaving that notices it, where random ones hardly ever do.
    scenario: str | None = None


def _sql(module: ModuleType, constant: str, *changes: tuple[str, str]) -> Apply:
    """Replace pieces of a query's text, each of which must be there."""

    def apply(monkeypatch: pytest.MonkeyPatch) -> None:
        query = getattr(module, constant)
        text = query.sql
        for old, new in changes:
            text, count = re.subn(old, new, text, flags=re.DOTALL)
            assert count, f"{constant} has no {old!r}"
        monkeypatch.setattr(module, constant, dataclasses.replace(query, sql=text))

    return apply


_CLAIM = (queue_work, "CLAIM_DUE_JOBS")
_ANY_TOKEN = (r"AND attempt_token = (\$\d+)", r"AND attempt_token >= least(0, \1)")
# Conditions that are true of the snapshot, but perhaps not of the row any more.
_SAW_PENDING = (
    "AND id IN (SELECT saw.id FROM assistly_approvals AS saw"
    " WHERE saw.status = 'pending')"
)
_SAW_DEAD = (
    "AND job.id IN (SELECT saw.id FROM assistly_queue_jobs AS saw"
    " WHERE saw.status = 'dead_letter')"
)
_SAW_IDLE = (
    "id IN (SELECT saw.id FROM assistly_queue_jobs AS saw"
    " WHERE saw.status <> 'processing')"
)
# Run again for each job, a subselect locks others each time.
_EACH_TIME = (
    "WHERE job.id IN (SELECT again.id FROM assistly_queue_jobs AS again"
    " WHERE again.status IN ('scheduled', 'retrying') AND job.id > 0"
    " AND coalesce(again.next_retry_at, again.scheduled_at) <= $1"
    " LIMIT $3 FOR UPDATE SKIP LOCKED)"
)

MUTANTS = (
    Mutant(
        "claim that locks nothing",
        "work",
        _sql(*_CLAIM, ("FOR UPDATE SKIP LOCKED", "")),
        ORDER_LAWS["jobs"],
    ),
    Mutant(
        "claim that selects each time again",
        "work",
        _sql(
            *_CLAIM,
            (r"FROM due\s+WHERE job.id = due.id", _EACH_TIME),
            (r"due\.due_at", "job.scheduled_at AS due_at"),
        ),
        LIMIT_LAW,
        alone=True,
    ),
    Mutant(
        "claim that gives no new token",
        "work",
        _sql(*_CLAIM, (r"job\.attempt_token \+ 1", "greatest(job.attempt_token, 1)")),
        TOKEN_LAW,
        alone=True,
    ),
    Mutant(
        "claim that leaves the first",
        "work",
        _sql(*_CLAIM, (r"\bLIMIT ", "OFFSET 1 LIMIT ")),
        DUE_LAW,
        alone=True,
    ),
    Mutant(
        "completion without token",
        "work",
        _sql(queue_work, "COMPLETE_JOB", _ANY_TOKEN),
        ORDER_LAWS["jobs"],
        alone=True,
    ),
    Mutant(
        "failure without token",
        "work",
        _sql(queue_work, "FAIL_JOB", _ANY_TOKEN),
        ORDER_LAWS["jobs"],
        alone=True,
    ),
    Mutant(
        "extension without token",
        "work",
        _sql(
            queue_work,
            "EXTEND_LEASES",
            (r"AND job\.attempt_token = given\.attempt_token", ""),
        ),
        ORDER_LAWS["jobs"],
        alone=True,
    ),
    Mutant(
        "reclaim that locks nothing",
        "work",
        _sql(queue_work, "RECLAIM_EXPIRED_JOBS", ("FOR UPDATE SKIP LOCKED", "")),
        ORDER_LAWS["jobs"],
    ),
    Mutant(
        "removal by the status seen before",
        "keys",
        _sql(queue, "REMOVE_JOB", ("status <> 'processing'", _SAW_IDLE)),
        ORDER_LAWS["jobs"],
    ),
    Mutant(
        "replay by the status seen before",
        "keys",
        _sql(
            queue, "REPLAY_DEAD_LETTER", (r"AND job\.status = 'dead_letter'", _SAW_DEAD)
        ),
        ORDER_LAWS["jobs"],
    ),
    Mutant(
        "jobs scheduled in the order given",
        "keys",
        _sql(queue, "SCHEDULE_JOBS", ("ORDER BY idempotency_key, id", "ORDER BY id")),
        ERROR_LAW,
        scenario="many that are scheduled at once keep one order",
    ),
    Mutant(
        "schedule without waiting for others",
        "gaps",
        _sql(queue, "LOCK_PLATFORM", ("pg_advisory_xact_lock", "abs")),
        GAP_LAW,
    ),
    Mutant(
        "nonce that is looked up, then stored",
        "nonces",
        _sql(
            nonce,
            "REGISTER_NONCE",
            (
                r"VALUES \(\$1, \$2\)",
                "SELECT $1, $2 WHERE NOT EXISTS"
                " (SELECT FROM assistly_nonces WHERE nonce = $1)",
            ),
            ("DO NOTHING", "DO UPDATE SET timestamp_ms = excluded.timestamp_ms"),
        ),
        ORDER_LAWS["nonce"],
    ),
    Mutant(
        "decision by the status seen before",
        "approvals",
        _sql(approval, "DECIDE_APPROVAL", ("AND status = 'pending'", _SAW_PENDING)),
        ORDER_LAWS["approval"],
    ),
    Mutant(
        "patch of the payload seen before",
        "approvals",
        _sql(
            approval,
            "PATCH_APPROVAL",
            (
                r"SET payload = payload \|\|",
                "SET payload = (SELECT saw.payload FROM assistly_approvals AS saw"
                " WHERE saw.id = assistly_approvals.id) ||",
            ),
        ),
        ORDER_LAWS["approval"],
    ),
    Mutant(
        "request that is looked up, then begun",
        "requests",
        _sql(
            idempotency,
            "BEGIN_IDEMPOTENT",
            (
                r"VALUES \((.*)\)\nON CONFLICT",
                r"SELECT \1 WHERE NOT EXISTS"
                r" (SELECT FROM assistly_idempotency WHERE key = $1)\nON CONFLICT",
            ),
            ("DO NOTHING", "DO UPDATE SET saved_at = excluded.saved_at"),
        ),
        ORDER_LAWS["request"],
    ),
    Mutant(
        "answer of an abandoned request",
        "requests",
        _sql(
            idempotency,
            "FINISH_IDEMPOTENT",
            (r"AND saved_at = (\$\d+)", r"AND saved_at >= least(saved_at, \1)"),
        ),
        ORDER_LAWS["request"],
        alone=True,
    ),
    Mutant(
        "release of the next request",
        "requests",
        _sql(
            idempotency,
            "RELEASE_IDEMPOTENT",
            (r"AND saved_at = (\$\d+)", r"AND saved_at >= least(saved_at, \1)"),
        ),
        ORDER_LAWS["request"],
        alone=True,
    ),
    Mutant(
        "lock that is looked up, then taken",
        "lock",
        _sql(
            worker_lock,
            "ACQUIRE_WORKER_LOCK",
            (r"WHERE\s+held\.owner_id.*?RETURNING", "RETURNING"),
        ),
        ORDER_LAWS["lock"],
    ),
    Mutant(
        "lock renewed after its end",
        "lock",
        _sql(
            worker_lock,
            "RENEW_WORKER_LOCK",
            (r"AND expires_at > .*?\nRETURNING", "RETURNING"),
        ),
        ORDER_LAWS["lock"],
        alone=True,
    ),
    Mutant(
        "fence that locks nothing",
        "lock",
        _sql(worker_lock, "GUARD_WORKER_LOCK", ("FOR SHARE", "")),
        FENCE_LAW,
    ),
    Mutant(
        "counter that is read, then written",
        "metrics",
        _sql(
            metrics,
            "INCREMENT_COUNTER",
            (
                r"metrics\.payload -> 'counters' -> \$1",
                "(SELECT saw.payload FROM assistly_metrics AS saw) -> 'counters' -> $1",
            ),
        ),
        ORDER_LAWS["counter"],
    ),
    Mutant(
        "turn that is looked up, then taken",
        "turns",
        _sql(
            retention,
            "TAKE_RETENTION_TURN",
            (r"WHERE\s+turn\.last_run_at.*?RETURNING", "RETURNING"),
        ),
        ORDER_LAWS["turn"],
    ),
    Mutant(
        "retention of what is pending",
        "approvals",
        _sql(
            retention,
            "DELETE_OLD_APPROVALS",
            (r"status <> 'pending'", "status <> ''"),
        ),
        ORDER_LAWS["approval"],
        alone=True,
    ),
    Mutant(
        "retention of what is under way",
        "requests",
        _sql(retention, "DELETE_OLD_IDEMPOTENCY", (r"state = 'done'", "state <> ''")),
        ORDER_LAWS["request"],
        alone=True,
    ),
)
