"""How well TimescaleDB compresses a history, by what its segments are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from benchmarks.history_load import FUNCTIONS, ROWS_OF_A_LIFE
from benchmarks.measure import Contender, measure
from benchmarks.report import Figure, Row, Table
from datalayer.config import bundled_folder
from datalayer.errors import DataLayerError
from datalayer.migrate import migrate
from datalayer.server.timescaledb import use_timescaledb

DAYS = 3
#: What segments are made of, and the order within.
CHOICES = (
    ("entity_ref", "entity_id, time DESC, seq DESC"),
    ("entity_id", "time DESC, seq DESC"),
    ("", "entity_id, time DESC, seq DESC"),
)

Connection = psycopg.Connection[Any]


def measure_compression(
    *, rows: int, rounds: int, say: Callable[[str], None]
) -> list[Table]:
    """Compress the same rows three times; say so where there is no TimescaleDB."""
    title = f"compression of {rows:,} history rows in chunks of a day, on TimescaleDB"
    columns = ("before", "after", "before/after", "history of an entity")
    say("starting TimescaleDB")
    try:
        with use_timescaledb() as server:
            migrate(server.url, bundled_folder("migrations"))
            with psycopg.connect(server.url, autocommit=True) as connection:
                return [_measure(connection, title, columns, rows, rounds, say)]
    except DataLayerError as error:
        return [Table(title, columns, (), note=f"not measured: {error}")]


def _measure(
    connection: Connection,
    title: str,
    columns: tuple[str, ...],
    rows: int,
    rounds: int,
    say: Callable[[str], None],
) -> Table:
    say(f"loading {rows:,} history rows")
    _load(connection, max(1, rows // ROWS_OF_A_LIFE))
    lines = []
    for segment, order in CHOICES:
        say(f"compressing by {segment or 'nothing'}")
        before, after = _compress(connection, segment, order)
        lines.append(
            Row(
                f"segments by {segment or 'nothing'}",
                (
                    Figure(before, "B"),
                    Figure(after, "B"),
                    Figure(before / after),
                    Figure(_read(connection, rounds), "s"),
                ),
            )
        )
    note = f"indexes included, {_version(connection)}"
    return Table(title, columns, tuple(lines), note=note)


def _version(connection: Connection) -> str:
    (version,) = connection.execute(
        "SELECT format('PostgreSQL %s, TimescaleDB %s',"
        " current_setting('server_version'), extversion)"
        " FROM pg_extension WHERE extname = 'timescaledb'"
    ).fetchone() or ("",)
    return str(version)


def _load(connection: Connection, executions: int) -> None:
    connection.execute(FUNCTIONS.read_bytes())
    connection.execute(
        "INSERT INTO bench_layout (executions, since, until)"
        " SELECT %s, midnight - make_interval(days => %s), midnight"
        " FROM (SELECT datalayer_partition_start('1 day', now())) AS days (midnight)",
        [executions, DAYS],
    )
    connection.execute("SELECT bench_add_executions(1, %s)", [executions])


def _compress(connection: Connection, segment: str, order: str) -> tuple[int, int]:
    """Copy the history into a table of its own, compress it, and return both sizes."""
    for statement in (
        "DROP TABLE IF EXISTS bench_compressed",
        "CREATE TABLE bench_compressed"
        " (LIKE execution_history INCLUDING DEFAULTS INCLUDING INDEXES)",
        "SELECT create_hypertable("
        "'bench_compressed', by_range('time', interval '1 day'))",
        "INSERT INTO bench_compressed SELECT * FROM execution_history ORDER BY seq",
        "ALTER TABLE bench_compressed SET (timescaledb.compress,"
        f" timescaledb.compress_segmentby = '{segment}',"
        f" timescaledb.compress_orderby = '{order}')",
        "SELECT compress_chunk(chunk) FROM show_chunks('bench_compressed') AS chunk",
    ):
        connection.execute(statement.encode())
    row = connection.execute(
        "SELECT before_compression_total_bytes, after_compression_total_bytes"
        " FROM hypertable_compression_stats('bench_compressed')"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _read(connection: Connection, rounds: int) -> float:
    (executions,) = connection.execute(
        "SELECT executions FROM bench_layout"
    ).fetchone() or (1,)

    def read(call: int) -> None:
        connection.execute(
            "SELECT seq, time, changed_fields, old_values, new_values"
            " FROM bench_compressed WHERE entity_id = %s ORDER BY seq",
            [1 + call * 7919 % executions],
        ).fetchall()

    (timing,) = measure([Contender("", read)], rounds=rounds)
    return timing.median
