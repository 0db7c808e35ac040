"""The steps of the conversations domain: applied by psql, and what they leave."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from conversations_backfill_model import Row, Tables
from datalayer.lexer import split_statements
from datalayer.server import find_binaries

MIGRATIONS = Path(__file__).parents[1] / "migrations" / "conversations"
STEPS = tuple(sorted(MIGRATIONS.glob("*.sql")))
LAST = len(STEPS) - 1
#: Whether to try all that there is, rather than a few of each kind.
THOROUGH = os.environ.get("DATALAYER_EACH_STEP") == "1"
#: Between the statements of the transaction and those that run by themselves.
OUTSIDE = "-- datalayer: transaction=off"
#: What comes and goes by itself: when and how often something ran.
_PASSING = frozenset({"datalayer_migration", "backfill_progress"})
_KEYS = """\
SELECT
    pg_class.relname,
    array(
        SELECT pg_attribute.attname::text
        FROM pg_index
        CROSS JOIN unnest(pg_index.indkey::int2[]) WITH ORDINALITY AS k (n, place)
        INNER JOIN pg_attribute
            ON pg_attribute.attrelid = pg_class.oid AND pg_attribute.attnum = k.n
        WHERE pg_index.indrelid = pg_class.oid AND pg_index.indisprimary
        ORDER BY k.place
    ) AS key
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm')
ORDER BY relname
"""


def run_plainly(url: str, *files: Path) -> None:
    """Run files as psql does, each statement by itself."""
    with psycopg.connect(url, autocommit=True) as connection:
        for file in files:
            for statement in _statements(file.read_text()):
                connection.execute(statement)


@cache
def _statements(text: str) -> list[bytes]:
    return [text[s.start : s.end].encode() for s in split_statements(text)]


def run_psql(url: str, *files: Path) -> None:
    """Run files as a DBA would."""
    program = next(b for b in find_binaries() if b.embedded).program("psql")
    command = [program, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url]
    for file in files:
        command += ["-f", str(file)]
    subprocess.run(command, check=True, capture_output=True)


def read_tables(url: str) -> Tables:
    """Return all rows of all tables and materialised views by their keys."""
    tables: Tables = {}
    with psycopg.connect(url, row_factory=dict_row) as connection:
        for found in connection.execute(_KEYS).fetchall():
            name = found["relname"]
            query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(name))
            rows: list[Row] = connection.execute(query).fetchall()
            tables[name] = {_key(row, found["key"]): row for row in rows}
    for name in _PASSING & set(tables):
        tables[name] = {}
    return tables


def fingerprint(url: str) -> dict[str, str | None]:
    """Return a digest of the rows of each table, which is quicker than the rows."""
    tables = {}
    with psycopg.connect(url) as connection:
        for name, _ in connection.execute(_KEYS).fetchall():
            if name not in _PASSING:
                query = sql.SQL(
                    "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {} t"
                )
                row = connection.execute(query.format(sql.Identifier(name))).fetchone()
                assert row is not None
                tables[name] = row[0]
    return tables


def _key(row: Row, columns: list[str]) -> tuple[Any, ...]:
    """Return the primary key, or what a materialised view is grouped by."""
    return tuple(row[c] for c in columns) or tuple(row.values())[:3]


def assert_rows(found: Tables, expected: Tables) -> None:
    """Compare the rows of two states, in the columns that are expected."""
    assert sorted(found) == sorted(expected)
    for name, rows in expected.items():
        assert sorted(found[name], key=repr) == sorted(rows, key=repr), name
        for key, row in rows.items():
            there = found[name][key]
            assert {column: there.get(column, "no such") for column in row} == row, name
