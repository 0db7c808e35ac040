"""What a change takes in the history, in bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg

from benchmarks.history_changes import (
    TRIGGERS,
    Connection,
    add_executions,
    replace_trigger,
)
from benchmarks.report import Figure, Row, Table
from datalayer.server import Server, scratch_database

#: How many lives have large results.
_FEW = 100
#: What follows an INSERT in the lives that are weighed.
_LIFE = {
    name: (
        "UPDATE execution SET status = 'scheduled' WHERE id BETWEEN $1 AND $2",
        "UPDATE execution SET status = 'running', executor = 1, started_at = now()"
        " WHERE id BETWEEN $1 AND $2",
        f"UPDATE execution SET status = 'completed', result = {payload}"  # noqa: S608
        " FROM bench_payload WHERE number = 0 AND id BETWEEN $1 AND $2",
    )
    for name, payload in (("100 bytes", "small"), ("100 kB", "large"))
}


def weigh_changes(server: Server, template: str, *, lives: int) -> Table:
    """Compare what the history of a life takes on disk, for each of its changes."""
    names = list(TRIGGERS)[1:]
    weights: dict[str, list[float]] = {}
    for name in names:
        with (
            scratch_database(server.url(), template) as url,
            psycopg.connect(url, autocommit=True) as connection,
        ):
            replace_trigger(connection, name)
            for line, weight in _weigh(connection, lives):
                weights.setdefault(line, []).append(weight)
    return Table(
        "bytes in the history for each change: INSERT, three steps, result at the end",
        (*names, *(f"{name}/ours" for name in names[:-1])),
        tuple(_row(line, figures) for line, figures in weights.items()),
    )


def _row(name: str, weights: Sequence[float]) -> Row:
    # Tables grow by whole pages, and in a tiny run by none.
    ratios = (Figure(weight / max(weights[-1], 1)) for weight in weights[:-1])
    return Row(name, (*(Figure(weight, "B") for weight in weights), *ratios))


def _weigh(connection: Connection, lives: int) -> Iterator[tuple[str, float]]:
    for payload, statements in _LIFE.items():
        amount = lives if payload == "100 bytes" else min(lives, _FEW)
        grown = _live(connection, statements, amount)
        for part, size in zip(("rows", "indexes"), grown, strict=True):
            changes = amount * (1 + len(statements))
            yield f"{part}, results of {payload}", size / changes


def _live(
    connection: Connection, statements: Sequence[str], lives: int
) -> tuple[int, int]:
    """Live some lives, and return what the history's rows and indexes grew by."""
    before = _history_size(connection)
    ids = add_executions(connection, lives)
    for statement in statements:
        psycopg.RawCursor(connection).execute(statement.encode(), ids)
    after = _history_size(connection)
    return after[0] - before[0], after[1] - before[1]


def _history_size(connection: Connection) -> tuple[int, int]:
    # What waits in the list of a GIN index goes into its tree.
    connection.execute("VACUUM execution_history")
    row = connection.execute(
        "SELECT sum(pg_table_size(relid)), sum(pg_indexes_size(relid))"
        " FROM pg_partition_tree('execution_history') WHERE isleaf"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
