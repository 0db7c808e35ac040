"""Whole workers: how many jobs that do nothing they run, and how soon they begin."""

from __future__ import annotations

import asyncio
import queue
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg

from benchmarks.measure import Contender, Timing, measure
from benchmarks.queue_crew import Crew, hire
from benchmarks.queue_stores import (
    OURS,
    PROCRASTINATE,
    Connection,
    Store,
    create_store,
    has_procrastinate,
    missing,
    refill,
)
from benchmarks.report import Figure, Row, Section, Table
from datalayer.domains.operations.worker import (
    Stop,
    WorkerSettings,
    run_worker,
)
from datalayer.queries.operations.queue import schedule_job
from datalayer.server import Server

CONCURRENCY = (1, 10)
WAKES_A_ROUND = 10
#: So that a worker has nothing to do any more when the next job comes.
_PAUSE = 0.02
_NOTE_OF_JOBS = """\
One process that ends when nothing is due, its start included. Ours calls a function
that does nothing, in threads; procrastinate awaits a coroutine that does nothing."""
_NOTE_OF_WAKE = """\
From before a job is scheduled, in a transaction of its own, until its handler begins in
another process, whose worker has nothing else to do and listens."""

Turn = Callable[[int], int]


def measure_workers(
    server: Server,
    *,
    jobs: int,
    concurrency: Sequence[int] = CONCURRENCY,
    rounds: int,
    say: Callable[[str], None],
) -> list[Section | Table]:
    """Measure workers with much to do, and with nothing to do."""
    stores = [OURS, *([PROCRASTINATE] if has_procrastinate() else [])]
    urls = {
        store.name: create_store(server, store, f"bench_workers_{store.name}")
        for store in stores
    }
    return [
        _measure_jobs(stores, urls, jobs, concurrency, rounds, say),
        _measure_wake(stores, urls, rounds, say),
    ]


def _measure_jobs(
    stores: Sequence[Store],
    urls: dict[str, str],
    jobs: int,
    concurrency: Sequence[int],
    rounds: int,
    say: Callable[[str], None],
) -> Table:
    found: dict[int, list[Timing]] = {}
    with ExitStack() as stack:
        places = [_place(stack, store, urls[store.name]) for store in stores]
        for many in concurrency:
            say(f"workers: {many} jobs at once")
            contenders = [_contender(*place, many, jobs) for place in places]
            found[many] = measure(contenders, rounds=rounds)
    return Table(
        "workers: jobs that do nothing",
        (*(store.name for store in stores), *["ours/procrastinate"][: len(stores) - 1]),
        tuple(
            Row(
                f"{many} at once",
                (
                    *(Figure(1 / timing.median, "/s") for timing in timings),
                    *(
                        Figure(other.median / timings[0].median)
                        for other in timings[1:]
                    ),
                ),
            )
            for many, timings in found.items()
        ),
        note=_NOTE_OF_JOBS + missing(),
    )


def _place(stack: ExitStack, store: Store, url: str) -> tuple[Store, Connection, Crew]:
    connection = stack.enter_context(psycopg.connect(url, autocommit=True))
    opening = open_ours if store is OURS else open_procrastinate
    return store, connection, stack.enter_context(hire(1, opening, url))


def _contender(
    store: Store, connection: Connection, crew: Crew, many: int, jobs: int
) -> Contender:
    def prepare(_calls: int) -> None:
        refill(connection, store, 0)

    def run(_call: int) -> None:
        connection.execute(store.fill.encode(), [jobs])
        assert crew.work(many, 1) == jobs

    return Contender(store.name, run, prepare, units=jobs)


@contextmanager
def open_ours(url: str) -> Iterator[Turn]:
    """Run a worker until nothing is due, in a process of the crew."""

    def turn(concurrency: int) -> int:
        settings = WorkerSettings(
            concurrency=concurrency, until_idle=True, retention=None
        )
        return run_worker(url, lambda _attempt: None, settings).posted

    yield turn


@contextmanager
def open_procrastinate(url: str) -> Iterator[Turn]:
    """Run procrastinate's worker until nothing is due, in a process of the crew."""
    done: queue.SimpleQueue[int] = queue.SimpleQueue()
    app = _application(url, done)

    async def work(concurrency: int) -> None:
        async with app.open_async():
            await app.run_worker_async(
                wait=False, concurrency=concurrency, install_signal_handlers=False
            )

    def turn(concurrency: int) -> int:
        asyncio.run(work(concurrency))
        return sum(1 for _ in range(done.qsize()) if done.get())

    yield turn


def _application(url: str, begun: queue.SimpleQueue[int]) -> Any:  # noqa: ANN401 - procrastinate's App, where it is installed
    # Only for who has it.
    from procrastinate import App, PsycopgConnector  # noqa: PLC0415

    app = App(connector=PsycopgConnector(conninfo=url))

    @app.task(name="publish")
    async def publish(**_arguments: object) -> None:
        begun.put(time.monotonic_ns())

    return app


def _measure_wake(
    stores: Sequence[Store],
    urls: dict[str, str],
    rounds: int,
    say: Callable[[str], None],
) -> Section:
    say("workers: how soon they begin")
    samples: dict[str, list[float]] = {store.name: [] for store in stores}
    with ExitStack() as stack:
        pairs = {}
        for store in stores:
            url = urls[store.name]
            with psycopg.connect(url, autocommit=True) as connection:
                refill(connection, store, 0)
            waiting = wait_ours if store is OURS else wait_procrastinate
            crew = stack.enter_context(hire(1, waiting, url))
            pairs[store.name] = (stack.enter_context(_scheduling(store, url)), crew)
        for _ in range(rounds * WAKES_A_ROUND):
            for name, (schedule, crew) in pairs.items():
                time.sleep(_PAUSE)
                started = time.monotonic_ns()
                schedule()
                samples[name].append((crew.work(1, 1) - started) / 1e9)
    return Section(
        "workers: from scheduling to the handler",
        tuple(
            Timing(name, statistics.median(times), min(times), max(times), len(times))
            for name, times in samples.items()
        ),
        note=_NOTE_OF_WAKE + missing(),
    )


@contextmanager
def _scheduling(store: Store, url: str) -> Iterator[Callable[[], object]]:
    if store is OURS:
        with psycopg.connect(url, autocommit=True) as connection:
            yield lambda: schedule_job(
                connection, platform="mastodon", content="a post"
            )
        return
    # Only for who has it.
    from procrastinate import App, SyncPsycopgConnector  # noqa: PLC0415

    app = App(connector=SyncPsycopgConnector(conninfo=url))
    with app.open():
        task = app.configure_task("publish")
        yield lambda: task.defer(platform="mastodon", content="a post")


@contextmanager
def wait_ours(url: str) -> Iterator[Turn]:
    """Let a worker wait for jobs; a turn returns when the next handler began."""
    begun: queue.SimpleQueue[int] = queue.SimpleQueue()
    stop = Stop()

    def handle(_attempt: object) -> None:
        begun.put(time.monotonic_ns())

    thread = threading.Thread(
        target=run_worker,
        args=(url, handle, WorkerSettings(retention=None)),
        kwargs={"stop": stop},
    )
    thread.start()
    try:
        yield lambda _: begun.get()
    finally:
        stop.request()
        thread.join()


@contextmanager
def wait_procrastinate(url: str) -> Iterator[Turn]:
    """Let procrastinate's worker wait for jobs, as `wait_ours`."""
    begun: queue.SimpleQueue[int] = queue.SimpleQueue()
    app = _application(url, begun)

    async def work() -> None:
        async with app.open_async():
            await app.run_worker_async(concurrency=4, install_signal_handlers=False)

    # Ends with the process: nothing is under way.
    threading.Thread(target=asyncio.run, args=(work(),), daemon=True).start()
    yield lambda _: begun.get()
