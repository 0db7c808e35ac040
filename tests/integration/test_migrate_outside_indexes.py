"""Indexes that statements outside a transaction build, and what is left of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
import pytest

from datalayer.errors import MigrationHalfApplied
from datalayer.migrate import Event, Running, migrate, outside
from migrate_runners import OFF, fetch, half_apply, indexes, journal

Write = Callable[[Mapping[str, str]], Path]


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


INDEX = f"{OFF}CREATE INDEX CONCURRENTLY i ON a (x);\nVACUUM a;"


def leave_invalid_index(url: str, name: str = "i") -> None:
    fetch(url, "INSERT INTO a VALUES (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        fetch(url, f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON a (x)")
    assert indexes(url) == [(name, False)]


def begin_index(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run end right after it has marked a statement as begun."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(outside, "run_text", end)
        patch.setattr(outside, "_clean", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            migrate(url, folder)


def assert_invalid_index_of_a_begun_statement_is_built_again(
    url: str, write: Write, monkeypatch: pytest.MonkeyPatch, mended: str = INDEX
) -> None:
    migrate(url, write({"001_a.sql": "CREATE TABLE a (x int)"}))
    folder = write({"002_i.sql": INDEX})
    begin_index(url, folder, monkeypatch)
    assert journal(url)[1] == ("002", 0, 2, True)
    leave_invalid_index(url)
    write({"002_i.sql": mended})

    migrate(url, folder)

    assert journal(url)[1] == ("002", 2, 2, False)


@pytest.mark.parametrize(
    ("mended", "found"),
    [
        (INDEX, [("i", True)]),
        (INDEX.replace("CONCURRENTLY", "CONCURRENTLY IF NOT EXISTS"), [("i", True)]),
        (INDEX.replace(" i ", " j "), [("j", True)]),
        (f"{OFF}SELECT 1; VACUUM a;", []),
    ],
    ids=["as it was", "if not exists", "another one", "no index"],
)
def test_an_invalid_index_of_a_begun_statement_is_dropped(
    empty_database: str,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    mended: str,
    found: list[tuple[object, ...]],
) -> None:
    assert_invalid_index_of_a_begun_statement_is_built_again(
        empty_database, write, monkeypatch, mended
    )

    assert indexes(empty_database) == found


def test_a_runner_that_does_not_look_for_what_was_begun_is_caught(
    empty_database: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "_go_on", lambda step, _: step.done)

    with pytest.raises(MigrationHalfApplied):
        assert_invalid_index_of_a_begun_statement_is_built_again(
            empty_database, write, monkeypatch
        )


def test_a_valid_index_of_a_begun_statement_is_kept(
    empty_database: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty_database, write({"001_a.sql": "CREATE TABLE a (x int)"}))
    folder = write({"002_i.sql": INDEX})
    begin_index(empty_database, folder, monkeypatch)
    fetch(empty_database, "CREATE INDEX CONCURRENTLY i ON a (x)")
    events: list[Event] = []

    migrate(empty_database, folder, report=events.append)

    assert [event.number for event in events if isinstance(event, Running)] == [2]
    assert indexes(empty_database) == [("i", True)]


def test_a_begun_index_may_become_the_last_statement(
    empty_database: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty_database, write({"001_a.sql": "CREATE TABLE a (x int)"}))
    folder = write({"002_i.sql": INDEX})
    begin_index(empty_database, folder, monkeypatch)
    fetch(empty_database, "CREATE INDEX CONCURRENTLY i ON a (x)")
    write({"002_i.sql": INDEX.replace("VACUUM a;", "")})

    migrate(empty_database, folder)

    assert journal(empty_database)[1] == ("002", 1, 1, False)
    assert migrate(empty_database, folder).notes == ()


def test_an_index_that_exists_already_is_not_ours_in_the_next_run_either(
    empty_database: str, write: Write
) -> None:
    text = f"CREATE TABLE a (x int); CREATE INDEX i ON a (x);\n{INDEX}"
    folder = write({"001_a.sql": text})

    first, second = (half_apply(empty_database, folder) for _ in range(2))

    assert first.message == second.message == "relation `i` already exists"
    assert indexes(empty_database) == [("i", True)]


def test_a_file_is_not_finished_beside_an_invalid_index(
    empty_database: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty_database, write({"001_a.sql": "CREATE TABLE a (x int)"}))
    folder = write({"002_i.sql": INDEX})

    def spoil(event: Event) -> None:
        if isinstance(event, Running) and event.number == 2:
            fetch(empty_database, "DROP INDEX i")
            leave_invalid_index(empty_database)

    with pytest.raises(MigrationHalfApplied, match="invalid now") as raised:
        migrate(empty_database, folder, report=spoil)

    assert raised.value.location.line == 2
    assert journal(empty_database)[1] == ("002", 1, 2, True)
    fetch(empty_database, "DELETE FROM a")
    fetch(empty_database, "REINDEX INDEX CONCURRENTLY i")
    assert len(migrate(empty_database, folder).applied) == 1
