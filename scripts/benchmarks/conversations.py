"""The conversations domain: what it costs to store requests, and to find them again."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from benchmarks.arguments import positive
from benchmarks.conversations_chunks import SIZES
from benchmarks.conversations_import import LINES, measure_import
from benchmarks.conversations_indexes import measure_indexes
from benchmarks.conversations_load import DAYS, Loaded, open_conversations
from benchmarks.conversations_plans import measure_plans
from benchmarks.conversations_store import measure_store
from benchmarks.queue_stores import open_server
from benchmarks.report import Report, Section, Table
from datalayer.config import bundled_folder
from datalayer.migrate import migrate
from datalayer.server import create_database

SECTIONS = ("store", "import", "plans", "indexes")
#: Those that write into an empty database, and those that need the requests.
_WRITING = ("store", "import")
_LOADED = ("plans", "indexes")

Say = Callable[[str], None]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what only this measurement understands."""
    parser.add_argument(
        "--section",
        action="append",
        choices=SECTIONS,
        help="measure only this; may be repeated",
    )
    parser.add_argument(
        "--requests",
        dest="rows",
        type=positive,
        metavar="N",
        help="the same as --rows",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep the loaded database there, and use it the next time",
    )
    parser.add_argument(
        "--chunks",
        action="append",
        type=positive,
        metavar="N",
        help=f"may be repeated; default: {', '.join(map(str, SIZES))}",
    )
    parser.add_argument(
        "--lines",
        type=positive,
        default=LINES,
        metavar="N",
        help=f"import so many, and ten times as many; default: {LINES:,}",
    )
    parser.add_argument(
        "--no-sync",
        dest="sync",
        action="store_false",
        help="store on a server that waits for no disk",
    )


def run(
    *,
    rows: int,
    rounds: int,
    say: Say,
    section: Sequence[str] | None = None,
    keep: Path | None = None,
    chunks: Sequence[int] | None = None,
    lines: int = LINES,
    sync: bool = True,
) -> Report:
    """Measure what was asked for, in the order of the report."""
    chosen = tuple(name for name in SECTIONS if name in (section or SECTIONS))
    conditions = [
        ("client", f"Python {platform.python_version()}, psycopg {_psycopg()}"),
        ("processors", str(os.cpu_count())),
        ("load when it began", _load()),
    ]
    found: list[Section | Table] = []
    if set(_WRITING) & set(chosen):
        say("starting a server")
        with open_server(sync=sync) as server:
            url = create_database(server.url(), "bench_store")
            migrate(url, bundled_folder("migrations"))
            sizes = chunks or SIZES
            if "store" in chosen:
                found += measure_store(url, sizes=sizes, rounds=rounds, say=say)
            if "import" in chosen:
                found += measure_import(url, lines=lines, rounds=rounds, say=say)
    if set(_LOADED) & set(chosen):
        with open_conversations(requests=rows, keep=keep, say=say) as loaded:
            conditions += _describe(loaded)
            if "plans" in chosen:
                found += measure_plans(loaded, rounds=rounds, say=say)
            if "indexes" in chosen:
                found += measure_indexes(loaded, rounds=rounds, say=say)
    conditions.append(("load when it ended", _load()))
    return Report(
        title="conversations",
        conditions=tuple(conditions),
        sections=tuple(found),
        command=" ".join(
            [
                f"scripts/bench conversations --rows {rows} --rounds {rounds}",
                *(f"--section {name}" for name in section or ()),
                *([f"--keep {keep}"] if keep else []),
                *(f"--chunks {number}" for number in chunks or ()),
                *([f"--lines {lines}"] if lines != LINES else []),
                *(["--no-sync"] if not sync else []),
            ]
        ),
    )


def _describe(loaded: Loaded) -> list[tuple[str, str]]:
    with psycopg.connect(loaded.url) as connection:
        row = connection.execute(
            "SELECT pg_size_pretty(pg_table_size('api_requests')),"
            " pg_size_pretty(pg_indexes_size('api_requests')),"
            " current_setting('shared_buffers')"
        ).fetchone()
    assert row is not None
    return [
        ("server", f"PostgreSQL {loaded.server.version}, Unix socket, same machine"),
        (
            "requests",
            f"{loaded.requests:,} of {loaded.conversations:,} conversations over"
            f" {DAYS} days",
        ),
        ("size", f"{row[0]} and {row[1]} of indexes, shared_buffers {row[2]}"),
        ("loaded in", f"{loaded.seconds:.0f} s, indexes included"),
    ]


def _psycopg() -> str:
    return f"{psycopg.__version__} ({psycopg.pq.__impl__})"


def _load() -> str:
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())
