"""The history of the automation domain: what it costs to write, read, sum and keep."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from benchmarks.history_compression import measure_compression
from benchmarks.history_load import DAYS, Loaded, open_history
from benchmarks.history_reads import measure_reads
from benchmarks.history_rollups import measure_rollups
from benchmarks.history_triggers import measure_triggers
from benchmarks.report import Report, Section, Table

SECTIONS = ("trigger", "reads", "rollups", "compression")
#: Rows of one statement, and rows to compress: fewer when fewer are loaded.
_STATEMENT = 1_000
_COMPRESSED = 300_000

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
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep the loaded database there, and use it the next time",
    )


def run(
    *,
    rows: int,
    rounds: int,
    say: Say,
    section: Sequence[str] | None = None,
    keep: Path | None = None,
) -> Report:
    """Measure what was asked for, in the order of the report."""
    chosen = tuple(name for name in SECTIONS if name in (section or SECTIONS))
    conditions = [
        ("client", f"Python {platform.python_version()}, psycopg {_psycopg()}")
    ]
    found: list[Section | Table] = []
    if "trigger" in chosen:
        found += measure_triggers(rows=min(rows, _STATEMENT), rounds=rounds, say=say)
    if {"reads", "rollups"} & set(chosen):
        with open_history(rows=rows, keep=keep, say=say) as loaded:
            conditions += _describe(loaded)
            if "reads" in chosen:
                found += measure_reads(loaded, rounds=rounds, say=say)
            if "rollups" in chosen:
                found += measure_rollups(loaded, rounds=rounds, say=say)
    if "compression" in chosen:
        found += measure_compression(
            rows=min(rows, _COMPRESSED), rounds=rounds, say=say
        )
    return Report(
        title="history",
        conditions=tuple(conditions),
        sections=tuple(found),
        command=_command(rows, rounds, section, keep),
    )


def _command(
    rows: int, rounds: int, section: Sequence[str] | None, keep: Path | None
) -> str:
    sections = "".join(f" --section {name}" for name in section or ())
    folder = f" --keep {keep}" if keep else ""
    return f"scripts/bench history --rows {rows} --rounds {rounds}{sections}{folder}"


def _describe(loaded: Loaded) -> list[tuple[str, str]]:
    with psycopg.connect(loaded.url) as connection:
        row = connection.execute(
            "SELECT pg_size_pretty(sum(pg_table_size(relid))),"
            " pg_size_pretty(sum(pg_indexes_size(relid)))"
            " FROM pg_partition_tree('execution_history') WHERE isleaf"
        ).fetchone()
    assert row is not None
    return [
        ("server", f"PostgreSQL {loaded.version}, Unix socket, same machine"),
        ("history rows", f"{loaded.rows:,} over {DAYS} days, a partition a day"),
        ("size", f"{row[0]} and {row[1]} of indexes"),
        ("loaded in", f"{loaded.seconds:.0f} s, indexes and rollups included"),
    ]


def _psycopg() -> str:
    return f"{psycopg.__version__} ({psycopg.pq.__impl__})"
