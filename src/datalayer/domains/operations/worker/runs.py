"""The attempts that a worker has, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.domains.operations.worker.attempts import Attempt, Lease

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from datalayer.domains.operations.worker.handling import Handled
    from datalayer.queries.operations.queue_work import ClaimedJob


@dataclass(slots=True)
class Run:
    """An attempt from its claim until the database knows how it ended."""

    attempt: Attempt
    waited: timedelta
    #: What the handler made of it, once it has ended.
    handled: Handled | None = None


def new_run(job: ClaimedJob, lease: timedelta, asked_at: float) -> Run:
    """Return the run of a job that was just claimed, `asked_at` by the own clock."""
    attempt = Attempt(
        id=job.id,
        platform=job.platform,
        content=job.content,
        scheduled_at=job.scheduled_at,
        idempotency_key=job.idempotency_key,
        retries=job.retries,
        attempt_token=job.attempt_token,
        lease=Lease(asked_at + lease.total_seconds()),
    )
    # Of two times by the server's clock.
    return Run(attempt, waited=job.locked_until - lease - job.due_at)


def newest_of_each_job(runs: Iterable[Run]) -> dict[int, Run]:
    """Return one run a job: the others of the job cannot be the current one."""
    ordered = sorted(runs, key=lambda run: run.attempt.attempt_token)
    return {run.attempt.id: run for run in ordered}
