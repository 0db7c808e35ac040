"""The hourly relations: computed from raw rows, or kept where these were dropped."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.errors import LockNotAvailable
from psycopg.rows import scalar_row

from datalayer.migrate.transfer.copying import read_contents
from datalayer.migrate.transfer.errors import TransferUnequal
from datalayer.migrate.transfer.events import Refreshing, RelationTransferred

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from datalayer.migrate.transfer.events import TransferEvent
    from datalayer.migrate.transfer.inventory import Side

_ATTEMPTS = 60
_PAUSE = 0.5
_FIRST_OF_NATIVE = sql.SQL("""\
SELECT datalayer_partitioned.dropped_before
FROM {schema}.datalayer_partitioned
INNER JOIN pg_class ON pg_class.oid = datalayer_partitioned.relation
WHERE pg_class.relname = %s AND isfinite(datalayer_partitioned.dropped_before)
""")
_FIRST_OF_CHUNKS = sql.SQL("""\
SELECT coalesce(
    (
        SELECT min(chunks.range_start)
        FROM timescaledb_information.chunks
        WHERE chunks.hypertable_schema = %s AND chunks.hypertable_name = %s
    ),
    (SELECT max(bucket) + interval '1 hour' FROM {relation})
)
""")
_COLUMNS = """\
SELECT attname::text
FROM pg_catalog.pg_attribute
WHERE attrelid = format('%%I.%%I', %s::text, %s::text)::regclass AND attnum > 0
ORDER BY attnum
"""
# Hours that go on, or may get late rows soon, stay live.
_REFRESH = sql.SQL("""\
CALL refresh_continuous_aggregate(
    {relation}, NULL, date_bin('1 hour', now(), '2001-01-01 00:00:00+00')
)
""")
# An aggregate shows what is stored below its watermark, which only raw rows move.
_RAISE_WATERMARK = sql.SQL("""\
UPDATE _timescaledb_catalog.continuous_aggs_watermark
SET watermark = greatest(
    watermark,
    _timescaledb_functions.to_unix_microseconds(
        (SELECT max(bucket) + interval '1 hour' FROM {stored})
    )
)
WHERE mat_hypertable_id = (
    SELECT hypertable.id
    FROM _timescaledb_catalog.hypertable
    WHERE format('%I.%I', hypertable.schema_name, hypertable.table_name) = {stored_name}
)
""")
_SETTLE_NATIVE = (
    sql.SQL("""\
UPDATE {schema}.datalayer_partitioned
SET dropped_before = greatest(dropped_before, {first})
FROM pg_class
WHERE pg_class.oid = datalayer_partitioned.relation AND pg_class.relname = {raw}
"""),
    sql.SQL("""\
UPDATE {schema}.datalayer_rollup_source
SET watermark = greatest(watermark, {first})
FROM pg_class
WHERE pg_class.oid = datalayer_rollup_source.relation AND pg_class.relname = {raw}
"""),
)


def transfer_hours(
    source: Side, target: Side, tell: Callable[[TransferEvent], None]
) -> None:
    """Complete the hourly relations of the target, whose raw rows have arrived."""
    for name in sorted(source.inventory.relations):
        started = time.monotonic()
        if target.inventory.profile != "native":
            tell(Refreshing(name))
            _refresh(target, name)
        first = _first_hour(source, name)
        kept = 0
        if first is not None:
            with target.connection.transaction():
                kept = _keep(source, target, name, first)
        milliseconds = round((time.monotonic() - started) * 1000)
        tell(RelationTransferred(name, kept, milliseconds))


def _first_hour(side: Side, name: str) -> datetime | None:
    """Return the first hour whose raw rows were not dropped, None if none were."""
    schema, raw = side.inventory.schema, side.inventory.relations[name].raw
    with side.connection.cursor(row_factory=scalar_row) as cursor:
        if side.inventory.profile != "native":
            question = _FIRST_OF_CHUNKS.format(relation=side.name(name))
            return cursor.execute(question, (schema, raw)).fetchone()
        question = _FIRST_OF_NATIVE.format(schema=sql.Identifier(schema))
        return cursor.execute(question, (raw,)).fetchone()


def _refresh(target: Side, name: str) -> None:
    """Compute all hours that have ended; wait for a job that is at it already."""
    relation = target.name(name).as_string(target.connection)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            target.connection.execute(_REFRESH.format(relation=sql.Literal(relation)))
        except LockNotAvailable:
            if attempt == _ATTEMPTS:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _keep(source: Side, target: Side, name: str, first: datetime) -> int:
    """Put the hours before `first` in place of what the target has of them."""
    with target.connection.cursor(row_factory=scalar_row) as cursor:
        values = (target.inventory.schema, name)
        columns = cursor.execute(_COLUMNS, values).fetchall()
    stored = _quoted(target, name)
    identifiers = sql.SQL(", ").join(map(sql.Identifier, columns))
    before = sql.SQL("WHERE bucket < {}").format(sql.Literal(first))
    question = sql.SQL("SELECT {} FROM {} {}")
    rows = source.connection.execute(
        question.format(identifiers, source.name(name), before)
    ).fetchall()
    target.connection.execute(sql.SQL("DELETE FROM {} {}").format(stored, before))
    places = sql.SQL(", ").join([sql.SQL("%s")] * len(columns))
    command = sql.SQL("INSERT INTO {} ({}) VALUES ({})")
    for row in rows:
        target.connection.execute(command.format(stored, identifiers, places), row)
    # A first chunk does not tell that there were chunks before it.
    if target.inventory.profile != "native":
        if rows:
            _raise_watermark(target, name)
    elif rows or source.inventory.profile == "native":
        _settle_native(target, name, first)
    _compare(source, target, name, columns, before)
    return len(rows)


def _quoted(target: Side, name: str) -> sql.SQL:
    # The catalog quotes the name, which has a schema of the extension's.
    stored = target.inventory.relations[name].stored
    return sql.SQL(stored)  # pyright: ignore[reportArgumentType] (not from users)


def _settle_native(target: Side, name: str, first: datetime) -> None:
    """Tell maintenance that the hours before `first` are final."""
    for command in _SETTLE_NATIVE:
        target.connection.execute(
            command.format(
                schema=sql.Identifier(target.inventory.schema),
                first=sql.Literal(first),
                raw=sql.Literal(target.inventory.relations[name].raw),
            )
        )


def _raise_watermark(target: Side, name: str) -> None:
    target.connection.execute(
        _RAISE_WATERMARK.format(
            stored=_quoted(target, name),
            stored_name=sql.Literal(target.inventory.relations[name].stored),
        )
    )


def _compare(
    source: Side,
    target: Side,
    name: str,
    columns: list[str],
    before: sql.Composed,
) -> None:
    sent, arrived = (
        read_contents(side.connection, side.name(name), columns, before)
        for side in (source, target)
    )
    if sent != arrived:
        raise TransferUnequal(
            f"of `{name}` {sent.rows} buckets without raw rows left, "
            f"{arrived.rows} arrived, or their values differ",
            help="run again: the tables are there already",
        )
