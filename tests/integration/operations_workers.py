"""Workers that run in a thread of the test, and what they tell."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import psycopg

from datalayer.domains.operations.worker import (
    AttemptEnded,
    Handler,
    Stop,
    Stopped,
    WorkerEvent,
    WorkerSettings,
    run_worker,
)
from datalayer.queries.operations.queue import Job, get_job, schedule_jobs

#: A busy machine is no failure; only what hangs is, in seconds.
PATIENCE = 60.0
HOUR = timedelta(hours=1)
EventT = TypeVar("EventT")


class RunningWorker:
    """A worker in a thread, and its events."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stop = Stop()
        self.events: queue.SimpleQueue[WorkerEvent] = queue.SimpleQueue()
        self.finished: Future[Stopped]

    def wait_for(self, kind: type[EventT]) -> EventT:
        """Return its next event of a kind; those before it are dropped."""
        while True:
            event = self.events.get(timeout=PATIENCE)
            if isinstance(event, kind):
                return event

    def next_end(self) -> AttemptEnded:
        """Wait until an attempt has ended."""
        return self.wait_for(AttemptEnded)

    def next_ends(self, count: int) -> list[AttemptEnded]:
        """Wait until so many attempts have ended."""
        return [self.next_end() for _ in range(count)]

    def end(self) -> Stopped:
        """Stop it, wait until it has ended, and return its last words."""
        self.stop.request("the test")
        return self.finished.result(PATIENCE)


def quiet_settings(name: str = "first", **changes: object) -> WorkerSettings:
    """Return settings of a worker that learns of jobs by notifications alone."""
    values: dict[str, object] = {
        "name": name,
        "poll": HOUR,
        "first_backoff": timedelta(0),
        "retention": None,
    }
    return WorkerSettings(**values | changes)  # type: ignore[arg-type]  # by name


@contextmanager
def working(
    url: str, handler: Handler, settings: WorkerSettings | None = None
) -> Iterator[RunningWorker]:
    """Lend a running worker, which has ended afterwards."""
    used = settings or quiet_settings()
    worker = RunningWorker(used.name)
    with ThreadPoolExecutor(1) as pool:
        worker.finished = pool.submit(
            run_worker, url, handler, used, log=worker.events.put, stop=worker.stop
        )
        try:
            yield worker
        finally:
            worker.end()


def schedule(connection: psycopg.Connection, count: int = 1) -> list[Job]:
    """Schedule jobs that are due at once, for everybody to see."""
    jobs = schedule_jobs(
        connection,
        platforms=["mastodon"] * count,
        contents=[f"post {number}" for number in range(count)],
        scheduled_ats=[None] * count,
        idempotency_keys=[None] * count,
    )
    connection.commit()
    return jobs


def read(connection: psycopg.Connection, job_id: int) -> Job:
    """Return a job as everybody sees it now."""
    connection.rollback()
    job = get_job(connection, job_id=job_id)
    connection.rollback()
    assert job is not None
    return job


def end_backends(connection: psycopg.Connection, application: str) -> int:
    """Terminate the connections of an application; return how many there were."""
    ended = connection.execute(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE application_name = %s AND datname = current_database()",
        (application,),
    ).fetchone()
    connection.commit()
    assert ended is not None
    number: int = ended[0]
    return number
