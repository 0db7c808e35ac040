"""Files whose later statements run one by one: journalled, resumed, mended, told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
import pytest

from datalayer.errors import (
    MigrationHalfApplied,
)
from datalayer.migrate import (
    Event,
    PendingMigration,
    Running,
    migrate,
    status,
)

Write = Callable[[Mapping[str, str]], Path]

OFF = "-- datalayer: transaction=off\n"
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


def fetch(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def journal(url: str) -> list[tuple[object, ...]]:
    """Return how far each file is, and whether its next statement was begun."""
    return fetch(
        url,
        "SELECT version, statements_done, statements, "
        "statement_started_at IS NOT NULL FROM datalayer_migration ORDER BY ordinal",
    )


def indexes(url: str, table: str = "a") -> list[tuple[object, ...]]:
    return fetch(
        url,
        "SELECT relname, indisvalid FROM pg_index INNER JOIN pg_class "
        f"ON pg_class.oid = indexrelid WHERE indrelid = '{table}'::regclass "
        "ORDER BY relname",
    )


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
