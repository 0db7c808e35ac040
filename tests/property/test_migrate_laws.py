"""Applying one by one equals applying at once, for any files; and mutants."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from datalayer.errors import DataLayerError
from datalayer.migrate import examination, execution, migrate, versions
from datalayer.migrate.files import MigrationFile
from datalayer.server import Server, scratch_database
from schema_dump import dump_schema

#: What a file may do; `{n}` is its number, so that each works at any place, and each is
#: something that could reach into the files after it.
STEPS = [
    "CREATE TABLE t{n} (x int); INSERT INTO t{n} VALUES ({n});",
    "CREATE TABLE t{n} (x int PRIMARY KEY, y text DEFAULT 'a;b'); -- why\n",
    "CREATE SCHEMA s{n}; SET search_path = s{n}; CREATE TABLE t{n} (x int);",
    "SET check_function_bodies = off; SET client_min_messages = error;",
    "CREATE TEMP TABLE base (x int);",
    "SET ROLE pg_read_all_data;",
    "SET default_with_oids = off;",
    "SET default_table_access_method = heap; SET quote_all_identifiers = on;",
    "ALTER TABLE base ADD COLUMN c{n} int DEFAULT {n};",
    "CREATE VIEW v{n} AS SELECT {n} AS n;",
    "CREATE FUNCTION f{n}() RETURNS int BEGIN ATOMIC SELECT {n}; SELECT {n}; END;",
    "CREATE TABLE who{n} AS SELECT current_user::text AS who;",
    "PREPARE p AS SELECT 1;",
    "-- nothing to do in {n}\n",
    "-- datalayer: transaction=off\nCREATE INDEX CONCURRENTLY i{n} ON base (x);",
    "-- datalayer: transaction=off\nVACUUM base;",
    "-- datalayer: transaction=off\nSET search_path = pg_catalog;\n"
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS i{n} ON public.base (x);\n"
    "CREATE TABLE IF NOT EXISTS public.t{n} AS SELECT current_schemas(FALSE) AS who;",
    "CREATE SCHEMA s{n}; SET search_path = s{n}; CREATE TABLE t{n} (x int);\n"
    "-- datalayer: transaction=off\nSET ROLE pg_read_all_data;\n"
    "SELECT count(*) FROM t{n}; RESET ROLE;\n"
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS i{n} ON t{n} (x);",
    "CREATE PROCEDURE p{n}() LANGUAGE plpgsql AS $$ BEGIN\n"
    "INSERT INTO public.base (x) VALUES ({n}); COMMIT; END $$;\n"
    "-- datalayer: transaction=off\nCALL p{n}(); DROP PROCEDURE IF EXISTS p{n};",
]

histories = st.lists(st.sampled_from(STEPS), min_size=1, max_size=6)


def write_history(folder: Path, steps: Sequence[str]) -> None:
    (folder / "001_base.sql").write_text("CREATE TABLE public.base (x int);")
    for number, step in enumerate(steps, start=2):
        text = step.replace("{n}", str(number))
        (folder / f"{number:03}_step.sql").write_text(text)


def contents(url: str) -> list[tuple[object, ...]]:
    """Return the ledger without times, and the rows that files wrote."""
    with psycopg.connect(url) as connection:
        rows: list[tuple[object, ...]] = connection.execute(
            "SELECT component, version, name, bytes_sha256, tokens_sha256, sql_text, "
            "profile, tries FROM datalayer_migration ORDER BY ordinal"
        ).fetchall()
        names = connection.execute(
            "SELECT relname FROM pg_class WHERE relname LIKE 'who%' ORDER BY relname"
        ).fetchall()
        for (name,) in names:
            rows += connection.execute(f"SELECT who FROM public.{name}").fetchall()
    return rows


def assert_one_by_one_equals_at_once(server: Server, steps: Sequence[str]) -> None:
    with (
        tempfile.TemporaryDirectory() as place,
        scratch_database(server.url()) as at_once,
        scratch_database(server.url()) as one_by_one,
    ):
        folder = Path(place)
        write_history(folder, steps)

        migrate(at_once, folder)
        for number in range(1, len(steps) + 2):
            report = migrate(
                one_by_one, folder, components=["default"], to=f"{number:03}"
            )
            assert len(report.applied) == 1

        assert contents(one_by_one) == contents(at_once)
        assert dump_schema(one_by_one) == dump_schema(at_once)


@given(steps=histories)
@example(steps=[STEPS[2], STEPS[0], STEPS[14]])
@example(steps=[STEPS[16], STEPS[17], STEPS[18], STEPS[0]])
@settings(
    max_examples=8,
    deadline=None,
    # The server is shared on purpose; each example has databases of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_applying_one_by_one_equals_applying_at_once(
    server: Server, steps: Sequence[str]
) -> None:
    assert_one_by_one_equals_at_once(server, steps)


def test_a_runner_that_keeps_what_files_set_is_caught(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "reset_session", lambda connection: None)

    with pytest.raises(AssertionError):
        assert_one_by_one_equals_at_once(server, [STEPS[2], STEPS[0]])


def test_a_runner_that_applies_in_another_order_is_caught(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_order = versions.files_of_profile

    def reversed_tail(
        files: Sequence[MigrationFile], profile: str
    ) -> tuple[MigrationFile, ...]:
        first, *others = in_order(files, profile)
        return (first, *reversed(others))

    monkeypatch.setattr(examination, "files_of_profile", reversed_tail)

    with pytest.raises((AssertionError, DataLayerError)):
        assert_one_by_one_equals_at_once(server, [STEPS[8], STEPS[8]])
