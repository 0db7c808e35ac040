"""What must hold of the files of the conversations domain; each raises if it does not.

A check takes a file in the place of one of the steps, so that mutants can be tried.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import class_row

from conversations_backfill_model import after_step, with_accounts
from conversations_filling import fill
from conversations_ladder import Ladder
from conversations_steps import (
    LAST,
    STEPS,
    assert_rows,
    fingerprint,
    read_tables,
    run_plainly,
)
from schema_dump import dump_schema

Connection = psycopg.Connection[Any]

_INDEXES = """\
SELECT
    pg_class.relname AS name,
    pg_index.indrelid::regclass::text AS table_name,
    pg_am.amname AS method,
    pg_index.indisunique AS is_unique,
    pg_get_expr(pg_index.indpred, pg_index.indrelid) AS predicate,
    array(
        SELECT pg_get_indexdef(pg_index.indexrelid, n, TRUE)
        FROM generate_series(1, pg_index.indnkeyatts) AS n
        ORDER BY n
    ) AS keys,
    array(
        SELECT pg_get_indexdef(pg_index.indexrelid, n, TRUE)
        FROM generate_series(pg_index.indnkeyatts + 1, pg_index.indnatts) AS n
        ORDER BY n
    ) AS included
FROM pg_index
INNER JOIN pg_class ON pg_class.oid = pg_index.indexrelid
INNER JOIN pg_am ON pg_am.oid = pg_class.relam
WHERE pg_class.relnamespace = 'public'::regnamespace
ORDER BY name
"""
_HASHES = """\
SELECT attrelid::regclass || '.' || attname, format_type(atttypid, atttypmod)
FROM pg_attribute
INNER JOIN pg_class ON pg_class.oid = attrelid
WHERE
    attname LIKE '%hash%'
    AND relkind = 'r'
    AND relnamespace = 'public'::regnamespace
"""
_UUIDS = """\
SELECT DISTINCT attname FROM pg_attribute
INNER JOIN pg_class ON pg_class.oid = attrelid
WHERE atttypid = 'uuid'::regtype AND relnamespace = 'public'::regnamespace
"""
_HOURS = """\
SELECT
    date_trunc('hour', timestamp AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', domain, model,
    count(*), sum(input_tokens), sum(output_tokens), sum(cache_creation_input_tokens),
    sum(cache_read_input_tokens), sum(duration_ms), count(duration_ms),
    sum(tool_call_count)
FROM api_requests
GROUP BY 1, 2, 3
"""


@dataclass(frozen=True)
class Index:
    """An index as the catalogue describes it."""

    name: str
    table_name: str
    method: str
    is_unique: bool
    predicate: str | None
    keys: list[str]
    included: list[str]

    def adds_nothing_to(self, other: Index) -> bool:
        """Tell whether the other one can do all that this one does."""
        places = ("table_name", "method")
        if self == other or any(getattr(self, p) != getattr(other, p) for p in places):
            return False
        if self.method == "gin":
            return _columns(self.keys) == _columns(other.keys)
        return (
            self.predicate == other.predicate
            and self.keys == other.keys[: len(self.keys)]
            and {*self.included} <= {*other.included, *other.keys}
            and (not self.is_unique or (other.is_unique and self.keys == other.keys))
        )


def _columns(keys: list[str]) -> list[str]:
    """Return what is indexed, without the names of operator classes."""
    return [key.split(" ")[0] for key in keys]


def check_rows(ladder: Ladder, step: int, file: Path) -> None:
    """Every row is kept, and backfills are right."""
    before = ladder.rows_before(step - 1)
    with ladder.clone(ladder.filled(step - 1)) as url:
        run_plainly(url, file)
        assert_rows(read_tables(url), after_step(step, before))


def check_accounts(ladder: Ladder, step: int, file: Path) -> None:
    """Accounts that requests have already stay."""
    before = ladder.rows_before(step)
    with ladder.clone(ladder.filled(step)) as url:
        run_plainly(url, file)
        assert_rows(read_tables(url), with_accounts(before))


def check_again(ladder: Ladder, step: int, file: Path) -> None:
    """A second time changes nothing."""
    with ladder.clone(ladder.filled(step - 1)) as url:
        run_plainly(url, file)
        once = fingerprint(url)
        run_plainly(url, file)
        assert fingerprint(url) == once
        assert dump_schema(url) == ladder.schema(step)


def check_applies(ladder: Ladder, step: int, file: Path) -> None:
    """An empty database takes it."""
    with ladder.clone(ladder.empty(step - 1)) as url:
        run_plainly(url, file)


def check_refresh(ladder: Ladder, step: int, file: Path) -> None:
    """The hourly sums are refreshed while somebody reads them, and are right."""
    assert step == 0
    with ladder.clone("template0") as url:
        run_plainly(url, file)
        with (
            psycopg.connect(url, autocommit=True) as connection,
            psycopg.connect(url) as reader,
        ):
            fill(connection, 0)
            connection.execute("UPDATE api_requests SET model = NULL WHERE model > 'd'")
            reader.execute("SELECT FROM hourly_stats LIMIT 1")
            connection.execute("SET lock_timeout = '1s'; SET timezone = 'Asia/Tokyo'")
            connection.execute("SELECT refresh_hourly_stats()")
            found = connection.execute("TABLE hourly_stats").fetchall()
            assert set(found) == set(connection.execute(_HOURS).fetchall())


def check_hashes(ladder: Ladder, step: int, file: Path) -> None:
    """Each column takes the 64 digits of a SHA-256."""
    with ladder.clone(ladder.empty(step - 1)) as url:
        run_plainly(url, file, *STEPS[step + 1 :])
        with psycopg.connect(url) as connection:
            for name, type_name in connection.execute(_HASHES).fetchall():
                assert type_name in {"character(64)", "text"}, name


def check_indexes(ladder: Ladder, step: int, file: Path) -> None:
    """In the end no index does only what another one does."""
    with ladder.clone(ladder.empty(step - 1)) as url:
        run_plainly(url, file, *STEPS[step + 1 :])
        with psycopg.connect(url, row_factory=class_row(Index)) as connection:
            indexes = connection.execute(_INDEXES).fetchall()
    assert len(indexes) > 20
    for index in indexes:
        assert not [o.name for o in indexes if index.adds_nothing_to(o)], index.name


def check_text(ladder: Ladder, step: int, file: Path) -> None:
    """It calls nothing that PostgreSQL 15 lacks: min and max of ids."""
    with (
        ladder.clone(ladder.empty(LAST)) as url,
        psycopg.connect(url) as connection,
    ):
        ids = [name for (name,) in connection.execute(_UUIDS)]
    assert "conversation_id" in ids
    call = rf"\b(?:min|max)\s*\(\s*(?:\w+\s*\.\s*)?(?:{'|'.join(ids)}|\w+::uuid)\b"
    assert not re.search(call, file.read_text(), re.IGNORECASE)
