"""The artifacts domain with a million artifacts: lookups, chains and generation."""

from __future__ import annotations

import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from benchmarks.measure import Contender, Timing, measure
from benchmarks.report import Goal, Plan, Report, Section
from datalayer import project
from datalayer.codegen.reading.loader import load_queries
from datalayer.config import Config, bundled_folder, load_config
from datalayer.migrate import migrate
from datalayer.queries.artifacts import artifact, compaction, patch_chain
from datalayer.runtime import Query
from datalayer.server import use_server
from plans import explain

ROOT = Path(__file__).resolve().parents[2]
FILL = Path(__file__).with_suffix(".sql")
#: A base and its patches.
FAMILY = 50
DEPTH = 20
#: How many queries to generate at least.
QUERIES = 60

Connection = psycopg.Connection[Any]


def run(*, rows: int, rounds: int, say: Callable[[str], None]) -> Report:
    """Load the data into a throw-away server and measure."""
    bases = max(2, rows // FAMILY)
    say("starting a throw-away server")
    with use_server() as server:
        migrate(server.url(), bundled_folder("migrations"))
        with psycopg.connect(server.url(), autocommit=True) as connection:
            say(f"loading {bases * FAMILY:,} artifacts")
            seconds = _load(connection, bases)
            conditions = (*_sizes(connection), ("loaded in", f"{seconds:.0f} s"))
            say("looking up compacted bases")
            lookup = _measure_lookup(connection, rounds)
            say("reading chains")
            chain = _measure_chain(connection, bases, rounds)
        version = server.version
    say("generating")
    return Report(
        title="artifacts",
        conditions=(
            *conditions,
            ("server", f"PostgreSQL {version}, Unix socket, same machine"),
            ("client", f"Python {platform.python_version()}, psycopg {_psycopg()}"),
        ),
        sections=(lookup, chain, _measure_generation()),
        command=f"scripts/bench artifacts --rows {bases * FAMILY} --rounds {rounds}",
    )


def _psycopg() -> str:
    return f"{psycopg.__version__} ({psycopg.pq.__impl__})"


def _load(connection: Connection, bases: int) -> float:
    started = time.monotonic()
    connection.execute("SELECT set_config('bench.bases', %s, false)", [str(bases)])
    connection.execute(FILL.read_bytes())
    connection.execute("VACUUM (ANALYZE) artifact, patch_chain_member")
    return time.monotonic() - started


def _sizes(connection: Connection) -> tuple[tuple[str, str], ...]:
    row = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE kind = 'dag_version'),"
        " count(compacted_from_id), pg_size_pretty(pg_total_relation_size('artifact'))"
        " FROM artifact"
    ).fetchone()
    assert row is not None
    return (
        ("artifacts", f"{row[0]:,} ({row[3]} with indexes)"),
        ("bases", f"{row[1]:,}, of which {row[2]:,} were compacted from a patch"),
    )


def _measure_lookup(connection: Connection, rounds: int) -> Section:
    ids = [
        row[0]
        for row in connection.execute(
            "SELECT compacted_from_id FROM artifact WHERE compacted_from_id IS NOT NULL"
            " ORDER BY md5(artifact_id::text) LIMIT 1000"
        )
    ]

    def by_column(call: int) -> UUID | None:
        base = compaction.find_compacted_base(connection, patch_id=ids[call % len(ids)])
        return base.artifact_id if base else None

    def by_meta(call: int) -> UUID | None:
        base = compaction.find_compacted_base_by_meta(
            connection, patch_id=ids[call % len(ids)]
        )
        return base.artifact_id if base else None

    for call in range(3):
        assert by_column(call) == by_meta(call) is not None
    contenders = [
        Contender("find_compacted_base (column)", by_column),
        Contender("find_compacted_base_by_meta (JSONB)", by_meta),
    ]
    column, meta = measure(contenders, rounds=rounds)
    return Section(
        "the base that a patch was compacted into",
        (column, meta),
        (
            _plan(connection, compaction.FIND_COMPACTED_BASE, ids[0]),
            _plan(connection, compaction.FIND_COMPACTED_BASE_BY_META, ids[0]),
        ),
        Goal(
            "100 times faster at 1,000,000 artifacts",
            meta.median >= 100 * column.median,
        ),
    )


def _measure_chain(connection: Connection, bases: int, rounds: int) -> Section:
    heads = [
        row[0]
        for row in connection.execute(
            "SELECT bench_id(50 * number + 20) FROM generate_series(0, %s) AS number"
            " ORDER BY md5(number::text) LIMIT 1000",
            [bases - 1],
        )
    ]

    def in_one_trip(call: int) -> list[UUID]:
        head = heads[call % len(heads)]
        members = patch_chain.get_patch_chain(connection, head_id=head)
        return [member.artifact_id for member in members]

    def recursive(call: int) -> list[UUID]:
        head = heads[call % len(heads)]
        members = patch_chain.walk_patch_chain(connection, head_id=head)
        return [member.artifact_id for member in members]

    def one_by_one(call: int) -> list[UUID]:
        members: list[UUID] = []
        current: UUID | None = heads[call % len(heads)]
        while current is not None:
            members.append(current)
            row = artifact.get_artifact(connection, artifact_id=current)
            current = row.parent_id if row else None
        return members[::-1]

    chain = in_one_trip(0)
    assert len(chain) == DEPTH
    assert chain == recursive(0) == one_by_one(0)
    timings = measure(
        [
            Contender("get_patch_chain (closure)", in_one_trip),
            Contender("walk_patch_chain (WITH RECURSIVE)", recursive),
            Contender("get_artifact (20 round trips)", one_by_one),
        ],
        rounds=rounds,
    )
    return Section(
        f"a chain of depth {DEPTH}",
        tuple(timings),
        (
            _plan(connection, patch_chain.GET_PATCH_CHAIN, heads[0]),
            _plan(connection, patch_chain.WALK_PATCH_CHAIN, heads[0]),
        ),
        note="parents lie next to each other here, which favours both walks",
    )


def _plan(connection: Connection, query: Query[Any], parameter: UUID) -> Plan:
    return Plan(query.name, tuple(explain(connection, query, [parameter])))


def _measure_generation() -> Section:
    with tempfile.TemporaryDirectory() as folder:
        config = _enlarged(load_config(ROOT), Path(folder))
        times, counts = [], []
        for _ in range(5):
            started = time.perf_counter()
            counts.append(len(project.build(config).shapes))
            times.append(time.perf_counter() - started)
    times.sort()
    timing = Timing(f"{counts[0]} queries", times[2], times[0], times[-1], len(times))
    return Section(
        "generation, server start and migrations included",
        (timing,),
        note="the queries of this repository, some of them twice",
        goal=Goal("60 queries in 3 s", counts[0] >= QUERIES and times[2] <= 3),
    )


def _enlarged(config: Config, folder: Path) -> Config:
    """Return a project with enough queries: files are there a second time."""
    queries = folder / "queries"
    shutil.copytree(config.queries, queries)
    for file in sorted(config.queries.glob("*/*.sql")):
        if len(load_queries(queries, root=folder).sources) >= QUERIES:
            break
        copy = queries / "again" / file.parent.name / file.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    return replace(config, root=folder, queries=queries)
