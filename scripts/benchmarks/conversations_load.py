"""A database with millions of requests over 90 days, built set by set."""

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
from datalayer.server import Server, create_database, use_server

FUNCTIONS = tuple(
    Path(__file__).with_name(f"conversations_{part}.sql")
    for part in ("load", "requests")
)
DATABASE = "bench_conversations"
DAYS = 90
TRAINS = 200
#: How many pieces to load in.
STEPS = 90
#: What a request takes with its indexes, room for WAL and sorting included, and what a
#: server takes.
_BYTES_A_REQUEST = 5_000
_BYTES_AT_LEAST = 300_000_000
#: What a server may lose that loads what can be loaded again.
_HURRY = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "'8GB'"}

Connection = psycopg.Connection[Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A database that is ready to be measured."""

    server: Server
    url: str
    requests: int
    conversations: int
    since: datetime
    until: datetime
    seconds: float


@contextmanager
def open_conversations(
    *, requests: int, keep: Path | None, say: Say
) -> Iterator[Loaded]:
    """Build the database, or find it in the folder that was kept."""
    check_space(
        _BYTES_AT_LEAST + requests * _BYTES_A_REQUEST, keep, f"{requests:,} requests"
    )
    say("starting a server")
    with use_server(keep) as server:
        found = find_database(server.url(), DATABASE, "requests")
        if found is None:
            url = create_database(server.url(), DATABASE)
            _build(url, requests, say)
        else:
            url, kept = found
            check_size(kept, requests, keep, "requests")
        with psycopg.connect(url) as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM bench_conversation), since, until,"
                " extract(EPOCH FROM loaded) FROM bench_layout"
            ).fetchone()
        assert row is not None
        conversations, since, until, seconds = row
        yield Loaded(server, url, requests, conversations, since, until, float(seconds))


def _build(url: str, requests: int, say: Say) -> None:
    started = time.monotonic()
    say("migrating")
    migrate(url, bundled_folder("migrations"))
    with psycopg.connect(url, autocommit=True) as connection, hurry(connection):
        for file in FUNCTIONS:
            connection.execute(file.read_bytes())
        connection.execute(
            "INSERT INTO bench_layout (requests, since, until)"
            " SELECT %s, moment - make_interval(days => %s), moment"
            " FROM (SELECT date_trunc('minute', now())) AS moments (moment)",
            [requests, DAYS],
        )
        say("planning conversations")
        connection.execute("SELECT bench_plan_conversations()")
        connection.execute("ANALYZE bench_conversation")
        _fill(connection, requests, say)
        say("vacuuming")
        connection.execute("VACUUM (ANALYZE)")
        say("summing up hours")
        connection.execute("SELECT refresh_hourly_stats()")
        connection.execute("VACUUM (ANALYZE) hourly_stats")
        connection.execute(
            "UPDATE bench_layout SET loaded = make_interval(secs => %s)",
            [time.monotonic() - started],
        )
        connection.execute("CHECKPOINT")


@contextmanager
def hurry(connection: Connection) -> Iterator[None]:
    """Let the server wait for no disk, and this session for nothing."""
    for name, value in _HURRY.items():
        connection.execute(f"ALTER SYSTEM SET {name} = {value}".encode())
    connection.execute("SELECT pg_reload_conf()")
    connection.execute("SET synchronous_commit = off")
    connection.execute("SET maintenance_work_mem = '512MB'")
    connection.execute("SET work_mem = '256MB'")
    try:
        yield
    finally:
        for name in _HURRY:
            connection.execute(f"ALTER SYSTEM RESET {name}".encode())
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CHECKPOINT")


def _fill(connection: Connection, requests: int, say: Say) -> None:
    """Load piece by piece, without indexes and without checking row by row."""
    indexes = _drop_indexes(connection)
    # A parent is there before its child, and what is planned is right.
    connection.execute("SET session_replication_role = replica")
    _load_pieces(connection, requests, say)
    for part in ("chunks", "analyses", "trains"):
        say(f"adding {part}")
        connection.execute(
            sql.SQL("SELECT {}()").format(sql.Identifier(f"bench_add_{part}"))
        )
    connection.execute("RESET session_replication_role")
    for name, definition in indexes:
        say(f"creating {name}")
        connection.execute(definition.encode())


def _drop_indexes(connection: Connection) -> list[tuple[str, str]]:
    indexes = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes"
        " WHERE tablename = 'api_requests' AND indexname LIKE 'idx_%'"
        " ORDER BY indexname"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return indexes


def _load_pieces(connection: Connection, requests: int, say: Say) -> None:
    started = time.monotonic()
    bounds = [
        bound
        for (bound,) in connection.execute(
            "SELECT 1 + (SELECT max(number) FROM bench_conversation) * step / %s"
            " FROM generate_series(0, %s) AS steps (step) ORDER BY step",
            [STEPS, STEPS],
        )
    ]
    for step, (first, after) in enumerate(itertools.pairwise(bounds)):
        left = (time.monotonic() - started) / max(step, 1) * (STEPS - step)
        remaining = f", {left:.0f} s to go" if step else ""
        done = requests * step // STEPS
        say(f"loading: about {done:,} of {requests:,} requests{remaining}")
        connection.execute("SELECT bench_add_requests(%s, %s)", [first, after - 1])
