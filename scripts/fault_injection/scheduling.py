"""How jobs get into the queue meanwhile: by a thread that no fault stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg

from datalayer.queries.operations.queue import schedule_jobs

if TYPE_CHECKING:
    from fault_injection.plan import Batch
    from fault_injection.tasks import Task

_PAUSE = 0.05
_KNOWN = """
SELECT idempotency_key FROM assistly_queue_jobs WHERE idempotency_key = ANY(%s)
"""


class Scheduler(threading.Thread):
    """Schedules batches at their times, each job once."""

    def __init__(self, url: str, batches: Sequence[Batch]) -> None:
        """Take what is to be scheduled, in order of time."""
        super().__init__(name="scheduler", daemon=True)
        self._url = url
        self._batches = batches
        self._ending = threading.Event()
        self.scheduled = 0

    def run(self) -> None:
        """Schedule all, unless told to end before."""
        started = time.monotonic()
        for batch in self._batches:
            if self._ending.wait(max(0.0, started + batch.at - time.monotonic())):
                return
            self._schedule(batch.tasks)
            self.scheduled += len(batch.tasks)

    def end(self) -> None:
        """Let it schedule nothing more."""
        self._ending.set()

    def _schedule(self, tasks: Sequence[Task]) -> None:
        while not self._ending.is_set():
            try:
                with psycopg.connect(self._url) as connection:
                    _schedule_missing(connection, tasks)
            except psycopg.OperationalError:
                self._ending.wait(_PAUSE)
            else:
                return


def _schedule_missing(connection: psycopg.Connection, tasks: Sequence[Task]) -> None:
    """Schedule those that are not there: the answer to the last time may be lost.

    A key keeps a second job away only as long as the first has not ended.
    """
    keys = [task.key for task in tasks]
    known = {key for (key,) in connection.execute(_KNOWN, (keys,))}
    missing = [task for task in tasks if task.key not in known]
    schedule_jobs(
        connection,
        platforms=["remote"] * len(missing),
        contents=[task.content for task in missing],
        scheduled_ats=[_due_at(task) for task in missing],
        idempotency_keys=[task.key for task in missing],
    )


def _due_at(task: Task) -> datetime | None:
    if not task.delay_milliseconds:
        return None
    return datetime.now(UTC) + timedelta(milliseconds=task.delay_milliseconds)
