"""Get jobs: when to ask for them, and how."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from datalayer.domains.operations.worker.events import Reclaimed
from datalayer.domains.operations.worker.runs import new_run
from datalayer.queries.operations.queue import get_next_work
from datalayer.queries.operations.queue_work import (
    claim_due_jobs,
    reclaim_expired_jobs,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import psycopg

    from datalayer.domains.operations.worker.runs import Run
    from datalayer.domains.operations.worker.settings import WorkerSettings

# In seconds. Between two claims of all that is due lie others, which leave out what was
# due before the last ones: they need not step over what those left in the index, where
# a long-running reader keeps it.
_WHOLE_CLAIM_WHEN_BUSY = 5.0
_WHOLE_CLAIM = 1.0
_RECLAIM = 1.0
_SHORTEST_PAUSE = 0.1
# A transaction may commit a job a while after the time at which it is due.
_MARGIN = timedelta(seconds=10)
_RECLAIM_BATCH = 100


@dataclass(slots=True)
class ClaimSchedule:
    """When to ask next, and what has been seen; all by `time.monotonic`."""

    next_at: float = -math.inf
    whole_at: float = -math.inf
    reclaimed_at: float = -math.inf
    since: datetime | None = None
    #: Whether the last claim left nothing out.
    was_whole: bool = False
    #: Whether the last claim brought all it asked for.
    is_busy: bool = False
    #: Whether nothing at all was due the last time.
    is_idle: bool = False

    def hurry(self) -> None:
        """Ask at once."""
        self.next_at = -math.inf


def reclaim(
    connection: psycopg.Connection, settings: WorkerSettings, schedule: ClaimSchedule
) -> Iterator[Reclaimed]:
    """Take back the jobs whose leases have ended, unless that was done just now."""
    if time.monotonic() - schedule.reclaimed_at < _RECLAIM:
        return
    while True:
        rows = reclaim_expired_jobs(
            connection, row_limit=_RECLAIM_BATCH, max_claims=settings.max_claims
        )
        for row in rows:
            yield Reclaimed(row.id, row.status, row.attempt_token, row.locked_by)
        if len(rows) < _RECLAIM_BATCH:
            break
    schedule.reclaimed_at = time.monotonic()


def claim(
    connection: psycopg.Connection,
    settings: WorkerSettings,
    schedule: ClaimSchedule,
    limit: int,
) -> list[Run]:
    """Claim at most so many jobs."""
    asked_at = time.monotonic()
    is_whole = settings.until_idle or _is_whole_due(schedule, asked_at)
    jobs = claim_due_jobs(
        connection,
        worker=settings.name,
        row_limit=limit,
        lease=settings.lease,
        since=None if is_whole else schedule.since,
    )
    schedule.next_at = asked_at + settings.poll.total_seconds()
    schedule.was_whole = is_whole
    schedule.is_busy = len(jobs) == limit
    schedule.is_idle = False
    if is_whole:
        schedule.whole_at = asked_at
    elif not schedule.is_busy:
        schedule.next_at = min(schedule.next_at, schedule.whole_at + _WHOLE_CLAIM)
    if jobs:
        schedule.since = min(job.due_at for job in jobs) - _MARGIN
    return [new_run(job, settings.lease, asked_at) for job in jobs]


def _is_whole_due(schedule: ClaimSchedule, now: float) -> bool:
    if schedule.since is None:
        return True
    interval = _WHOLE_CLAIM_WHEN_BUSY if schedule.is_busy else _WHOLE_CLAIM
    return now - schedule.whole_at >= interval


def look_ahead(connection: psycopg.Connection, schedule: ClaimSchedule) -> None:
    """Ask again when the next job is due, or a lease ends; note if nothing is due."""
    wait = get_next_work(connection)
    seconds = math.inf if wait is None else wait.total_seconds()
    schedule.is_idle = seconds > 0
    if seconds <= 0:  # Somebody has it under way, or takes it back in a moment.
        seconds = _SHORTEST_PAUSE
    schedule.next_at = min(schedule.next_at, time.monotonic() + seconds)
