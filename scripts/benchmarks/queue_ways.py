"""The ways to take jobs from a queue and end them, in turns of a batch."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import RawCursor

from benchmarks.queue_stores import OURS, PATTERN_STORE, PROCRASTINATE, Store
from datalayer.queries.operations.queue_work import (
    CLAIM_DUE_JOBS,
    COMPLETE_JOB,
    COMPLETE_JOBS,
    claim_due_jobs,
    complete_job,
    complete_jobs,
)

LEASE = timedelta(minutes=1)
WORKER = "bench"

READ = b"""\
WITH due AS (
    SELECT msg_id FROM q_posts WHERE vt <= clock_timestamp()
    ORDER BY msg_id LIMIT $1 FOR UPDATE SKIP LOCKED
)
UPDATE q_posts AS message
SET vt = clock_timestamp() + $2::interval, read_ct = message.read_ct + 1
FROM due WHERE message.msg_id = due.msg_id
RETURNING
    message.msg_id, message.read_ct, message.enqueued_at, message.vt, message.message
"""
_ARCHIVE = b"""\
WITH gone AS (
    DELETE FROM q_posts WHERE msg_id = ANY ($1::bigint[])
    RETURNING msg_id, read_ct, enqueued_at, vt, message
)
INSERT INTO a_posts (msg_id, read_ct, enqueued_at, vt, message)
SELECT msg_id, read_ct, enqueued_at, vt, message FROM gone
RETURNING msg_id
"""
_DELETE = b"DELETE FROM q_posts WHERE msg_id = ANY ($1::bigint[]) RETURNING msg_id"
_FETCH = (
    b"SELECT id, status, task_name, priority, lock, queueing_lock, args, scheduled_at,"
    b" queue_name, attempts, worker_id"
    b" FROM procrastinate_fetch_job_v2(NULL, $1)"
)
_FINISH = b"SELECT procrastinate_finish_job_v1($1, 'succeeded', FALSE)"

#: Takes one batch of jobs, ends them, and returns how many there were.
Turn = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to do the work, on the tables of a kind of queue."""

    name: str
    store: Store
    open: Callable[[str], contextlib.AbstractContextManager[Turn]]


@contextmanager
def _ours(url: str) -> Iterator[Turn]:
    with psycopg.connect(url, autocommit=True) as connection:

        def turn(batch: int) -> int:
            jobs = claim_due_jobs(
                connection, worker=WORKER, row_limit=batch, lease=LEASE
            )
            if batch == 1:
                return sum(
                    complete_job(
                        connection, job_id=job.id, attempt_token=job.attempt_token
                    )
                    is not None
                    for job in jobs
                )
            return len(
                complete_jobs(
                    connection,
                    job_ids=[job.id for job in jobs],
                    attempt_tokens=[job.attempt_token for job in jobs],
                    remote_ids=[None] * len(jobs),
                )
            )

        yield turn


@contextmanager
def _by_hand(url: str) -> Iterator[Turn]:
    """Send the same statements as one would who writes for speed alone."""
    claim, end, end_one = CLAIM_DUE_JOBS.sql, COMPLETE_JOBS.sql, COMPLETE_JOB.sql
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = RawCursor(connection)

        def turn(batch: int) -> int:
            jobs = cursor.execute(
                claim, (None, None, batch, WORKER, LEASE), prepare=True
            ).fetchall()
            if batch == 1:
                ended = 0
                for job in jobs:
                    cursor.execute(end_one, (None, None, job[0], job[6]), prepare=True)
                    ended += len(cursor.fetchall())
                return ended
            ids, tokens = [job[0] for job in jobs], [job[6] for job in jobs]
            cursor.execute(end, (ids, tokens, [None] * len(ids), None), prepare=True)
            return len(cursor.fetchall())

        yield turn


def _pattern(end: bytes) -> Callable[[str], contextlib.AbstractContextManager[Turn]]:
    @contextmanager
    def open_pattern(url: str) -> Iterator[Turn]:
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = RawCursor(connection)

            def turn(batch: int) -> int:
                messages = cursor.execute(READ, (batch, LEASE), prepare=True)
                ids = [message[0] for message in messages.fetchall()]
                return len(cursor.execute(end, (ids,), prepare=True).fetchall())

            yield turn

    return open_pattern


@contextmanager
def _procrastinate_functions(url: str) -> Iterator[Turn]:
    """Call the functions in its schema, without its Python."""
    with psycopg.connect(url, autocommit=True) as connection:
        worker = _register(connection)
        cursor = RawCursor(connection)

        def turn(batch: int) -> int:
            for ended in range(batch):
                job = cursor.execute(_FETCH, (worker,), prepare=True).fetchall()[0]
                if job[0] is None:
                    return ended
                cursor.execute(_FINISH, (job[0],), prepare=True)
            return batch

        yield turn


@contextmanager
def _procrastinate_manager(url: str) -> Iterator[Turn]:
    """Fetch and finish as its worker does: through its job manager and its pool."""
    # Only for who has it.
    from procrastinate import App, PsycopgConnector  # noqa: PLC0415
    from procrastinate.jobs import Status  # noqa: PLC0415

    with psycopg.connect(url, autocommit=True) as connection:
        worker = _register(connection)
    app = App(connector=PsycopgConnector(conninfo=url))

    async def work(batch: int) -> int:
        for ended in range(batch):
            job = await app.job_manager.fetch_job(None, worker_id=worker)
            if job is None:
                return ended
            await app.job_manager.finish_job(
                job, status=Status.SUCCEEDED, delete_job=False
            )
        return batch

    with asyncio.Runner() as runner:
        runner.run(app.connector.open_async())
        try:
            yield lambda batch: runner.run(work(batch))
        finally:
            runner.run(app.connector.close_async())


def _register(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(
        "INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id"
    ).fetchone()
    assert row is not None
    return int(row[0])


WAYS = {
    way.name: way
    for way in (
        Way("ours", OURS, _ours),
        Way("by hand", OURS, _by_hand),
        Way("pgmq archive", PATTERN_STORE, _pattern(_ARCHIVE)),
        Way("pgmq delete", PATTERN_STORE, _pattern(_DELETE)),
        Way("procr. SQL", PROCRASTINATE, _procrastinate_functions),
        Way("procr. API", PROCRASTINATE, _procrastinate_manager),
    )
}
