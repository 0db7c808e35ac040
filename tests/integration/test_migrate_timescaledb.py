"""The runner on TimescaleDB, where one connection has to do for the lock as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from datalayer.errors import MigrationFailed, MigrationHalfApplied, ProfileConflict
from datalayer.migrate import migrate, status

MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"
VARIANTS = {
    "001_a.native.sql": "CREATE TABLE reading (time timestamptz NOT NULL)",
    "001_a.timescaledb.sql": "CREATE TABLE reading (time timestamptz NOT NULL);\n"
    "SELECT create_hypertable('reading', by_range('time'));",
}
TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
ORDER BY relname
"""

Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files into the folder of the test, and return the folder."""

    def write_files(contents: Mapping[str, str]) -> Path:
        for name, text in contents.items():
            (tmp_path / name).write_text(text)
        return tmp_path

    return write_files


def tables(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [name for (name,) in connection.execute(TABLES)]


def hypertables(url: str) -> int:
    query = "SELECT count(*)::integer FROM timescaledb_information.hypertables"
    with psycopg.connect(url) as connection:
        (count,) = connection.execute(query).fetchone() or (0,)
    return int(count)


def test_repository_is_applied_once(empty_timescaledb: str) -> None:
    first = migrate(empty_timescaledb, MIGRATIONS)
    second = migrate(empty_timescaledb, MIGRATIONS)
    found = status(empty_timescaledb, MIGRATIONS)

    assert first.profile == second.profile == found.profile == "timescaledb"
    assert (len(second.applied), second.already_applied) == (0, len(first.applied))
    assert not [file for each in found.components for file in each.pending]
    assert found.problems == ()
    assert hypertables(empty_timescaledb) > 0


def test_failed_file_leaves_nothing_and_can_be_corrected(
    empty_timescaledb: str, write: Write
) -> None:
    folder = write(
        {
            "001_a.sql": "CREATE TABLE a (x integer)",
            "002_b.sql": "CREATE TABLE b (x integer);\nSELECT 1 / 0",
        }
    )

    with pytest.raises(MigrationFailed, match="division by zero"):
        migrate(empty_timescaledb, folder)
    left = tables(empty_timescaledb)
    write({"002_b.sql": "CREATE TABLE b (x integer)"})
    report = migrate(empty_timescaledb, folder)

    assert left == ["a", "datalayer_migration"]
    assert [applied.name for applied in report.applied] == ["b"]
    assert tables(empty_timescaledb) == ["a", "b", "datalayer_migration"]


def test_file_runs_outside_a_transaction(empty_timescaledb: str, write: Write) -> None:
    folder = write(
        {
            **VARIANTS,
            "002_b.native.sql": "-- datalayer: transaction=off\nVACUUM reading",
            "002_b.timescaledb.sql": "-- datalayer: transaction=off\nVACUUM reading",
            "003_c.sql": "DO $$ BEGIN RAISE NOTICE 'seen'; END $$",
        }
    )

    report = migrate(empty_timescaledb, folder)

    assert len(report.applied) == 3
    assert "seen" in [notice.message for notice in report.notices]


def test_schema_of_the_url_survives_each_file(
    empty_timescaledb: str, write: Write
) -> None:
    with psycopg.connect(empty_timescaledb) as connection:
        connection.execute("CREATE SCHEMA app")
    url = make_conninfo(empty_timescaledb, options="-csearch_path=app")
    folder = write(
        {
            "001_a.sql": "SET search_path TO public;\nCREATE TABLE a (x integer)",
            "002_b.sql": "CREATE TABLE b (x integer)",
        }
    )

    migrate(url, folder)

    assert tables(empty_timescaledb) == ["a"]
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT to_regclass('app.b')::text").fetchone()
    assert found == ("b",)


@pytest.mark.parametrize(
    ("built", "other", "count"),
    [("native", "timescaledb", 0), ("timescaledb", "native", 1)],
)
def test_database_keeps_the_profile_it_was_built_with(
    empty_timescaledb: str, write: Write, built: str, other: str, count: int
) -> None:
    folder = write(VARIANTS)
    migrate(empty_timescaledb, folder, profile=built)
    write({"002_b.sql": "CREATE TABLE b (x integer)"})
    message = f"built with the profile `{built}`, not `{other}`"

    with pytest.raises(ProfileConflict, match=message):
        migrate(empty_timescaledb, folder, profile=other)
    with pytest.raises(ProfileConflict, match=message):
        status(empty_timescaledb, folder, profile=other)

    assert status(empty_timescaledb, folder).profile == built
    assert migrate(empty_timescaledb, folder).profile == built
    assert hypertables(empty_timescaledb) == count


def test_statements_below_the_line_run_one_by_one(
    empty_timescaledb: str, write: Write
) -> None:
    folder = write(
        {
            "001_a.sql": "CREATE TABLE a (x integer);\n"
            "INSERT INTO a VALUES (1), (1);\n"
            "CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN\n"
            "    UPDATE a SET x = 2; COMMIT;\n"
            "    RAISE NOTICE 'seen';\n"
            "END $$;\n"
            "-- datalayer: transaction=off\n"
            "CALL fill();\n"
            "CREATE UNIQUE INDEX CONCURRENTLY i ON a (x);\n"
            "DROP INDEX CONCURRENTLY IF EXISTS i;"
        }
    )
    with pytest.raises(MigrationHalfApplied, match="is duplicated"):
        migrate(empty_timescaledb, folder)
    (half,) = status(empty_timescaledb, folder).half_applied
    with psycopg.connect(empty_timescaledb) as connection:
        connection.execute("UPDATE a SET x = 3 WHERE ctid = (SELECT min(ctid) FROM a)")

    report = migrate(empty_timescaledb, folder)

    assert (half.statements_done, half.statements) == (4, 6)
    assert len(report.applied) == 1
    assert status(empty_timescaledb, folder).pending == 0
