"""How many jobs a second are claimed and ended, in batches, by one worker and more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg

from benchmarks.measure import Contender, Timing, measure
from benchmarks.queue_crew import Crew, hire
from benchmarks.queue_stores import (
    PROCRASTINATE,
    Connection,
    create_store,
    has_procrastinate,
    missing,
    refill,
)
from benchmarks.queue_ways import WAYS, Turn, Way
from benchmarks.report import Figure, Goal, Row, Table
from datalayer.server import Server

BATCHES = (1, 50, 100, 500)
WORKERS = (1, 8)
#: How many jobs a worker does at least between two looks at the clock.
_SHARE = 100
#: What it does of those that fetch one job at a time, whatever the batch.
_SHARE_ONE_BY_ONE = 50
#: How many due jobs wait behind those that a sample takes.
_BACKLOG = 10_000
_AT_BATCH_100 = 10_000
_TIMES_PROCRASTINATE = 20
_NOTE = """\
Each worker is a process with a connection in autocommit mode: a batch is two commits.
`by hand` sends the same SQL as `ours` from one prepared cursor, and takes plain tuples.
pgmq's pattern reads and archives (or deletes) by id; it keeps no attempts, so that a
late worker ends what another one has by now. procrastinate fetches and finishes one job
at a time, whatever the batch: `API` is the job manager and pool that its worker uses,
`SQL` the functions of its schema, called from one prepared cursor. Each sample begins
with 10,000 due jobs more than it takes, in freshly vacuumed tables."""


@dataclass(frozen=True, slots=True)
class Place:
    """A database for one way, and who works there."""

    way: Way
    connection: Connection
    crew: Crew


@contextmanager
def open_way(name: str, url: str) -> Iterator[Turn]:
    """Open one of the ways, in a process of the crew."""
    with WAYS[name].open(url) as turn:
        yield turn


def measure_throughput(
    server: Server,
    *,
    batches: Sequence[int] = BATCHES,
    workers: Sequence[int] = WORKERS,
    rounds: int,
    say: Callable[[str], None],
) -> Table:
    """Measure every way with every batch and every number of workers."""
    ways = [
        way
        for way in WAYS.values()
        if way.store is not PROCRASTINATE or has_procrastinate()
    ]
    say("creating queues")
    urls = {
        way.name: create_store(server, way.store, f"bench_{number}")
        for number, way in enumerate(ways)
    }
    found: dict[tuple[int, int], list[Timing]] = {}
    for size in workers:
        with ExitStack() as stack:
            places = [_open(stack, way, urls[way.name], size) for way in ways]
            for batch in batches:
                say(f"throughput: {size} workers, batches of {batch}")
                found[size, batch] = measure(
                    [_contender(place, batch) for place in places],
                    rounds=rounds,
                )
    return _tabulate([way.name for way in ways], found)


def _open(stack: ExitStack, way: Way, url: str, size: int) -> Place:
    connection = stack.enter_context(psycopg.connect(url, autocommit=True))
    return Place(
        way, connection, stack.enter_context(hire(size, open_way, way.name, url))
    )


def _contender(place: Place, batch: int) -> Contender:
    one_by_one = place.way.store is PROCRASTINATE
    share = min(batch, _SHARE_ONE_BY_ONE) if one_by_one else batch
    batches = max(1, (_SHARE_ONE_BY_ONE if one_by_one else _SHARE) // share)
    jobs = share * batches * len(place.crew.pipes)

    def prepare(calls: int) -> None:
        refill(place.connection, place.way.store, calls * jobs + _BACKLOG)

    def run(_call: int) -> None:
        done = place.crew.work(share, batches)
        assert done == jobs, (place.way.name, done, jobs)

    return Contender(place.way.name, run, prepare, units=jobs)


def _tabulate(
    names: Sequence[str], found: dict[tuple[int, int], list[Timing]]
) -> Table:
    speeds: dict[tuple[int, int], dict[str, float]] = {}
    for (workers, batch), timings in found.items():
        speeds[workers, batch] = {timing.name: 1 / timing.median for timing in timings}
    ratios = ["ours/by hand", "ours/procr. API"][: 1 + has_procrastinate()]
    return Table(
        "throughput: jobs claimed and ended, all workers together",
        (*names, *ratios),
        tuple(
            Row(
                f"batches of {batch}, {workers} worker{'s' if workers > 1 else ''}",
                (
                    *(Figure(speed[name], "/s") for name in names),
                    *(
                        Figure(speed["ours"] / speed[ratio.partition("/")[2]])
                        for ratio in ratios
                    ),
                ),
            )
            for (workers, batch), speed in speeds.items()
        ),
        goals=tuple(_goals(speeds)),
        note=_NOTE + missing(),
    )


def _goals(speeds: dict[tuple[int, int], dict[str, float]]) -> Iterator[Goal]:
    if (1, 100) in speeds:
        speed = speeds[1, 100]["ours"]
        text = f"{_AT_BATCH_100:,} jobs/s in batches of 100 by one process"
        yield Goal(text, speed >= _AT_BATCH_100)
    for (workers, batch), found in speeds.items():
        if batch == 500 and "procr. API" in found:
            times = found["ours"] / found["procr. API"]
            yield Goal(
                f"{_TIMES_PROCRASTINATE} times procrastinate in batches of 500,"
                f" {workers} worker{'s' if workers > 1 else ''} ({times:.0f})",
                times >= _TIMES_PROCRASTINATE,
            )
