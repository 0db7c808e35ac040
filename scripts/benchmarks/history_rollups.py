"""What it costs to keep the hourly relations, an hour at a time and all at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg

from benchmarks.history_load import Loaded
from benchmarks.measure import Contender, measure
from benchmarks.report import Section

SOURCE = "execution_history"
#: Between full recomputations, which take long.
_SELDOM = 5

Connection = psycopg.Connection[Any]


def measure_rollups(
    loaded: Loaded, *, rounds: int, say: Callable[[str], None]
) -> list[Section]:
    """Compare one hour that closed, one late hour, and all hours."""
    say("storing hours, one and all")
    with psycopg.connect(loaded.url, autocommit=True) as connection:
        # Of what is due on a database that was kept nothing must come in between.
        connection.execute("SELECT FROM datalayer_maintain()")
        # A run that was killed has left them in the future.
        before = connection.execute(
            "SELECT source,"
            " least(watermark, datalayer_hour(now() - interval '1 hour'))::text"
            " FROM datalayer_rollup_source"
        ).fetchall()
        connection.execute("UPDATE datalayer_rollup_source SET watermark = 'infinity'")
        try:
            timings = measure(_contenders(connection, loaded), rounds=rounds)
        finally:
            for source, watermark in before:
                _set_watermark(connection, source, watermark)
    hours = (loaded.until - loaded.since) // timedelta(hours=1)
    return [
        Section(
            f"rollups of {loaded.rows:,} history rows in {hours:,} hours",
            tuple(timings),
            note="one hour has"
            f" about {loaded.rows // hours:,} history rows; three rollups read them",
        )
    ]


def _contenders(connection: Connection, loaded: Loaded) -> list[Contender]:
    def reopen(calls: int) -> None:
        """Let the last hours be not stored yet."""
        _set_watermark(connection, SOURCE, loaded.until - timedelta(hours=calls))

    def come_late(calls: int) -> None:
        """Add a row to as many old hours; its trigger leaves a mark."""
        _set_watermark(connection, SOURCE, loaded.until)
        connection.execute(
            "INSERT INTO execution_history (time, operation, entity_id, entity_ref)"
            " SELECT %s - hour * interval '1 hour', 'DELETE', 1, 'core.action_1'"
            " FROM generate_series(1, %s) AS hours (hour)",
            [loaded.until, calls],
        )

    def step(*expected: str | None) -> Callable[[int], None]:
        query = "SELECT max(task) FROM datalayer_maintain_step(1)"

        def run(_call: int) -> None:
            (task,) = connection.execute(query).fetchone() or (None,)
            assert task in expected

        return run

    def store_all(_call: int) -> None:
        connection.execute(
            "SELECT datalayer_store_hours(%s, %s, %s)",
            [SOURCE, loaded.since, loaded.until],
        )

    def vacuum(_calls: int) -> None:
        connection.execute(
            "VACUUM execution_status_hourly_stored,"
            " execution_throughput_hourly_stored, execution_volume_hourly_stored"
        )

    # Hours without rows are passed over, and then nothing may be left.
    store, repeat = step("store closed hours", None), step("repeat late hours")
    return [
        Contender("datalayer_maintain_step, an hour that closed", store, reopen),
        Contender(
            "datalayer_maintain_step, an hour with a late row", repeat, come_late
        ),
        Contender("all hours", store_all, vacuum, every=_SELDOM),
    ]


def _set_watermark(connection: Connection, source: str, watermark: object) -> None:
    connection.execute(
        "UPDATE datalayer_rollup_source SET watermark = %s WHERE source = %s",
        [watermark, source],
    )
