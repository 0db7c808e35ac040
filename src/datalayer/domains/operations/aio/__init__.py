# twin: ../__init__.py
"""Sessions, approvals, idempotency, nonces, metrics, a lock and a queue of jobs."""

from datalayer.domains.operations.aio.attempts import (
    claim_due_jobs,
    complete_job,
    complete_jobs,
    extend_leases,
    fail_job,
    reclaim_expired_jobs,
)
from datalayer.domains.operations.aio.queue import (
    find_job,
    find_schedule_conflict,
    queue_status,
    remove_job,
    replay_dead_letter,
    schedule_job,
    schedule_jobs,
    schedule_without_conflict,
)
from datalayer.domains.operations.aio.worker_lock import (
    acquire_worker_lock,
    fenced,
    get_worker_lock,
    release_worker_lock,
    renew_worker_lock,
)
from datalayer.domains.operations.arguments import Attempt, NewJob
from datalayer.domains.operations.results import QueueStatus
from datalayer.queries.aio.operations.queue import (
    list_dead_letters,
    list_jobs,
    list_jobs_by_status,
)
from datalayer.queries.aio.operations.session import save_session

__all__ = [
    "Attempt",
    "NewJob",
    "QueueStatus",
    "acquire_worker_lock",
    "claim_due_jobs",
    "complete_job",
    "complete_jobs",
    "extend_leases",
    "fail_job",
    "fenced",
    "find_job",
    "find_schedule_conflict",
    "get_worker_lock",
    "list_dead_letters",
    "list_jobs",
    "list_jobs_by_status",
    "queue_status",
    "reclaim_expired_jobs",
    "release_worker_lock",
    "remove_job",
    "renew_worker_lock",
    "replay_dead_letter",
    "save_session",
    "schedule_job",
    "schedule_jobs",
    "schedule_without_conflict",
]
