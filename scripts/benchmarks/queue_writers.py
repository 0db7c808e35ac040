"""What it costs who schedules jobs that the workers are woken."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import psycopg

from benchmarks.measure import Contender, Timing, measure
from benchmarks.queue_crew import Crew, hire
from benchmarks.queue_stores import OURS, Connection, create_store, refill
from benchmarks.report import Figure, Row, Table
from datalayer.queries.operations.queue import schedule_job
from datalayer.server import Server

WRITERS = (1, 8)
_SHARE = 50
#: By what each has: whether there is a trigger, and how many listen.
_KINDS = {"no trigger": (False, 0), "trigger": (True, 0), "1 listens": (True, 1)}
_NOTE = """\
Each writer is a process that calls schedule_job in autocommit mode. A transaction that
notified holds a lock of its database from before its commit to after it, so that others
that notified wait for it: they cannot share one wait for the disk."""


@contextmanager
def open_writer(url: str) -> Iterator[Callable[[int], int]]:
    """Schedule jobs one by one, in a process of the crew."""
    with psycopg.connect(url, autocommit=True) as connection:

        def turn(jobs: int) -> int:
            for _ in range(jobs):
                schedule_job(connection, platform="mastodon", content="a post")
            return jobs

        yield turn


def measure_writers(
    server: Server,
    *,
    writers: Sequence[int] = WRITERS,
    rounds: int,
    say: Callable[[str], None],
) -> Table:
    """Measure how many jobs are scheduled, with and without the trigger."""
    found: dict[int, list[Timing]] = {}
    with ExitStack() as stack:
        places = {}
        for number, (name, (trigger, listeners)) in enumerate(_KINDS.items()):
            url = create_store(server, OURS, f"bench_writers_{number}")
            connection = stack.enter_context(psycopg.connect(url, autocommit=True))
            if not trigger:
                connection.execute(
                    "DROP TRIGGER assistly_queue_jobs_wake ON assistly_queue_jobs"
                )
            for _ in range(listeners):
                stack.enter_context(_listening(url))
            places[name] = (url, connection)
        for size in writers:
            say(f"{size} writers")
            found[size] = _measure(places, size, rounds)
    return _tabulate(found)


def _measure(
    places: dict[str, tuple[str, Connection]], size: int, rounds: int
) -> list[Timing]:
    with ExitStack() as stack:
        contenders = [
            _contender(
                name, connection, stack.enter_context(hire(size, open_writer, url))
            )
            for name, (url, connection) in places.items()
        ]
        return measure(contenders, rounds=rounds)


def _contender(name: str, connection: Connection, crew: Crew) -> Contender:
    jobs = _SHARE * len(crew.pipes)

    def prepare(_calls: int) -> None:
        refill(connection, OURS, 1)

    def run(_call: int) -> None:
        assert crew.work(_SHARE, 1) == jobs

    return Contender(name, run, prepare, units=jobs)


@contextmanager
def _listening(url: str) -> Iterator[None]:
    """Listen, and take what arrives, as a worker that has nothing else to do."""
    ended = threading.Event()

    def listen() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("LISTEN assistly_queue")
            while not ended.is_set():
                for _ in connection.notifies(timeout=0.1):
                    pass

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _tabulate(found: dict[int, list[Timing]]) -> Table:
    names = tuple(_KINDS)
    return Table(
        "scheduling: jobs by schedule_job, all writers together",
        (*names, *(f"{name}/{names[0]}" for name in names[1:])),
        tuple(
            Row(
                f"{size} writer{'s' if size > 1 else ''}",
                (
                    *(Figure(1 / timing.median, "/s") for timing in timings),
                    *(
                        Figure(timings[0].median / timing.median)
                        for timing in timings[1:]
                    ),
                ),
            )
            for size, timings in found.items()
        ),
        note=_NOTE,
    )
