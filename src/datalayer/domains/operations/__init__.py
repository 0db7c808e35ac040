# Derived by scripts/async_to_sync.py from __init__.py; do not edit.
"""Sessions, approvals, idempotency, nonces, metrics, a lock and a queue of jobs."""

from datalayer.domains.operations.approvals import (
    add_approval,
    decide_approval,
    find_approval,
    patch_approval,
)
from datalayer.domains.operations.arguments import Attempt, NewJob
from datalayer.domains.operations.attempts import (
    claim_due_jobs,
    complete_job,
    complete_jobs,
    extend_leases,
    fail_job,
    reclaim_expired_jobs,
)
from datalayer.domains.operations.fingerprints import fingerprint_of
from datalayer.domains.operations.idempotency import (
    abandon_request,
    begin_request,
    finish_request,
    get_request,
    release_request,
)
from datalayer.domains.operations.metrics import (
    get_metrics,
    increment_counter,
    observe_latency,
)
from datalayer.domains.operations.mirror import append_events
from datalayer.domains.operations.nonces import prune_nonces, use_nonce
from datalayer.domains.operations.queue import (
    find_job,
    find_schedule_conflict,
    queue_status,
    remove_job,
    replay_dead_letter,
    schedule_job,
    schedule_jobs,
    schedule_without_conflict,
)
from datalayer.domains.operations.results import (
    AppendReport,
    Done,
    InFlight,
    Latency,
    Metrics,
    QueueStatus,
    RejectedEvent,
    RetentionProgress,
    RetentionReport,
    Started,
)
from datalayer.domains.operations.retention import run_retention
from datalayer.domains.operations.retention_settings import (
    RetentionSettings,
    read_retention_settings,
)
from datalayer.domains.operations.sessions import get_or_create_session
from datalayer.domains.operations.worker_lock import (
    acquire_worker_lock,
    fenced,
    get_worker_lock,
    release_worker_lock,
    renew_worker_lock,
)
from datalayer.queries.operations.approval import list_approvals
from datalayer.queries.operations.mirror import (
    get_snapshot,
    list_events,
    save_snapshot,
)
from datalayer.queries.operations.nonce import register_nonce
from datalayer.queries.operations.queue import (
    list_dead_letters,
    list_jobs,
    list_jobs_by_status,
)
from datalayer.queries.operations.session import save_session

__all__ = [
    "AppendReport",
    "Attempt",
    "Done",
    "InFlight",
    "Latency",
    "Metrics",
    "NewJob",
    "QueueStatus",
    "RejectedEvent",
    "RetentionProgress",
    "RetentionReport",
    "RetentionSettings",
    "Started",
    "abandon_request",
    "acquire_worker_lock",
    "add_approval",
    "append_events",
    "begin_request",
    "claim_due_jobs",
    "complete_job",
    "complete_jobs",
    "decide_approval",
    "extend_leases",
    "fail_job",
    "fenced",
    "find_approval",
    "find_job",
    "find_schedule_conflict",
    "fingerprint_of",
    "finish_request",
    "get_metrics",
    "get_or_create_session",
    "get_request",
    "get_snapshot",
    "get_worker_lock",
    "increment_counter",
    "list_approvals",
    "list_dead_letters",
    "list_events",
    "list_jobs",
    "list_jobs_by_status",
    "observe_latency",
    "patch_approval",
    "prune_nonces",
    "queue_status",
    "read_retention_settings",
    "reclaim_expired_jobs",
    "register_nonce",
    "release_request",
    "release_worker_lock",
    "remove_job",
    "renew_worker_lock",
    "replay_dead_letter",
    "run_retention",
    "save_session",
    "save_snapshot",
    "schedule_job",
    "schedule_jobs",
    "schedule_without_conflict",
    "use_nonce",
]
