"""The two variants of a migration make the same tables, as far as queries see them."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

# What maintenance keeps for itself, and pieces of tables.
_VISIBLE = """\
    pg_class.relnamespace = 'public'::regnamespace
    AND NOT pg_class.relispartition
    AND pg_class.relname NOT LIKE '%hourly_stored%'
    AND pg_class.relname NOT LIKE '%hourly_rows%'
    AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE pg_depend.objid = pg_class.oid AND pg_depend.deptype = 'e'
    )"""
_COLUMNS = f"""\
SELECT
    pg_class.relname::text,
    attname::text,
    format_type(atttypid, atttypmod),
    attnotnull,
    attidentity::text,
    pg_get_expr(adbin, adrelid)
FROM pg_class
INNER JOIN pg_attribute ON attrelid = pg_class.oid
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attnum > 0 AND relkind IN ('r', 'p', 'v') AND {_VISIBLE}
ORDER BY 1, attnum"""
_CONSTRAINTS = f"""\
SELECT pg_class.relname::text, conname::text, pg_get_constraintdef(pg_constraint.oid)
FROM pg_constraint
INNER JOIN pg_class ON pg_class.oid = conrelid
-- Those of partitions are named by rules of the server's version.
WHERE contype <> 'n' AND conparentid = 0 AND {_VISIBLE}
ORDER BY 1, 2"""
# Not how they are built: by time, hypertables have a B-tree and partitions a BRIN.
_INDEXES = f"""\
SELECT
    tablename::text,
    indexname::text,
    CASE
        WHEN indexname NOT LIKE '%\\_history\\_time'
            THEN substring(indexdef FROM ' USING .*')
    END
FROM pg_indexes
INNER JOIN pg_class ON pg_class.relname = indexname
WHERE
    schemaname = 'public'
    AND tablename NOT LIKE '%hourly_stored'
    AND {_VISIBLE}
ORDER BY 1, 2"""
_TRIGGERS = f"""\
SELECT pg_class.relname::text, tgname::text, pg_get_triggerdef(pg_trigger.oid)
FROM pg_trigger
INNER JOIN pg_class ON pg_class.oid = tgrelid
WHERE
    NOT tgisinternal
    AND tgname !~ '^ts_'
    AND tgname !~ '_mark_late_'
    AND {_VISIBLE}
ORDER BY 1, 2"""
_FUNCTIONS = """\
SELECT proname::text, pg_get_function_identity_arguments(oid), proconfig, prosecdef
FROM pg_proc
WHERE
    pronamespace = 'public'::regnamespace
    -- Servers before 18 have none of their own.
    AND proname <> 'uuidv7'
    AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE pg_depend.objid = pg_proc.oid AND pg_depend.deptype = 'e'
    )
ORDER BY 1, 2"""
CATALOGS = {
    "columns": _COLUMNS,
    "constraints": _CONSTRAINTS,
    "functions": _FUNCTIONS,
    "indexes": _INDEXES,
    "triggers": _TRIGGERS,
}
HOURLY = {
    "enforcement_volume_hourly": ["bucket", "rule_ref", "enforcement_count"],
    "event_volume_hourly": ["bucket", "trigger_ref", "event_count"],
    "execution_status_hourly": [
        "bucket",
        "action_ref",
        "new_status",
        "transition_count",
    ],
    "execution_throughput_hourly": ["bucket", "action_ref", "execution_count"],
    "execution_volume_hourly": [
        "bucket",
        "action_ref",
        "initial_status",
        "execution_count",
    ],
    "worker_status_hourly": ["bucket", "worker_name", "new_status", "transition_count"],
}


def read_catalog(url: str, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(question.encode()).fetchall()


@pytest.mark.parametrize("name", CATALOGS)
def test_profiles_have_the_same(
    name: str, database_url: str, timescaledb_url: str
) -> None:
    native = read_catalog(database_url, CATALOGS[name])
    timescaledb = read_catalog(timescaledb_url, CATALOGS[name])

    assert native == timescaledb


@pytest.mark.parametrize("profile", ["native", "timescaledb"])
def test_hourly_relations_are_as_specified(
    profile: str, request: pytest.FixtureRequest
) -> None:
    fixture = "database_url" if profile == "native" else "timescaledb_url"
    rows = read_catalog(request.getfixturevalue(fixture), _COLUMNS)

    found: dict[str, list[object]] = {name: [] for name in HOURLY}
    for table, column, *_ in rows:
        if table in HOURLY:
            found[str(table)].append(column)

    assert found == HOURLY


_AGAIN = [
    "automation/002_add_tables.timescaledb.sql",
    "automation/006_add_hourly_relations.timescaledb.sql",
]


@pytest.mark.parametrize("name", _AGAIN)
def test_a_file_can_run_again_after_it_has_run(name: str, timescaledb_url: str) -> None:
    before = [read_catalog(timescaledb_url, question) for question in CATALOGS.values()]
    text = (MIGRATIONS / name).read_text()

    with psycopg.connect(timescaledb_url, autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        for statement in text.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())

    after = [read_catalog(timescaledb_url, question) for question in CATALOGS.values()]
    assert after == before
