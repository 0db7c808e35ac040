"""What a queue grows to while a reader keeps its dead rows from vacuum."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg

from benchmarks.queue_lives import (
    MARGIN,
    WHOLE_CLAIM,
    BulkLives,
    OurLives,
    pattern_lives,
    procrastinate_lives,
)
from benchmarks.queue_stores import (
    OURS,
    PATTERN_STORE,
    PROCRASTINATE,
    Connection,
    create_store,
    has_procrastinate,
)
from benchmarks.report import Figure, Goal, Row, Table
from datalayer.server import Server

#: How often to look while the jobs run through.
LOOKS = 10
_SAMPLES = 5
_OF_THE_FIRST = 3.0
_NOTES = {
    "ours": f"""\
Scheduled by 1,000, claimed and completed by 500, as the worker does it: a claim passes
as `since` when the oldest job of the last claim was due, less {MARGIN.seconds} s, and
every {WHOLE_CLAIM:.0f} s one claims without it (`whole`). Claims are timed in the
server when nothing is due: all that they do is to step over dead entries.""",
    "pattern": """\
pgmq's pattern. Read and archived in the same steps, but all jobs of a line in one
statement, which leaves the same dead rows.""",
    "procrastinate": """\
Fetched and finished in the same steps, its triggers included, but all jobs of a line in
one statement, which leaves the same dead rows. It fetches one job at a time.""",
}


@dataclass(frozen=True, slots=True)
class Size:
    """What a queue takes, and how many of its rows are dead."""

    rows: float
    indexes: float
    dead: float


def measure_growth(
    server: Server, *, jobs: int, say: Callable[[str], None]
) -> list[Table]:
    """Let jobs run through each queue while somebody reads, then vacuum."""
    return [
        _measure(server, name, jobs, say)
        for name in ("ours", "pattern", "procrastinate")
        if name != "procrastinate" or has_procrastinate()
    ]


def _measure(server: Server, name: str, jobs: int, say: Callable[[str], None]) -> Table:
    store = {s.name: s for s in (OURS, PATTERN_STORE, PROCRASTINATE)}[name]
    url = create_store(server, store, f"bench_growth_{name}")
    rows: list[Row] = []
    with ExitStack() as stack:
        connection = stack.enter_context(psycopg.connect(url, autocommit=True))
        lives = _begin(name, connection)
        with _reading(url):
            for step in range(LOOKS):
                done = jobs * (step + 1) // LOOKS
                say(f"growth of {name}: {done:,} jobs")
                started = time.perf_counter()
                lives.live(done - jobs * step // LOOKS)
                speed = (done - jobs * step // LOOKS) / (time.perf_counter() - started)
                rows.append(_look(f"{done:,} jobs, a reader", url, lives, speed))
        connection.execute(f"VACUUM {', '.join(store.tables)}".encode())
        rows.append(_look("reader ended, vacuumed", url, lives, None))
    return _tabulate(name, lives, rows)


def _begin(name: str, connection: Connection) -> OurLives | BulkLives:
    if name == "ours":
        return OurLives(connection)
    if name == "pattern":
        return pattern_lives(connection)
    return procrastinate_lives(connection)


@contextmanager
def _reading(url: str) -> Iterator[None]:
    """Hold a snapshot: nothing that dies from now on can be removed."""
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("SELECT 1")
        yield


def _look(name: str, url: str, lives: OurLives | BulkLives, speed: float | None) -> Row:
    lives.connection.execute("SELECT pg_stat_force_next_flush()")
    size = _weigh(url, lives.store.tables)
    asked = [
        statistics.median(ask() for _ in range(_SAMPLES)) for ask in lives.asks.values()
    ]
    return Row(
        name,
        (
            Figure(size.rows, "B"),
            Figure(size.indexes, "B"),
            Figure(size.dead, "#"),
            *(Figure(seconds, "s") for seconds in asked),
            *([Figure(speed, "/s")] if speed is not None else []),
        ),
    )


def _weigh(url: str, tables: tuple[str, ...]) -> Size:
    # A session that has not looked yet sees what others counted.
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT sum(pg_table_size(relid)), sum(pg_indexes_size(relid)),"
            " sum(n_dead_tup) FROM pg_stat_user_tables WHERE relname = ANY (%s)",
            [list(tables)],
        ).fetchone()
    assert row is not None
    return Size(*map(float, row))


def _tabulate(name: str, lives: OurLives | BulkLives, rows: list[Row]) -> Table:
    first, *later = (row.figures[3].value for row in rows[:-1])
    worst = max(later, default=first)
    goal = Goal(
        f"with `since` no line takes more than {_OF_THE_FIRST:.0f} times as long as the"
        f" first ({worst / first:.1f})",
        worst <= first * _OF_THE_FIRST,
    )
    return Table(
        f"growth: {name}, while somebody reads",
        ("table", "indexes", "dead rows", *lives.asks, "jobs"),
        tuple(rows),
        goals=(goal,) if name == "ours" else (),
        note=_NOTES[name],
    )
