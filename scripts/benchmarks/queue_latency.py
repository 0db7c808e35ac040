"""What a claim takes, while much waits that it does not want."""

from __future__ import annotations

import itertools
import json
import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
from psycopg import sql

from benchmarks.history_plans import find_plan
from benchmarks.measure import Contender, Timing, measure
from benchmarks.queue_stores import OURS, Connection, create_store
from benchmarks.queue_ways import LEASE, WORKER
from benchmarks.report import Goal, Plan, Section
from datalayer.queries.operations.queue_work import CLAIM_DUE_JOBS, claim_due_jobs
from datalayer.server import Server

CLAIMED = 10
_OF_AN_EMPTY_TABLE = 2.0
_POLL = 1e-3
_SERVER_SAMPLES = 50
_RETRIES = """\
INSERT INTO assistly_queue_jobs
    (platform, content, scheduled_at, status, retries, next_retry_at, last_error)
SELECT
    'mastodon', 'post ' || number, statement_timestamp() - interval '1 hour',
    'retrying', 1, statement_timestamp() + interval '1 day', 'unreachable'
FROM generate_series(1, %s) AS number"""
_POSTED = """\
INSERT INTO assistly_queue_jobs
    (platform, content, scheduled_at, status, posted_at, attempt_token)
SELECT
    'mastodon', 'post ' || number, statement_timestamp() - interval '1 day',
    'posted', statement_timestamp() - interval '1 day', 1
FROM generate_series(1, %s) AS number"""
_CLEAR = """\
DELETE FROM assistly_queue_jobs WHERE status IN ('processing', 'scheduled')"""
_NOTE = """\
Client's time, the way to the server and back included, without waiting for the disk
(synchronous_commit off): that would hide the difference."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A database with what a claim has to find its way through."""

    name: str
    connection: Connection


def measure_latency(
    server: Server,
    *,
    retries: int,
    posted: int,
    rounds: int,
    say: Callable[[str], None],
) -> list[Section]:
    """Measure claims that find jobs, and polls that find none."""
    with ExitStack() as stack:
        queues = []
        for number, (waiting, done) in enumerate(
            ((retries, posted), (retries, 0), (0, 0))
        ):
            say(f"loading {waiting:,} retries and {done:,} posted jobs")
            url = create_store(server, OURS, f"bench_latency_{number}")
            connection = stack.enter_context(psycopg.connect(url, autocommit=True))
            queues.append(_load(connection, waiting, done))
        say(f"claiming {CLAIMED}")
        claims = measure([_claim(queue) for queue in queues], rounds=rounds)
        say("polling")
        polls = measure([_poll(queue) for queue in queues], rounds=rounds)
        say("looking into the server")
        inside = _poll_inside(queues)
        plans = [_plan(queue) for queue in queues[:1]]
    return [
        Section(
            f"claim of {CLAIMED} due jobs",
            tuple(claims),
            goal=_beside_empty(claims),
            note=_NOTE,
        ),
        Section("poll: nothing is due", tuple(polls), goal=_beside_empty(polls)),
        Section(
            "poll, in the server: planning and execution as EXPLAIN ANALYZE tells them",
            tuple(inside),
            plans=tuple(plans),
            goal=Goal(
                "under 1 ms in the server",
                all(timing.median < _POLL for timing in inside),
            ),
        ),
    ]


def _load(connection: Connection, retries: int, posted: int) -> Queue:
    connection.execute("SET synchronous_commit = off")
    connection.execute(_RETRIES.encode(), [retries])
    connection.execute(_POSTED.encode(), [posted])
    connection.execute("VACUUM (ANALYZE) assistly_queue_jobs")
    if not retries:
        return Queue("an empty table", connection)
    name = f"{retries:,} waiting retries"
    return Queue(f"{name}, {posted:,} posted jobs" if posted else name, connection)


def _claim(queue: Queue) -> Contender:
    def prepare(calls: int) -> None:
        queue.connection.execute(_CLEAR)
        queue.connection.execute(OURS.fill.encode(), [calls * CLAIMED])
        queue.connection.execute("VACUUM assistly_queue_jobs")

    def run(_call: int) -> None:
        assert len(_claimed(queue)) == CLAIMED

    return Contender(queue.name, run, prepare)


def _poll(queue: Queue) -> Contender:
    def prepare(_calls: int) -> None:
        queue.connection.execute(_CLEAR)
        queue.connection.execute("VACUUM assistly_queue_jobs")

    def run(_call: int) -> None:
        assert not _claimed(queue)

    return Contender(queue.name, run, prepare)


def _claimed(queue: Queue) -> Sequence[object]:
    return claim_due_jobs(
        queue.connection, worker=WORKER, row_limit=CLAIMED, lease=LEASE
    )


def _poll_inside(queues: Sequence[Queue]) -> list[Timing]:
    samples: dict[str, list[float]] = {queue.name: [] for queue in queues}
    for queue in queues:
        queue.connection.execute(b"PREPARE poll AS " + CLAIM_DUE_JOBS.sql.encode())
    for _, queue in itertools.product(range(_SERVER_SAMPLES), queues):
        samples[queue.name].append(server_time(queue.connection, "poll"))
    for queue in queues:
        queue.connection.execute("DEALLOCATE poll")
    return [
        Timing(name, statistics.median(times), min(times), max(times), len(times))
        for name, times in samples.items()
    ]


def server_time(connection: Connection, prepared: str, since: object = None) -> float:
    """Run a prepared claim, and return its time in the server."""
    statement = sql.SQL("EXECUTE {} (NULL, {}, {}, {}, '1 minute')").format(
        sql.Identifier(prepared),
        sql.Literal(since),
        sql.Literal(CLAIMED),
        sql.Literal(WORKER),
    )
    return explained(connection, statement.as_bytes(connection))


def explained(connection: Connection, statement: bytes) -> float:
    """Run a statement, and return its time in the server: planning and execution."""
    row = connection.execute(
        b"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + statement
    ).fetchone()
    assert row is not None
    (found,) = row[0] if isinstance(row[0], list) else json.loads(row[0])
    return float(found["Planning Time"] + found["Execution Time"]) / 1e3


def _plan(queue: Queue) -> Plan:
    return find_plan(
        queue.connection, CLAIM_DUE_JOBS, (None, None, CLAIMED, WORKER, LEASE)
    )


def _beside_empty(timings: Sequence[Timing]) -> Goal:
    worst = max(timing.median for timing in timings) / timings[-1].median
    return Goal(
        f"at most {_OF_AN_EMPTY_TABLE:.0f} times an empty table ({worst:.2f})",
        worst <= _OF_AN_EMPTY_TABLE,
    )
