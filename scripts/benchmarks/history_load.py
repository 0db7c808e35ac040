"""A database with millions of history rows over 90 days, built set by set."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.kept_databases import check_size, check_space, find_database
from datalayer.config import bundled_folder
from datalayer.migrate import migrate
from datalayer.server import create_database, use_server

FUNCTIONS = Path(__file__).with_suffix(".sql")
DATABASE = "bench_history"
DAYS = 90
#: History rows of one execution.
ROWS_OF_A_LIFE = 5
#: How many pieces to load in.
STEPS = 90
#: What a history row takes with its indexes, room for WAL and sorting included, and
#: what a server takes.
_BYTES_A_ROW = 700
_BYTES_AT_LEAST = 300_000_000
#: What has partitions, and triggers that would take all rows for late ones.
_SOURCES = ("enforcement", "event", "execution_history", "worker_history")

Connection = psycopg.Connection[Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A database that is ready to be measured."""

    url: str
    version: str
    #: History rows of executions.
    rows: int
    executions: int
    since: datetime
    until: datetime
    seconds: float


@contextmanager
def open_history(*, rows: int, keep: Path | None, say: Say) -> Iterator[Loaded]:
    """Build the database, or find it in the folder that was kept."""
    executions = max(100, rows // ROWS_OF_A_LIFE)
    amount = executions * ROWS_OF_A_LIFE
    check_space(
        _BYTES_AT_LEAST + amount * _BYTES_A_ROW, keep, f"{amount:,} history rows"
    )
    say("starting a server")
    with use_server(keep) as server:
        found = find_database(server.url(), DATABASE, "executions")
        if found is None:
            url = create_database(server.url(), DATABASE)
            _build(url, executions, say)
        else:
            url, kept = found
            check_size(kept * ROWS_OF_A_LIFE, amount, keep, "history rows")
        with psycopg.connect(url) as connection:
            query = "SELECT since, until, extract(EPOCH FROM loaded) FROM bench_layout"
            since, until, seconds = connection.execute(query).fetchone() or ()
        yield Loaded(
            url,
            server.version,
            amount,
            executions,
            since,
            until,
            float(seconds),
        )


def _build(url: str, executions: int, say: Say) -> None:
    started = time.monotonic()
    say("migrating")
    migrate(url, bundled_folder("migrations"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute(FUNCTIONS.read_bytes())
        _lay_out(connection, executions)
        _fill(connection, executions, say)
        _settle(connection, say)
        connection.execute(
            "UPDATE bench_layout SET loaded = make_interval(secs => %s)",
            [time.monotonic() - started],
        )


def _lay_out(connection: Connection, executions: int) -> None:
    """Choose the time, up to the last hours that a rollup stores; make partitions."""
    connection.execute(
        "INSERT INTO bench_layout (executions, since, until)"
        " SELECT %s, hour - make_interval(days => %s), hour"
        " FROM (SELECT datalayer_hour(now() - interval '30 minutes')) AS hours (hour)",
        [executions, DAYS],
    )
    # What retention would do is measured nowhere here.
    connection.execute("UPDATE datalayer_partitioned SET retain = NULL")
    connection.execute(
        "SELECT count(datalayer_add_partition(relation, start, start + step))"
        " FROM datalayer_partitioned, bench_layout, LATERAL generate_series("
        "     datalayer_partition_start(step, since),"
        "     datalayer_partition_start(step, now()),"
        "     step"
        " ) AS start"
        " WHERE relation::text = ANY (%s)",
        [list(_SOURCES)],
    )
    connection.execute("SELECT bench_register_workers()")


def _fill(connection: Connection, executions: int, say: Say) -> None:
    """Load piece by piece, without indexes and without marking every hour late."""
    indexes = _drop_indexes(connection)
    for state in ("DISABLE", "ENABLE ALWAYS"):
        if state == "ENABLE ALWAYS":
            _load_pieces(connection, executions, say)
        for source in _SOURCES:
            connection.execute(
                sql.SQL("ALTER TABLE {} {} TRIGGER {}").format(
                    sql.Identifier(source),
                    sql.SQL(state),
                    sql.Identifier(f"{source}_mark_late_insert"),
                )
            )
    for name, definition in indexes:
        say(f"creating {name}")
        connection.execute(definition.encode())


def _drop_indexes(connection: Connection) -> list[tuple[str, str]]:
    indexes = connection.execute(
        "SELECT indexname, replace(indexdef, ' ON ONLY ', ' ON ') FROM pg_indexes"
        " WHERE tablename = 'execution_history' AND indexname LIKE 'idx_%'"
        " ORDER BY indexname"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return indexes


def _load_pieces(connection: Connection, executions: int, say: Say) -> None:
    started = time.monotonic()
    bounds = [1 + executions * step // STEPS for step in range(STEPS + 1)]
    for step, (first, after) in enumerate(itertools.pairwise(bounds)):
        left = (time.monotonic() - started) / max(step, 1) * (STEPS - step)
        rows = (first - 1) * ROWS_OF_A_LIFE
        remaining = f", {left:.0f} s to go" if step else ""
        total = executions * ROWS_OF_A_LIFE
        say(f"loading: {rows:,} of {total:,} history rows{remaining}")
        for function in ("executions", "causes", "workers"):
            connection.execute(
                sql.SQL("SELECT {}(%s, %s)").format(
                    sql.Identifier(f"bench_add_{function}")
                ),
                [first, after - 1],
            )


def _settle(connection: Connection, say: Say) -> None:
    say("vacuuming")
    connection.execute("VACUUM (ANALYZE)")
    say("storing hours")
    connection.execute("SELECT FROM datalayer_maintain()")
    connection.execute("VACUUM (ANALYZE)")
