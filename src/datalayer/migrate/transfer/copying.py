"""Copy the rows of a table from one connection to another, and compare them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from datalayer.migrate.transfer.inventory import Side, Table

_ROWS_A_REPORT = 50_000
# What one statement takes: 65535 parameters, and not too much text.
_PARAMETERS = 5_000

# The same wherever it is computed, and in whatever order: a sum over all rows.
_CHECKSUM = sql.SQL("""\
SELECT
    count(*),
    coalesce(sum(('x' || left(md5(row_text), 16))::bit(64)::bigint), 0)::text
FROM (SELECT ROW({columns})::text AS row_text FROM {table} {condition}) AS numbered
""")


_EVERYTHING = sql.SQL("")
Row = tuple[object, ...]


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


def insert_rows(
    source: Side, target: Side, name: str, tell: Callable[[int], None]
) -> None:
    """Do the same with INSERT, for a server that takes no COPY over the wire."""
    table = target.inventory.tables[name]
    size = max(1, _PARAMETERS // len(table.columns))
    rows = 0
    with source.connection.cursor().copy(_outgoing(source, name)) as outgoing:
        for page in _pages(outgoing.rows(), size):
            values = [value for row in page for value in row]
            command = _insert(target.name(name), table, len(page))
            target.connection.execute(command, values)
            rows += len(page)
            tell(rows)


def _outgoing(source: Side, name: str) -> sql.Composed:
    return sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
        _list(source.inventory.tables[name].columns), source.name(name)
    )


def _insert(target: sql.Identifier, table: Table, rows: int) -> sql.Composed:
    # The types are PostgreSQL's own names of them.
    places = (sql.SQL(f"%s::{kind}") for kind in table.types)
    row = sql.SQL("({})").format(sql.SQL(", ").join(places))
    return sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES {}").format(
        target, _list(table.columns), sql.SQL(", ").join([row] * rows)
    )


def _pages(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while page := list(islice(rows, size)):
        yield page


def _list(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
