"""The queue of the operations domain: how fast it is, and what it grows to."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
from collections.abc import Callable, Iterator, Sequence

import psycopg

from benchmarks.queue_effort import measure_effort
from benchmarks.queue_growth import measure_growth
from benchmarks.queue_latency import measure_latency
from benchmarks.queue_stores import has_procrastinate, open_server
from benchmarks.queue_throughput import BATCHES, WORKERS, measure_throughput
from benchmarks.queue_workers import measure_workers
from benchmarks.queue_writers import measure_writers
from benchmarks.report import Report, Section, Table
from datalayer.server import Server

#: How much of the jobs asked for each takes at most.
_RETRIES = 100_000
_WORKED = 2_000
_SETTINGS = (
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_level",
    "shared_buffers",
    "autovacuum",
)

Say = Callable[[str], None]
Measure = Callable[[Server, argparse.Namespace, Say], Sequence[Section | Table]]


def _throughput(server: Server, sizes: argparse.Namespace, say: Say) -> list[Table]:
    return [
        measure_throughput(
            server,
            batches=sizes.batch or BATCHES,
            workers=sizes.workers or WORKERS,
            rounds=sizes.rounds,
            say=say,
        )
    ]


def _effort(server: Server, sizes: argparse.Namespace, say: Say) -> list[Table]:
    batches = sizes.batch or BATCHES
    return [measure_effort(server, batches=batches, rounds=sizes.rounds, say=say)]


def _latency(server: Server, sizes: argparse.Namespace, say: Say) -> list[Section]:
    return measure_latency(
        server,
        retries=min(sizes.jobs, _RETRIES),
        posted=sizes.jobs,
        rounds=sizes.rounds,
        say=say,
    )


def _growth(server: Server, sizes: argparse.Namespace, say: Say) -> list[Table]:
    return measure_growth(server, jobs=sizes.jobs, say=say)


def _workers(
    server: Server, sizes: argparse.Namespace, say: Say
) -> list[Section | Table]:
    return measure_workers(
        server, jobs=min(sizes.jobs, _WORKED), rounds=sizes.rounds, say=say
    )


def _writers(server: Server, sizes: argparse.Namespace, say: Say) -> list[Table]:
    return [
        measure_writers(
            server, writers=sizes.workers or WORKERS, rounds=sizes.rounds, say=say
        )
    ]


SECTIONS: dict[str, Measure] = {
    "throughput": _throughput,
    "effort": _effort,
    "latency": _latency,
    "growth": _growth,
    "workers": _workers,
    "writers": _writers,
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what only this measurement understands."""
    parser.add_argument(
        "--section",
        action="append",
        choices=tuple(SECTIONS),
        help="measure only this; may be repeated",
    )
    for name, default in (("batch", BATCHES), ("workers", WORKERS)):
        parser.add_argument(
            f"--{name}",
            action="append",
            type=int,
            choices=range(1, 10_001),
            metavar="N",
            help=f"may be repeated; default: {', '.join(map(str, default))}",
        )
    parser.add_argument(
        "--no-sync",
        dest="sync",
        action="store_false",
        help="on a server that waits for no disk",
    )


def run(
    *,
    rows: int,
    rounds: int,
    say: Say,
    section: Sequence[str] | None = None,
    batch: Sequence[int] | None = None,
    workers: Sequence[int] | None = None,
    sync: bool = True,
) -> Report:
    """Measure what was asked for, in the order of the report."""
    sizes = argparse.Namespace(jobs=rows, rounds=rounds, batch=batch, workers=workers)
    found: list[Section | Table] = []
    say("starting a server")
    with open_server(sync=sync) as server:
        conditions = list(_describe(server))
        for name, measure in SECTIONS.items():
            if name in (section or SECTIONS):
                found += measure(server, sizes, say)
    conditions.append(("load when it ended", _load()))
    return Report(
        title="queue",
        conditions=tuple(conditions),
        sections=tuple(found),
        command=_command(sizes, section, sync=sync),
    )


def _command(
    sizes: argparse.Namespace, section: Sequence[str] | None, *, sync: bool
) -> str:
    chosen = [
        *(f"--section {name}" for name in section or ()),
        *(f"--batch {number}" for number in sizes.batch or ()),
        *(f"--workers {number}" for number in sizes.workers or ()),
        *(["--no-sync"] if not sync else []),
    ]
    return " ".join(
        [f"scripts/bench queue --rows {sizes.jobs} --rounds {sizes.rounds}", *chosen]
    )


def _describe(server: Server) -> Iterator[tuple[str, str]]:
    yield (
        "client",
        f"Python {platform.python_version()}, psycopg {psycopg.__version__}"
        f" ({psycopg.pq.__impl__})",
    )
    yield "server", f"PostgreSQL {server.version}, Unix socket, same machine"
    with psycopg.connect(server.url()) as connection:
        yield (
            "settings",
            ", ".join(
                f"{name} {value}"
                for name in _SETTINGS
                for (value,) in connection.execute("SELECT current_setting(%s)", [name])
            ),
        )
    if has_procrastinate():
        yield "procrastinate", importlib.metadata.version("procrastinate")
    yield "processors", str(os.cpu_count())
    yield "load when it began", _load()


def _load() -> str:
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())
