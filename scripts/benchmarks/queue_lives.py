"""Jobs that run through a queue by the thousand, and how to ask each kind for more."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from benchmarks.queue_latency import explained, server_time
from benchmarks.queue_stores import (
    OURS,
    PATTERN_STORE,
    PROCRASTINATE,
    Connection,
    Store,
)
from benchmarks.queue_ways import LEASE, READ, WORKER
from datalayer.queries.operations.queue import schedule_jobs
from datalayer.queries.operations.queue_work import (
    CLAIM_DUE_JOBS,
    claim_due_jobs,
    complete_jobs,
)

#: As the worker has it: what `since` leaves below the oldest job of the last claim, and
#: after how many seconds it claims without.
MARGIN = timedelta(seconds=10)
WHOLE_CLAIM = 5.0
_AT_ONCE = 1_000
_BATCH = 500


class Lives(Protocol):
    """Jobs of one kind of queue."""

    @property
    def store(self) -> Store:
        """Return the kind."""

    @property
    def asks(self) -> dict[str, Callable[[], float]]:
        """Return the ways to ask for jobs, which tell what it took in the server."""

    def live(self, jobs: int) -> None:
        """Let so many jobs be added, taken and ended."""


@dataclass(slots=True)
class OurLives:
    """Jobs that go the way a worker takes them, a batch at a time."""

    connection: Connection
    store: Store = OURS
    since: datetime | None = None
    whole_at: float = 0.0

    def __post_init__(self) -> None:
        """Prepare the claim."""
        self.connection.execute(b"PREPARE ask AS " + CLAIM_DUE_JOBS.sql.encode())

    @property
    def asks(self) -> dict[str, Callable[[], float]]:
        """Return both kinds of claims."""
        return {
            "claim, since": lambda: server_time(self.connection, "ask", self.since),
            "claim, whole": lambda: server_time(self.connection, "ask"),
        }

    def live(self, jobs: int) -> None:
        """Schedule, claim and complete."""
        for start in range(0, jobs, _AT_ONCE):
            many = min(_AT_ONCE, jobs - start)
            schedule_jobs(
                self.connection,
                platforms=["mastodon"] * many,
                contents=["a post"] * many,
                scheduled_ats=[None] * many,
                idempotency_keys=[None] * many,
            )
            ended = 0
            while ended < many:
                ended += self._turn()

    def _turn(self) -> int:
        whole = time.monotonic() - self.whole_at > WHOLE_CLAIM
        jobs = claim_due_jobs(
            self.connection,
            worker=WORKER,
            row_limit=_BATCH,
            lease=LEASE,
            since=None if whole else self.since,
        )
        if whole:
            self.whole_at = time.monotonic()
        if jobs:
            self.since = min(job.due_at for job in jobs) - MARGIN
        return len(
            complete_jobs(
                self.connection,
                job_ids=[job.id for job in jobs],
                attempt_tokens=[job.attempt_token for job in jobs],
                remote_ids=[None] * len(jobs),
            )
        )


@dataclass(slots=True)
class BulkLives:
    """Jobs that change as their queue changes them, but many in a statement."""

    connection: Connection
    store: Store
    steps: tuple[str, ...]
    ask: bytes

    @property
    def asks(self) -> dict[str, Callable[[], float]]:
        """Return the one way to ask."""
        return {"claim": lambda: explained(self.connection, self.ask)}

    def live(self, jobs: int) -> None:
        """Add the jobs, and let all of them take each step."""
        self.connection.execute(self.store.fill.encode(), [jobs])
        for step in self.steps:
            self.connection.execute(step.encode())


def pattern_lives(connection: Connection) -> BulkLives:
    """Return messages that are read and archived."""
    return BulkLives(
        connection,
        PATTERN_STORE,
        (
            "UPDATE q_posts SET vt = clock_timestamp() + interval '1 minute',"
            " read_ct = read_ct + 1",
            "WITH gone AS (DELETE FROM q_posts"
            " RETURNING msg_id, read_ct, enqueued_at, vt, message)"
            " INSERT INTO a_posts (msg_id, read_ct, enqueued_at, vt, message)"
            " SELECT msg_id, read_ct, enqueued_at, vt, message FROM gone",
        ),
        READ.replace(b"$1", b"10").replace(b"$2", b"'1 minute'"),
    )


def procrastinate_lives(connection: Connection) -> BulkLives:
    """Return jobs that are fetched and finished, with the events of both."""
    connection.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
    return BulkLives(
        connection,
        PROCRASTINATE,
        (
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = 1"
            " WHERE status = 'todo'",
            "UPDATE procrastinate_jobs SET status = 'succeeded',"
            " abort_requested = FALSE, attempts = attempts + 1 WHERE status = 'doing'",
        ),
        b"SELECT id FROM procrastinate_fetch_job_v2(NULL, 1)",
    )
