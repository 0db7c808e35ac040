"""Files whose later statements run one by one: journalled, resumed, mended, told."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from datalayer.errors import (
    LedgerError,
    MigrationBlocked,
    MigrationEditedError,
    MigrationFailed,
    MigrationHalfApplied,
    MigrationMissingError,
    ProblemsFound,
)
from datalayer.migrate import (
    Event,
    PendingMigration,
    Retrying,
    Running,
    comparison,
    migrate,
    outside,
    retries,
    status,
    steps,
)
from datalayer.server import Server, find_binaries, scratch_database
from migrate_runners import OFF, fetch, half_apply, indexes, journal
from schema_dump import dump_schema

Write = Callable[[Mapping[str, str]], Path]

#: A table in one transaction, then four statements of which the third fails while `a`
#: holds two equal values.
MIXED = f"""CREATE TABLE a (x int, y int);
ALTER TABLE a ADD CONSTRAINT a_x_check CHECK (x > 0) NOT VALID;
INSERT INTO a VALUES (1, 1), (1, 2);
CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$
BEGIN
    UPDATE a SET y = 10 WHERE y = 1; COMMIT;
    UPDATE a SET y = 20 WHERE y = 2; COMMIT;
END $$;
{OFF}CALL fill();
ALTER TABLE a VALIDATE CONSTRAINT a_x_check;
CREATE UNIQUE INDEX CONCURRENTLY a_x_idx ON a (x);
DROP PROCEDURE IF EXISTS fill();
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files into the folder of the test, and return the folder."""
    folder = tmp_path / "migrations"
    folder.mkdir()

    def write_files(contents: Mapping[str, str]) -> Path:
        for name, text in contents.items():
            (folder / name).write_text(text)
        return folder

    return write_files


def pending(url: str, folder: Path) -> list[PendingMigration]:
    return [file for each in status(url, folder).components for file in each.pending]


def test_what_is_below_the_line_runs_statement_by_statement(
    empty_database: str, write: Write
) -> None:
    folder = write({"001_a.sql": MIXED.replace("(1, 2)", "(2, 2)")})
    events: list[Event] = []

    report = migrate(empty_database, folder, report=events.append)

    assert [event.number for event in events if isinstance(event, Running)] == [
        *(5, 6, 7, 8),
    ]
    assert len(report.applied) == 1
    assert journal(empty_database) == [("001", 8, 8, False)]
    assert fetch(empty_database, "SELECT x, y FROM a ORDER BY x") == [(1, 10), (2, 20)]
    assert indexes(empty_database) == [("a_x_idx", True)]
    assert len(migrate(empty_database, folder).applied) == 0


def test_a_failure_below_the_line_keeps_what_came_before(
    empty_database: str, write: Write
) -> None:
    folder = write({"001_a.sql": MIXED, "002_b.sql": "CREATE TABLE b ()"})

    with pytest.raises(MigrationHalfApplied, match="is duplicated") as raised:
        migrate(empty_database, folder)

    assert raised.value.location.line == 12
    assert "6 of 8 statements are done and stay" in (raised.value.help or "")
    assert journal(empty_database) == [("001", 6, 8, False)]
    assert indexes(empty_database) == []
    first, second = pending(empty_database, folder)
    assert (first.half_applied, first.statements_done, first.statements) == (True, 6, 8)
    assert (second.half_applied, second.statements_done) == (False, 0)
    assert status(empty_database, folder).half_applied == (first,)


def test_the_next_run_goes_on_with_what_is_not_done(
    empty_database: str, write: Write
) -> None:
    folder = write({"001_a.sql": MIXED, "002_b.sql": "CREATE TABLE b ()"})
    with pytest.raises(MigrationHalfApplied):
        migrate(empty_database, folder)
    fetch(empty_database, "UPDATE a SET x = y")
    events: list[Event] = []

    report = migrate(empty_database, folder, report=events.append)

    assert [event.number for event in events if isinstance(event, Running)] == [7, 8]
    assert [applied.version for applied in report.applied] == ["001", "002"]
    assert journal(empty_database) == [("001", 8, 8, False), ("002", 1, 1, False)]
    assert indexes(empty_database) == [("a_x_idx", True)]


def test_several_statements_may_all_be_outside(
    empty_database: str, write: Write
) -> None:
    folder = write(
        {
            "001_a.sql": "CREATE TABLE a (x int, y int)",
            "002_b.sql": f"{OFF}CREATE INDEX CONCURRENTLY i ON a (x);\n"
            "CREATE INDEX CONCURRENTLY j ON a (y);\nVACUUM a;",
        }
    )

    migrate(empty_database, folder)

    assert indexes(empty_database) == [("i", True), ("j", True)]
    assert journal(empty_database) == [("001", 1, 1, False), ("002", 3, 3, False)]


def refused(url: str, folder: Path) -> MigrationEditedError:
    with pytest.raises(ProblemsFound) as raised:
        migrate(url, folder)
    (problem,) = raised.value.problems
    assert isinstance(problem, MigrationEditedError)
    return problem


def test_what_is_not_done_may_be_mended(empty_database: str, write: Write) -> None:
    folder = write({"001_a.sql": MIXED})
    half_apply(empty_database, folder)
    mended = MIXED.replace("UNIQUE INDEX", "INDEX").replace("-- ", "--  ")
    write({"001_a.sql": mended + "COMMENT ON TABLE a IS 'done';"})

    assert status(empty_database, folder).problems == ()
    report = migrate(empty_database, folder)

    assert len(report.applied) == 1
    assert journal(empty_database) == [("001", 9, 9, False)]
    assert indexes(empty_database) == [("a_x_idx", True)]
    assert fetch(empty_database, "SELECT sql_text FROM datalayer_migration") == [
        ((folder / "001_a.sql").read_text(),)
    ]
    assert migrate(empty_database, folder).notes == ()


def test_what_is_not_done_may_be_left_out(empty_database: str, write: Write) -> None:
    folder = write({"001_a.sql": MIXED})
    half_apply(empty_database, folder)
    write({"001_a.sql": MIXED.split("CREATE UNIQUE")[0]})

    report = migrate(empty_database, folder)

    assert len(report.applied) == 1
    assert journal(empty_database) == [("001", 6, 6, False)]
    assert migrate(empty_database, folder).notes == ()


def assert_what_is_done_must_stay(url: str, write: Write) -> None:
    folder = write({"001_a.sql": MIXED})
    half_apply(url, folder)
    write({"001_a.sql": MIXED.replace("(1, 2)", "(2, 2)")})

    problem = refused(url, folder)

    assert "statements that are done: 6 of 8" in problem.message
    assert problem.location.line == 3
    assert "-INSERT INTO a VALUES (1, 1), (1, 2);" in problem.excerpt


def test_what_is_done_must_stay(empty_database: str, write: Write) -> None:
    assert_what_is_done_must_stay(empty_database, write)


def test_a_runner_that_compares_nothing_is_caught(
    empty_database: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "_goes_on", lambda *_: True)

    with pytest.raises((AssertionError, MigrationHalfApplied)):
        assert_what_is_done_must_stay(empty_database, write)


@pytest.mark.parametrize(
    "text",
    [
        MIXED.split("ALTER TABLE a VALIDATE")[0],
        MIXED.replace(OFF, "")
        .replace("CREATE UNIQUE", f"{OFF}CREATE UNIQUE")
        # Now that VALIDATE and CALL are in the transaction, the next one is as well.
        .replace(OFF, "SELECT 1;\n" + OFF),
    ],
    ids=["a done one is gone", "the line is below the next one"],
)
def test_a_half_applied_file_keeps_its_division(
    empty_database: str, write: Write, text: str
) -> None:
    folder = write({"001_a.sql": MIXED})
    half_apply(empty_database, folder)
    write({"001_a.sql": text})

    refused(empty_database, folder)


def test_the_file_of_a_half_applied_one_must_be_there(
    empty_database: str, write: Write
) -> None:
    folder = write({"001_a.sql": MIXED, "002_b.sql": "SELECT 1"})
    half_apply(empty_database, folder)
    (folder / "001_a.sql").unlink()

    with pytest.raises(ProblemsFound) as raised:
        migrate(empty_database, folder)

    assert isinstance(raised.value.problems[0], MigrationMissingError)


def test_a_first_statement_that_leaves_nothing_leaves_no_row(
    empty_database: str, write: Write
) -> None:
    folder = write({"001_a.sql": f"{OFF}VACUUM a;\nCREATE TABLE a (x int);"})

    with pytest.raises(MigrationFailed) as raised:
        migrate(empty_database, folder)

    assert type(raised.value) is MigrationFailed
    assert journal(empty_database) == []
    write({"001_a.sql": f"{OFF}CREATE TABLE a (x int);\nVACUUM a;"})
    assert len(migrate(empty_database, folder).applied) == 1


def test_a_procedure_that_commits_in_the_transaction_names_the_line(
    empty_database: str, write: Write
) -> None:
    folder = write({"001_a.sql": MIXED.replace(OFF, "")})
    write({"001_a.sql": MIXED.replace(OFF, "").replace("UNIQUE INDEX CONC", "-- ")})

    with pytest.raises(MigrationFailed, match="invalid transaction term") as raised:
        migrate(empty_database, folder)

    assert "`-- datalayer: transaction=off`" in (raised.value.help or "")


def test_a_lock_that_is_not_free_repeats_that_statement_only(
    empty_database: str, write: Write
) -> None:
    line = "-- datalayer: transaction=off lock_timeout=20ms\n"
    text = (
        "CREATE TABLE a (x int);\nINSERT INTO a VALUES (1);\n"
        "ALTER TABLE a ADD CONSTRAINT positive CHECK (x > 0) NOT VALID;\n"
        f"{line}INSERT INTO a VALUES (2);\nALTER TABLE a VALIDATE CONSTRAINT positive;"
    )
    folder = write({"001_a.sql": text})
    events: list[Event] = []
    with psycopg.connect(empty_database) as other:

        def lock_and_release(event: Event) -> None:
            events.append(event)
            if isinstance(event, Running) and event.number == 5:
                other.execute("LOCK TABLE a")
            elif isinstance(event, Retrying):
                other.commit()

        report = migrate(empty_database, folder, report=lock_and_release)

    kinds = [type(event) for event in events]
    assert kinds.count(Running) == 2
    assert kinds.count(Retrying) == 1
    assert [applied.tries for applied in report.applied] == [2]
    assert fetch(empty_database, "SELECT x FROM a ORDER BY x") == [(1,), (2,)]
    assert fetch(empty_database, "SELECT tries FROM datalayer_migration") == [(2,)]


@pytest.mark.parametrize(
    ("first", "kind", "rows"),
    [
        (f"CREATE TABLE a ();\n{OFF}", MigrationHalfApplied, [("001", 1, 2, False)]),
        (OFF, MigrationBlocked, []),
    ],
    ids=["below others", "alone"],
)
def test_a_statement_that_stays_blocked_is_given_up(
    empty_database: str,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    first: str,
    kind: type[MigrationFailed],
    rows: list[tuple[object, ...]],
) -> None:
    monkeypatch.setattr(retries, "_LONGEST_PAUSE", 0.001)
    fetch(empty_database, "CREATE TABLE b ()")
    header = "-- datalayer: lock_timeout=1ms\n"
    folder = write({"001_a.sql": f"{header}{first}ALTER TABLE b ADD x int"})
    with psycopg.connect(empty_database) as other:
        other.execute("LOCK TABLE b")

        with pytest.raises(MigrationFailed) as raised:
            migrate(empty_database, folder)

    assert type(raised.value) is kind
    assert "tried 8 times" in (raised.value.help or "")
    assert journal(empty_database) == rows


def test_what_was_done_but_not_recorded_runs_again(
    empty_database: str, write: Write
) -> None:
    folder = write({"001_a.sql": "CREATE TABLE a (x int)"})
    migrate(empty_database, folder)
    table = "ALTER TABLE datalayer_migration"
    fetch(empty_database, f"{table} ADD CONSTRAINT c CHECK (statements_done < 3)")
    write(
        {"002_b.sql": f"{OFF}VACUUM a; ANALYZE a; INSERT INTO a VALUES (1); VACUUM a"}
    )

    error = half_apply(empty_database, folder)
    fetch(empty_database, f"{table} DROP CONSTRAINT c")
    migrate(empty_database, folder)

    assert "could not be recorded" in error.message
    assert "runs it again" in (error.help or "")
    assert fetch(empty_database, "SELECT x FROM a") == [(1,), (1,)]
    assert journal(empty_database)[1] == ("002", 4, 4, False)


#: Stops twice, until `stop` has a row, and a second one.
SESSION = f"""CREATE SCHEMA s;
SET search_path = s;
CREATE TABLE stop (x int);
{OFF}SET work_mem = '5MB';
SET ROLE pg_read_all_data;
SELECT 1 / count(*) FROM stop;
RESET ROLE;
SELECT 1 / (count(*) - 1) FROM stop;
CREATE TABLE seen AS SELECT current_setting('work_mem') AS memory, current_user AS who;
"""


def test_a_run_that_goes_on_has_the_settings_of_the_file(
    empty_database: str, write: Write
) -> None:
    folder = write({"001_a.sql": SESSION})
    for done in (5, 7):
        assert half_apply(empty_database, folder).message == "division by zero"
        assert journal(empty_database) == [("001", done, 9, False)]
        fetch(empty_database, "INSERT INTO s.stop VALUES (1)")

    migrate(empty_database, folder)

    assert fetch(empty_database, "SELECT memory, who = current_user FROM s.seen") == [
        ("5MB", True)
    ]


def test_a_runner_that_keeps_the_session_is_caught(
    empty_database: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting that `SET` did not make must be gone in the first run already."""
    text = f"SELECT set_config('search_path', 's', false);\n{OFF}SELECT * FROM t"
    folder = write({"001_a.sql": text})
    fetch(empty_database, "CREATE SCHEMA s; CREATE TABLE s.t ()")

    half_apply(empty_database, folder)
    for module in (outside, steps):
        monkeypatch.setattr(module, "reset_session", lambda _: None)
    fetch(empty_database, "DELETE FROM datalayer_migration")

    assert len(migrate(empty_database, folder).applied) == 1


def test_a_ledger_of_an_earlier_version_gets_the_columns(
    empty_database: str, server: Server, write: Write
) -> None:
    folder = write({"001_a.sql": "SELECT 1"})
    migrate(empty_database, folder)
    fetch(
        empty_database,
        "ALTER TABLE datalayer_migration DROP statements, DROP statements_done, "
        "DROP statement_started_at",
    )

    before = status(empty_database, folder)
    write({"002_b.sql": f"CREATE TABLE b ();\n{OFF}VACUUM b"})
    migrate(empty_database, folder)

    assert (before.pending, len(before.components[0].applied)) == (0, 1)
    assert journal(empty_database) == [("001", None, None, False), ("002", 2, 2, False)]
    with scratch_database(server.url()) as new:
        migrate(new, folder)
        assert dump_schema(new) == dump_schema(empty_database)


def test_a_ledger_that_belongs_to_somebody_else_is_told(
    empty_database: str, write: Write
) -> None:
    folder = write({"001_a.sql": "SELECT 1"})
    migrate(empty_database, folder)
    drop = "ALTER TABLE datalayer_migration DROP statement_started_at"
    fetch(empty_database, drop)
    fetch(empty_database, "GRANT SELECT ON datalayer_migration TO pg_monitor")

    with pytest.raises(LedgerError, match="cannot add columns") as raised:
        migrate(make_conninfo(empty_database, options="-c role=pg_monitor"), folder)

    assert "as the owner" in (raised.value.help or "")


def test_psql_runs_the_same_file(
    empty_database: str, server: Server, write: Write
) -> None:
    folder = write({"001_a.sql": MIXED.replace("(1, 2)", "(2, 2)")})
    migrate(empty_database, folder)

    with scratch_database(server.url()) as other:
        psql = next(b for b in find_binaries() if b.embedded).program("psql")
        command = [psql, "-qX", "-v", "ON_ERROR_STOP=1", "-f", "001_a.sql", other]
        subprocess.run(command, check=True, cwd=folder, capture_output=True)
        fetch(empty_database, "DROP TABLE datalayer_migration")

        assert dump_schema(other) == dump_schema(empty_database)
        query = "SELECT x, y FROM a ORDER BY x"
        assert fetch(other, query) == fetch(empty_database, query)
