"""Prolong the leases of all that runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from psycopg.errors import LockNotAvailable

from datalayer.domains.operations.worker.connecting import MOST_LOCKED
from datalayer.domains.operations.worker.runs import newest_of_each_job
from datalayer.queries.operations.queue_work import extend_leases

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import timedelta

    import psycopg

    from datalayer.domains.operations.worker.runs import Run


def prolong(
    connection: psycopg.Connection, runs: Iterable[Run], lease: timedelta
) -> None:
    """Prolong the leases of runs, and tell those whose job is somebody else's."""
    newest = list(newest_of_each_job(runs).values())
    try:
        _prolong_all(connection, newest, lease)
    except LockNotAvailable:
        # Somebody locks one of the jobs: the others are not to suffer.
        _prolong_unlocked(connection, newest, lease)


def _prolong_unlocked(
    connection: psycopg.Connection, runs: Iterable[Run], lease: timedelta
) -> None:
    locked = 0
    for run in runs:
        try:
            _prolong_all(connection, [run], lease)
        except LockNotAvailable:
            locked += 1  # Whether it is lost shows another time.
            if locked == MOST_LOCKED:
                raise


def _prolong_all(
    connection: psycopg.Connection, runs: Collection[Run], lease: timedelta
) -> None:
    if not runs:
        return
    asked_at = time.monotonic()
    rows = extend_leases(
        connection,
        job_ids=[run.attempt.id for run in runs],
        attempt_tokens=[run.attempt.attempt_token for run in runs],
        lease=lease,
    )
    held = {row.id for row in rows}
    for run in runs:
        if run.attempt.id in held:
            run.attempt.lease.ends_at = asked_at + lease.total_seconds()
        elif run.handled is None:
            run.attempt.lost.set()
        # Else its end may be known already, and only the answer was lost.
