"""Copy the rows of a table from one connection to another, and compare them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from datalayer.migrate.transfer.inventory import Side

_ROWS_A_REPORT = 50_000

# The same wherever it is computed, and in whatever order: a sum over all rows.
_CHECKSUM = sql.SQL("""\
SELECT
    count(*),
    coalesce(sum(('x' || left(md5(row_text), 16))::bit(64)::bigint), 0)::text
FROM (SELECT ROW({columns})::text AS row_text FROM {table} {condition}) AS numbered
""")


_EVERYTHING = sql.SQL("")


@dataclass(frozen=True, slots=True)
class Contents:
    """How many rows there are, and a number that depends on all of them."""

    rows: int
    checksum: str


def read_contents(
    connection: psycopg.Connection,
    table: sql.Composable,
    columns: list[str],
    condition: sql.Composable = _EVERYTHING,
) -> Contents:
    """Count the rows of a table and sum them up."""
    question = _CHECKSUM.format(
        columns=_list(columns), table=table, condition=condition
    )
    found = connection.execute(question).fetchone()
    return Contents(*found) if found else Contents(0, "0")


def copy_rows(
    source: Side, target: Side, name: str, tell: Callable[[int], None]
) -> None:
    """Copy all rows of a table; tell from time to time how many."""
    columns = _list(target.inventory.tables[name].columns)
    command = sql.SQL("COPY {} ({}) FROM STDIN").format(target.name(name), columns)
    with (
        source.connection.cursor().copy(_outgoing(source, name)) as outgoing,
        target.connection.cursor().copy(command) as incoming,
    ):
        for rows, line in enumerate(outgoing, start=1):
            incoming.write(line)
            if rows % _ROWS_A_REPORT == 0:
                tell(rows)


def _outgoing(source: Side, name: str) -> sql.Composed:
    return sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
        _list(source.inventory.tables[name].columns), source.name(name)
    )


def _list(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
