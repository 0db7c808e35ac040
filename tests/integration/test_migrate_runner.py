"""The runner against real servers: what is applied, recorded, refused and kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from datalayer.errors import (
    DatabaseUnreachable,
    LateMigrationError,
    LedgerError,
    LocatedError,
    MigrationEditedError,
    MigrationFailed,
    MigrationHalfApplied,
    MigrationMissingError,
    ProblemsFound,
    ProfileConflict,
    TransactionControlError,
)
from datalayer.migrate import (
    Applied,
    Applying,
    Event,
    Notice,
    files,
    migrate,
    statements,
    status,
)
from datalayer.server import Binaries, find_binaries, scratch_database
from native_servers import NativeServers

pytestmark = pytest.mark.postgres

#: The embedded server, and the oldest installed one that we support.
BINARIES = [b for b in find_binaries() if b.embedded] + [
    b for b in find_binaries() if not b.embedded
][-1:]

Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture(scope="module", params=BINARIES, ids=lambda b: f"postgresql{b.major}")
def shared_database(
    request: pytest.FixtureRequest, native_servers: NativeServers
) -> Iterator[str]:
    binaries: Binaries = request.param
    with scratch_database(native_servers.start(binaries.folder).url()) as url:
        yield url


@pytest.fixture
def database(shared_database: str) -> str:
    """A database emptied for the test, which is quicker than a new one."""
    run(shared_database, "DROP SCHEMA IF EXISTS public, app, s CASCADE")
    run(shared_database, "CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC")
    return shared_database


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files into the folder of the test, and return the folder."""
    folder = tmp_path / "migrations"
    folder.mkdir()

    def write_files(contents: Mapping[str, str]) -> Path:
        for name, text in contents.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        return folder

    return write_files


def fetch(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def tables(url: str) -> list[str]:
    query = """
        SELECT relname::text FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
            AND relname <> 'datalayer_migration'
        ORDER BY relname
    """
    return [str(name) for (name,) in fetch(url, query)]


def recorded(url: str) -> list[tuple[object, ...]]:
    return fetch(
        url, "SELECT component, version FROM datalayer_migration ORDER BY ordinal"
    )


def problems_of(url: str, folder: Path) -> tuple[LocatedError, ...]:
    with pytest.raises(ProblemsFound) as raised:
        migrate(url, folder)
    return raised.value.problems


def test_files_are_applied_in_order_and_recorded(database: str, write: Write) -> None:
    folder = write(
        {
            "b/001_first.sql": "CREATE TABLE b (x int)",
            "a/002_second.sql": "ALTER TABLE a ADD COLUMN y int;",
            "a/001_first.sql": "-- why\nCREATE TABLE a (x int);\n",
        }
    )

    report = migrate(database, folder)

    assert [(a.component, a.version) for a in report.applied] == [
        ("a", "001"),
        ("a", "002"),
        ("b", "001"),
    ]
    (row,) = fetch(
        database,
        "SELECT name, variant, profile, length(bytes_sha256), length(tokens_sha256), "
        "sql_text, applied_by, applied_at <= now(), tries, milliseconds >= 0, "
        "package_version <> '' FROM datalayer_migration "
        "WHERE (component, version) = ('a', '001')",
    )
    text = "-- why\nCREATE TABLE a (x int);\n"
    assert row == (
        *("first", None, "native", 64, 64),
        *(text, "postgres", True, 1, True, True),
    )


def test_a_second_run_applies_nothing(database: str, write: Write) -> None:
    folder = write({"001_a.sql": "CREATE TABLE a (x int)"})
    migrate(database, folder)

    report = migrate(database, folder)

    assert report.applied == ()
    assert report.already_applied == 1


def test_what_comes_later_is_applied_on_top(database: str, write: Write) -> None:
    migrate(database, write({"001_a.sql": "CREATE TABLE a (x int)"}))

    report = migrate(database, write({"002_b.sql": "CREATE TABLE b (x int)"}))

    assert [applied.name for applied in report.applied] == ["b"]
    assert tables(database) == ["a", "b"]


def test_a_target_stops_the_named_component(database: str, write: Write) -> None:
    folder = write(
        {
            "a/001_a.sql": "CREATE TABLE a1 (x int)",
            "a/002_a.sql": "CREATE TABLE a2 (x int)",
            "b/001_b.sql": "CREATE TABLE b1 (x int)",
        }
    )

    migrate(database, folder, components=["a"], to="1")

    assert tables(database) == ["a1"]


def test_a_required_component_is_applied_first(database: str, write: Write) -> None:
    folder = write(
        {
            "a/001_a.sql": "-- datalayer: requires=b\n"
            "CREATE TABLE a (x int REFERENCES b)",
            "b/001_b.sql": "CREATE TABLE b (x int PRIMARY KEY)",
            "c/001_c.sql": "CREATE TABLE c (x int)",
        }
    )

    migrate(database, folder, components=["a"])

    assert tables(database) == ["a", "b"]


def test_nothing_of_a_failing_file_stays_and_earlier_files_do(
    database: str, write: Write
) -> None:
    folder = write(
        {
            "001_a.sql": "CREATE TABLE a (x int)",
            "002_b.sql": "CREATE TABLE b (x int);\nINSERT INTO b VALUES ('größe');",
            "003_c.sql": "CREATE TABLE c (x int)",
        }
    )

    with pytest.raises(MigrationFailed):
        migrate(database, folder)

    assert tables(database) == ["a"]
    assert recorded(database) == [("default", "001")]


@pytest.mark.parametrize(
    ("text", "place", "message", "marked"),
    [
        (
            "CREATE TABLE a (größe int);\n\nSELECT 'ä',\n\tbreite FROM a;",
            (4, 2),
            "column `breite` does not exist",
            "^^^^^^",
        ),
        (
            "SELECT 1;\n  SELEKT 2;",
            (2, 3),
            "syntax error at or near `SELEKT`",
            "^^^^^^",
        ),
        ("SELECT 1;\nSELECT 1/0;", (2, 1), "division by zero", "^^^^^^^^^^"),
        (
            "DO $$\nBEGIN\n    PERFORM 1/0;\nEND\n$$;",
            (3, 5),
            "division by zero",
            "^^^^^^^^^^^^",
        ),
        (
            "CREATE TABLE a (x int UNIQUE DEFERRABLE INITIALLY DEFERRED);\n"
            "INSERT INTO a VALUES (1), (1);",
            (2, 1),
            "Key (x)=(1) already exists",
            "^^^",
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n"
            "  RETRUN 1;\nEND $$;",
            (3, 3),
            "syntax error at or near `RETRUN`",
            "^^^^^^",
        ),
    ],
    ids=["column", "syntax", "no position", "do block", "commit", "function body"],
)
def test_an_error_of_the_server_is_located(
    database: str,
    write: Write,
    text: str,
    place: tuple[int, int],
    message: str,
    marked: str,
) -> None:
    folder = write({"a/001_a.sql": text})

    with pytest.raises(MigrationFailed) as raised:
        migrate(database, folder)

    error = raised.value
    assert error.location.path.endswith("a/001_a.sql")
    assert (error.location.line, error.location.column) == place
    assert message in error.message
    assert marked in error.excerpt
    assert recorded(database) == []


def test_only_what_surrounds_the_place_in_a_long_line_is_shown(
    database: str, write: Write
) -> None:
    values = ", ".join(f"({number})" for number in range(5000))
    text = f"CREATE TABLE a (x int);\nINSERT INTO a VALUES {values}, (oops), {values};"

    with pytest.raises(MigrationFailed) as raised:
        migrate(database, write({"001_a.sql": text}))

    line, carets = raised.value.excerpt.splitlines()
    assert len(line) < 250
    assert line[carets.index("^") : carets.rindex("^") + 1] == "oops"
    assert raised.value.location.column == text.splitlines()[1].index("oops") + 1


def test_the_hint_of_the_server_is_the_help(database: str, write: Write) -> None:
    folder = write({"001_a.sql": "CREATE TABLE a (size int); SELECT seize FROM a;"})

    with pytest.raises(MigrationFailed) as raised:
        migrate(database, folder)

    assert "a.size" in (raised.value.help or "")
    assert raised.value.sqlstate == "42703"


def test_what_only_the_server_knows_to_need_no_transaction_names_the_header(
    database: str, write: Write
) -> None:
    folder = write(
        {
            "001_a.sql": "CREATE TABLE p (x int) PARTITION BY RANGE (x)",
            "002_b.sql": "SELECT 1;\nREINDEX TABLE p;",
        }
    )

    with pytest.raises(MigrationFailed) as raised:
        migrate(database, folder)

    assert raised.value.location.line == 2
    assert "`-- datalayer: transaction=off`" in (raised.value.help or "")


def test_a_commit_that_the_text_did_not_show_is_refused(
    database: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "_TRANSACTION_CONTROL", re.compile("(?!)"))
    folder = write({"001_a.sql": "SELECT 1;\nCOMMIT;"})

    with pytest.raises(TransactionControlError) as raised:
        migrate(database, folder)

    assert raised.value.location.line == 2
    assert recorded(database) == []


def test_nothing_stays_when_the_ledger_cannot_be_written(
    database: str, write: Write
) -> None:
    migrate(database, write({"001_a.sql": "CREATE TABLE a (x int)"}))
    table = "ALTER TABLE datalayer_migration"
    run(database, f"{table} ADD CHECK (version <> '002' OR statements_done = 0)")
    folder = write({"002_b.sql": "CREATE TABLE b (x int)"})

    with pytest.raises(LedgerError):
        migrate(database, folder)

    assert tables(database) == ["a"]


def test_notices_are_told_and_reported(database: str, write: Write) -> None:
    folder = write(
        {"001_a.sql": "DO $$ BEGIN RAISE NOTICE '% rows', 3; RAISE WARNING 'w'; END $$"}
    )
    events: list[Event] = []

    report = migrate(database, folder, report=events.append)

    assert [(n.severity, n.message) for n in report.notices] == [
        ("NOTICE", "3 rows"),
        ("WARNING", "w"),
    ]
    assert [type(event) for event in events] == [Applying, Notice, Notice, Applied]


def test_percent_signs_and_dollars_are_sent_as_written(
    database: str, write: Write
) -> None:
    folder = write(
        {"001_a.sql": "CREATE TABLE a AS SELECT '1%s %(a)s'::text AS x, $$ $1 $$ AS y"}
    )

    migrate(database, folder)

    assert fetch(database, "SELECT x, y FROM a") == [("1%s %(a)s", " $1 ")]


def test_windows_line_ends_do_not_reach_the_database(
    database: str, write: Write
) -> None:
    folder = write({})
    (folder / "001_a.sql").write_bytes(
        b"\xef\xbb\xbfCREATE FUNCTION f() RETURNS text LANGUAGE sql AS\r\n"
        b"$$ SELECT 'a\r\nb' $$;\r\n"
    )

    migrate(database, folder)

    assert fetch(database, "SELECT f()") == [("a\nb",)]


def test_what_a_file_sets_is_forgotten_before_the_next(
    database: str, write: Write
) -> None:
    run(database, "DROP ROLE IF EXISTS migration_owner; CREATE ROLE migration_owner")
    folder = write(
        {
            "001_a.sql": "CREATE SCHEMA s; SET search_path = s; CREATE TEMP TABLE t ();"
            "GRANT ALL ON SCHEMA s TO migration_owner; SET ROLE migration_owner;"
            "CREATE TABLE owned (x int)",
            "002_b.sql": "CREATE TABLE t AS SELECT current_user::text AS who",
        }
    )

    migrate(database, folder)

    assert fetch(database, "SELECT who FROM public.t") == [("postgres",)]
    assert fetch(database, "SELECT count(*) FROM s.owned") == [(0,)]
    run(database, "DROP SCHEMA s CASCADE; DROP ROLE migration_owner")


def test_the_ledger_lies_in_the_first_schema_of_the_search_path(
    database: str, write: Write
) -> None:
    run(database, "CREATE SCHEMA app")
    url = f"{database}&options=-csearch_path%3Dnowhere,app"

    migrate(url, write({"001_a.sql": "CREATE TABLE a (x int)"}))

    assert fetch(database, "SELECT count(*) FROM app.datalayer_migration") == [(1,)]
    assert fetch(database, "SELECT count(*) FROM app.a") == [(0,)]


def test_a_schema_put_in_front_is_no_new_beginning(database: str, write: Write) -> None:
    folder = write({"001_a.sql": "CREATE TABLE a (x int)"})
    migrate(database, folder)
    run(database, "CREATE SCHEMA app")

    report = migrate(f"{database}&options=-csearch_path%3Dapp,public", folder)

    assert (report.applied, report.already_applied) == ((), 1)


def test_a_search_path_without_a_schema_is_an_error(
    database: str, write: Write
) -> None:
    url = f"{database}&options=-csearch_path%3Dnowhere"

    with pytest.raises(LedgerError, match="none in `search_path`"):
        migrate(url, write({"001_a.sql": "SELECT 1"}))


def test_a_user_who_may_not_create_tables_is_told_so(
    database: str, write: Write
) -> None:
    run(database, "DROP ROLE IF EXISTS migration_guest")
    run(database, "CREATE ROLE migration_guest LOGIN")
    url = database.replace("postgres@", "migration_guest@")

    with pytest.raises(LedgerError, match="permission denied"):
        migrate(url, write({"001_a.sql": "SELECT 1"}))
    run(database, "DROP ROLE migration_guest")


def test_an_unreachable_database_is_named_without_its_password(write: Write) -> None:
    with pytest.raises(DatabaseUnreachable) as raised:
        migrate(
            "postgresql://me:secret@/books?host=/nowhere",
            write({"001_a.sql": "SELECT 1"}),
        )

    assert "`books` on `/nowhere`" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_an_edited_file_is_an_error_with_a_diff(database: str, write: Write) -> None:
    migrate(database, write({"a/001_a.sql": "-- why\nCREATE TABLE a (x int);\n"}))
    folder = write({"a/001_a.sql": "-- why\nCREATE TABLE a (x bigint);\n"})

    (problem,) = problems_of(database, folder)

    assert isinstance(problem, MigrationEditedError)
    assert problem.location.line == 2
    assert "-CREATE TABLE a (x int);" in problem.excerpt
    assert "+CREATE TABLE a (x bigint);" in problem.excerpt


def test_another_file_under_an_applied_version_is_told_apart(
    database: str, write: Write
) -> None:
    folder = write({"001_ours.sql": "CREATE TABLE a (x int)"})
    migrate(database, folder)
    (folder / "001_ours.sql").unlink()
    write({"001_theirs.sql": "CREATE TABLE b (x int)"})

    (problem,) = problems_of(database, folder)

    assert "as `001_ours.sql`" in problem.message
    assert "give this one the next free number" in (problem.help or "")


def assert_comments_may_change(database: str, write: Write) -> None:
    migrate(database, write({"001_a.sql": "-- why\nCREATE TABLE a (x int);\n"}))
    folder = write(
        {
            "001_a.sql": "-- because\nCREATE TABLE a (\n    x int\n);\n",
            "002_b.sql": "--",
        }
    )

    report = migrate(database, folder)

    assert ["only in comments" in note.message for note in report.notes] == [True]
    assert [applied.name for applied in report.applied] == ["b"]


def test_a_change_of_comments_is_a_note(database: str, write: Write) -> None:
    assert_comments_may_change(database, write)


def test_a_token_hash_that_includes_comments_is_caught(
    database: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "tokens_hash", lambda text: str(hash(text)))

    with pytest.raises(ProblemsFound):
        assert_comments_may_change(database, write)


def test_a_renamed_file_is_a_note(database: str, write: Write) -> None:
    folder = write({"001_a.sql": "CREATE TABLE a (x int)"})
    migrate(database, folder)
    (folder / "001_a.sql").rename(folder / "0001_better.sql")

    report = migrate(database, folder)

    assert [note.message for note in report.notes] == [
        "was applied as `001_a.sql`, with the same SQL"
    ]


def test_edited_missing_and_late_files_are_all_told(
    database: str, write: Write
) -> None:
    folder = write(
        {
            "a/001_a.sql": "SELECT 1",
            "a/002_b.sql": "SELECT 1",
            "b/005_c.sql": "SELECT 1",
        }
    )
    migrate(database, folder)
    (folder / "a/001_a.sql").unlink()
    write({"a/002_b.sql": "SELECT 2", "b/004_late.sql": "CREATE TABLE late (x int)"})

    found = problems_of(database, folder)

    assert [type(problem) for problem in found] == [
        MigrationMissingError,
        MigrationEditedError,
        LateMigrationError,
    ]
    assert "`001_a.sql` is gone" in found[0].message
    assert found[2].location.path.endswith("004_late.sql")
    assert "`005_c.sql`" in found[2].message
    assert tables(database) == []


def test_a_late_file_is_applied_where_that_is_allowed(
    database: str, write: Write
) -> None:
    migrate(database, write({"005_c.sql": "SELECT 1"}))
    folder = write({"004_late.sql": "CREATE TABLE late (x int)"})

    migrate(database, folder, allow_out_of_order=True)

    assert tables(database) == ["late"]
    assert migrate(database, folder).applied == ()


def test_the_history_of_another_folder_is_a_note(
    database: str, write: Write, tmp_path: Path
) -> None:
    migrate(database, write({"a/001_a.sql": "SELECT 1"}))
    other = tmp_path / "other" / "b"
    other.mkdir(parents=True)
    (other / "001_b.sql").write_text("SELECT 1")

    report = migrate(database, other.parent)

    assert [(note.path, len(report.applied)) for note in report.notes] == [("a", 1)]


def test_a_folder_without_migrations_is_a_note(database: str, write: Write) -> None:
    folder = write({})

    report = migrate(database, folder)

    assert [note.message for note in report.notes] == ["holds no migrations"]
    assert status(database, folder).notes == report.notes


VARIANTS = {
    "001_a.native.sql": "CREATE TABLE plain (x int)",
    "001_a.timescaledb.sql": "CREATE TABLE hyper (x int)",
}


@pytest.mark.parametrize(
    ("profile", "variant", "table"),
    [
        (None, "native", "plain"),
        ("native", "native", "plain"),
        ("timescaledb", "timescaledb", "hyper"),
    ],
)
def test_the_variant_of_the_profile_is_applied(
    database: str, write: Write, profile: str | None, variant: str, table: str
) -> None:
    report = migrate(database, write(VARIANTS), profile=profile)

    assert tables(database) == [table]
    assert [applied.variant for applied in report.applied] == [variant]
    assert fetch(database, "SELECT variant, profile FROM datalayer_migration") == [
        (variant, variant)
    ]


def test_a_server_that_has_timescaledb_loaded_gets_its_profile(
    database: str, write: Write
) -> None:
    # Its loader defines this setting; files that are only installed do not.
    loaded = make_conninfo(database, options="-c timescaledb.disable_load=off")

    report = migrate(loaded, write(VARIANTS))

    assert report.profile == "timescaledb"
    assert migrate(database, write(VARIANTS)).profile == "timescaledb"


def test_a_database_keeps_its_profile(database: str, write: Write) -> None:
    migrate(database, write(VARIANTS), profile="timescaledb")
    folder = write({"002_b.sql": "CREATE TABLE b (x int)"})

    with pytest.raises(ProfileConflict, match="built with the profile `timescaledb`"):
        migrate(database, folder, profile="native")

    assert migrate(database, folder).profile == "timescaledb"


def test_an_unknown_profile_is_an_error(database: str, write: Write) -> None:
    with pytest.raises(ProfileConflict, match="unknown profile `oracle`"):
        migrate(database, write({"001_a.sql": "SELECT 1"}), profile="oracle")


def test_an_index_is_built_outside_a_transaction(database: str, write: Write) -> None:
    folder = write(
        {
            "001_a.sql": "CREATE TABLE a (x int)",
            "002_i.sql": "-- datalayer: transaction=off\n"
            "CREATE INDEX CONCURRENTLY i ON a (x);",
        }
    )

    migrate(database, folder)

    assert fetch(
        database, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass"
    ) == [(True,)]
    assert recorded(database) == [("default", "001"), ("default", "002")]


def test_an_invalid_index_of_our_own_failure_is_dropped(
    database: str, write: Write
) -> None:
    folder = write(
        {
            "001_a.sql": "CREATE TABLE a (x int); INSERT INTO a VALUES (1), (1)",
            "002_i.sql": "-- datalayer: transaction=off\n"
            'CREATE UNIQUE INDEX CONCURRENTLY "I" ON public.a (x);',
        }
    )

    with pytest.raises(MigrationFailed, match=r"Key \(x\)=\(1\) is duplicated"):
        migrate(database, folder)

    assert fetch(database, "SELECT FROM pg_class WHERE relname = 'I'") == []
    run(database, "DELETE FROM a")
    assert len(migrate(database, folder).applied) == 1


def test_an_invalid_index_of_somebody_else_is_left_alone(
    database: str, write: Write
) -> None:
    folder = write({"001_a.sql": "CREATE TABLE a (x int)"})
    migrate(database, folder)
    run(database, "INSERT INTO a VALUES (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        run(database, "CREATE UNIQUE INDEX CONCURRENTLY i ON a (x)")
    write(
        {
            "002_i.sql": "-- datalayer: transaction=off\n"
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (x);"
        }
    )

    with pytest.raises(MigrationHalfApplied) as raised:
        migrate(database, folder)

    assert "`DROP INDEX CONCURRENTLY public.i`" in (raised.value.help or "")
    assert raised.value.location.line == 2
    assert len(fetch(database, "SELECT FROM pg_class WHERE relname = 'i'")) == 1


def test_a_procedure_that_failed_after_a_commit_is_half_applied(
    database: str, write: Write
) -> None:
    folder = write(
        {
            "001_a.sql": "CREATE TABLE a (x int); "
            "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ "
            "BEGIN INSERT INTO a VALUES (1); COMMIT; PERFORM 1/0; END $$",
            "002_b.sql": "-- datalayer: transaction=off\nCALL p();",
        }
    )

    with pytest.raises(MigrationHalfApplied, match="division by zero"):
        migrate(database, folder)

    assert fetch(database, "SELECT x FROM a") == [(1,)]


def test_what_was_done_but_not_recorded_is_half_applied(
    database: str, write: Write
) -> None:
    migrate(database, write({"001_a.sql": "CREATE TABLE a (x int)"}))
    table = "ALTER TABLE datalayer_migration"
    run(database, f"{table} ADD CHECK (version <> '002' OR statements_done = 0)")
    folder = write({"002_b.sql": "-- datalayer: transaction=off\nVACUUM a;"})

    with pytest.raises(MigrationHalfApplied, match="could not be recorded"):
        migrate(database, folder)


def test_status_of_an_empty_database_shows_all_as_pending_and_changes_nothing(
    database: str, write: Write
) -> None:
    folder = write({"a/001_a.sql": "SELECT 1", "a/002_b.sql": "SELECT 1"})

    found = status(database, folder)

    assert [(c.component, c.applied, len(c.pending)) for c in found.components] == [
        ("a", (), 2)
    ]
    assert (found.pending, found.profile, found.problems) == (2, "native", ())
    assert (
        fetch(database, "SELECT FROM pg_class WHERE relname = 'datalayer_migration'")
        == []
    )


def test_status_tells_what_is_applied_pending_and_wrong(
    database: str, write: Write
) -> None:
    folder = write(
        {
            "a/001_a.sql": "SELECT 1",
            "a/002_b.sql": "SELECT 1",
            "b/001_a.sql": "SELECT 1",
        }
    )
    migrate(database, folder, components=["a"], to="001")
    write({"a/001_a.sql": "SELECT 2", "b/001_b.sql": "SELECT 1"})

    found = status(database, folder)

    (component,) = found.components
    assert [row.version for row in component.applied] == ["001"]
    assert [file.version for file in component.pending] == ["002"]
    assert [Path(p.location.path).name for p in found.problems] == [
        "001_a.sql",
        "001_b.sql",
    ]
