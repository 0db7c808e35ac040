"""What a job costs the processor, in the client and in the server together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.measure import Contender, cpu_clock, measure
from benchmarks.queue_stores import Connection, create_store, refill
from benchmarks.queue_ways import WAYS, Turn, Way
from benchmarks.report import Figure, Goal, Row, Table
from datalayer.server import Server

#: Those that have one connection, which this process can look after.
_NAMES = ("ours", "by hand", "pgmq archive")
_BACKLOG = 10_000
_OF_THE_FLOOR = 1.1
_NOTE = """\
Processor time of the client's process and of its server process, where the system tells
it, else elapsed time; lower quartiles, because others can only slow it down. It leaves
out the wait for the disk, which would hide what a layer above psycopg costs."""


@dataclass(frozen=True, slots=True)
class Place:
    """One way, opened in this process."""

    way: Way
    connection: Connection
    turn: Turn
    clock: Callable[[], float]


def measure_effort(
    server: Server,
    *,
    batches: Sequence[int],
    rounds: int,
    say: Callable[[str], None],
) -> Table:
    """Compare our functions with the same SQL by hand."""
    found: dict[int, list[float]] = {}
    with ExitStack() as stack:
        places = [_open(stack, server, WAYS[name]) for name in _NAMES]
        for batch in batches:
            say(f"effort: batches of {batch}")
            timings = measure(
                [_contender(place, batch) for place in places], rounds=rounds
            )
            found[batch] = [
                sorted(timing.samples)[len(timing.samples) // 4] for timing in timings
            ]
    return Table(
        "effort: processor time for each job claimed and ended",
        (*_NAMES, "ours/by hand"),
        tuple(
            Row(
                f"batches of {batch}",
                (
                    *(Figure(cost, "s") for cost in costs),
                    Figure(costs[0] / costs[1]),
                ),
            )
            for batch, costs in found.items()
        ),
        goals=(_goal(found),),
        note=_NOTE,
    )


def _open(stack: ExitStack, server: Server, way: Way) -> Place:
    number = _NAMES.index(way.name)
    url = create_store(server, way.store, f"bench_effort_{number}")
    connection = stack.enter_context(psycopg.connect(url, autocommit=True))
    name = f"bench {way.name}"
    turn = stack.enter_context(way.open(make_conninfo(url, application_name=name)))
    row = connection.execute(
        "SELECT pid FROM pg_stat_activity WHERE application_name = %s", [name]
    ).fetchone()
    assert row is not None
    return Place(way, connection, turn, _clock(row[0]))


def _clock(pid: int) -> Callable[[], float]:
    server = cpu_clock(pid)
    if server is None:
        return time.perf_counter
    return lambda: time.process_time() + server()


def _contender(place: Place, batch: int) -> Contender:
    def prepare(calls: int) -> None:
        refill(place.connection, place.way.store, calls * batch + _BACKLOG)

    def run(_call: int) -> None:
        assert place.turn(batch) == batch

    return Contender(place.way.name, run, prepare, place.clock, units=batch)


def _goal(found: dict[int, list[float]]) -> Goal:
    ratios = {batch: costs[0] / costs[1] for batch, costs in found.items()}
    missed = [
        f"batches of {batch}: {ratio:.2f}"
        for batch, ratio in ratios.items()
        if ratio > _OF_THE_FLOOR
    ]
    return Goal(
        f"at most {_OF_THE_FLOOR} times the same SQL by hand"
        + (f" ({', '.join(missed)})" if missed else ""),
        not missed,
    )
