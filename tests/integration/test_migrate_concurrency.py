"""Several runners, killed runners and blocked runners; what must hold, and mutants."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from datalayer.errors import (
    DatabaseUnreachable,
    DataLayerError,
    MigrationBlocked,
    MigrationFailed,
    MigrationHalfApplied,
    MigrationLockBusy,
    MigrationLockLost,
)
from datalayer.lexer import Statement
from datalayer.migrate import (
    Applied,
    Applying,
    Event,
    MigrationReport,
    Retrying,
    Waiting,
    execution,
    lock,
    migrate,
    outside,
    retries,
    runner,
)
from datalayer.migrate.journal import record
from datalayer.migrate.session import run_text
from datalayer.server import Server, scratch_database
from migrate_runners import (
    PASS_GATE,
    PATIENCE,
    Runner,
    closed_gate,
    fetch,
    kill_a_runner_at_the_gate,
    wait_for_gate,
)
from schema_dump import dump_schema


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files; the second stops at the gate, in the middle."""
    found = tmp_path / "migrations" / "a"
    found.mkdir(parents=True)
    (found / "001_a.sql").write_text("CREATE TABLE a (x int);")
    (found / "002_b.sql").write_text(
        "-- datalayer: lock_timeout=0\n"
        f"CREATE TABLE b (x int);\n{PASS_GATE}\nINSERT INTO b VALUES (1);"
    )
    (found / "003_c.sql").write_text(
        "CREATE TABLE c (count bigint);\n-- datalayer: transaction=off\n"
        "INSERT INTO c SELECT count(*) FROM b;\nVACUUM c;"
    )
    return found.parent


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as executor:
        yield executor


def assert_all_is_applied(url: str) -> None:
    assert fetch(url, "SELECT version FROM datalayer_migration ORDER BY ordinal") == [
        ("001",),
        ("002",),
        ("003",),
    ]
    assert fetch(url, "SELECT count FROM c") == [(1,)]


def assert_each_file_is_applied_once(
    pool: ThreadPoolExecutor, url: str, folder: Path, runners: int
) -> None:
    barrier = threading.Barrier(runners)

    def start_together() -> MigrationReport:
        barrier.wait(PATIENCE)
        return migrate(url, folder, wait=PATIENCE)

    futures = [pool.submit(start_together) for _ in range(runners)]
    reports = [future.result() for future in futures]

    applied = [a.version for report in reports for a in report.applied]
    assert sorted(applied) == ["001", "002", "003"]
    assert_all_is_applied(url)


@pytest.mark.parametrize("runners", [2, 8])
def test_runners_at_the_same_moment_apply_each_file_once(
    pool: ThreadPoolExecutor, empty_database: str, folder: Path, runners: int
) -> None:
    assert_each_file_is_applied_once(pool, empty_database, folder, runners)


def assert_second_runner_waits(
    pool: ThreadPoolExecutor, url: str, folder: Path
) -> None:
    with closed_gate(url) as open_gate:
        first = Runner(pool, url, folder)
        wait_for_gate(url)
        second = Runner(pool, url, folder)

        seen = second.next_event()
        open_gate()

        assert isinstance(seen, Waiting)
        assert "`datalayer migrate`" in seen.holder
        assert len(first.future.result(PATIENCE).applied) == 3
        assert second.future.result(PATIENCE).applied == ()


def test_a_second_runner_waits_for_the_first(
    pool: ThreadPoolExecutor, empty_database: str, folder: Path
) -> None:
    assert_second_runner_waits(pool, empty_database, folder)

    assert_all_is_applied(empty_database)


def test_a_runner_without_the_lock_is_caught(
    pool: ThreadPoolExecutor,
    empty_database: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @contextmanager
    def no_lock(*_: object, **__: object) -> Iterator[lock.Lock]:
        yield lock.Lock(0)

    monkeypatch.setattr(runner, "hold_lock", no_lock)
    monkeypatch.setattr(execution, "take_guard", lambda *_: None)

    with pytest.raises((AssertionError, DataLayerError)):
        assert_second_runner_waits(pool, empty_database, folder)


def test_a_runner_that_waited_long_enough_says_who_is_at_work(
    pool: ThreadPoolExecutor, empty_database: str, folder: Path
) -> None:
    with closed_gate(empty_database):
        Runner(pool, empty_database, folder)
        wait_for_gate(empty_database)

        with pytest.raises(MigrationLockBusy) as raised:
            migrate(empty_database, folder, wait=0)

    assert "pid " in raised.value.message
    assert "`datalayer migrate`" in raised.value.message


def assert_next_runner_waits_for_what_a_killed_one_left(
    pool: ThreadPoolExecutor, url: str, folder: Path
) -> None:
    with closed_gate(url) as open_gate:
        kill_a_runner_at_the_gate(url, folder)
        orphan = wait_for_gate(url)
        following = Runner(pool, url, folder)

        seen = following.next_event()
        open_gate()

        # The lock of the killed runner may take a moment to vanish as well.
        while isinstance(seen, Waiting) and f"pid {orphan} " not in seen.holder:
            seen = following.next_event()
        assert isinstance(seen, Waiting)
        applied = following.future.result(PATIENCE).applied
        assert [file.version for file in applied] == ["002", "003"]
    assert_all_is_applied(url)


def test_after_a_kill_the_next_run_finishes_as_if_undisturbed(
    pool: ThreadPoolExecutor, server: Server, empty_database: str, folder: Path
) -> None:
    assert_next_runner_waits_for_what_a_killed_one_left(pool, empty_database, folder)

    with scratch_database(server.url()) as undisturbed:
        migrate(undisturbed, folder)
        assert dump_schema(empty_database) == dump_schema(undisturbed)


def test_a_runner_without_the_guard_is_caught(
    pool: ThreadPoolExecutor,
    empty_database: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lock, "_GUARD_KEY", 1)

    with pytest.raises((AssertionError, DataLayerError)):
        assert_next_runner_waits_for_what_a_killed_one_left(
            pool, empty_database, folder
        )


def test_a_lost_lock_is_noticed_before_the_next_file(
    empty_database: str, folder: Path
) -> None:
    holders = (
        # With a time-out it waits until the session is gone.
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks "
        f"WHERE locktype = 'advisory' AND granted AND objid = {lock._LOCK_KEY % 2**32}"
    )

    def lose_lock(event: Event) -> None:
        if isinstance(event, Applied):
            assert fetch(empty_database, holders) == [(True,)]

    with pytest.raises(MigrationLockLost):
        migrate(empty_database, folder, report=lose_lock)

    assert fetch(empty_database, "SELECT version FROM datalayer_migration") == [
        ("001",)
    ]


def test_a_server_that_ends_the_session_leaves_nothing_of_the_file(
    pool: ThreadPoolExecutor, empty_database: str, folder: Path
) -> None:
    with closed_gate(empty_database):
        first = Runner(pool, empty_database, folder)
        backend = wait_for_gate(empty_database)
        fetch(empty_database, f"SELECT pg_terminate_backend({backend})")

        with pytest.raises((MigrationFailed, DatabaseUnreachable)):
            first.future.result(PATIENCE)

    assert len(migrate(empty_database, folder).applied) == 2
    assert_all_is_applied(empty_database)


def assert_blocked_file_succeeds_after_retries(url: str, folder: Path) -> None:
    migrate(url, folder)
    (folder / "a/004_d.sql").write_text(
        "-- datalayer: lock_timeout=20ms\n"
        "CREATE TABLE d (x int);\nALTER TABLE a ADD COLUMN y int;"
    )
    events: list[Event] = []
    with psycopg.connect(url) as writer:
        writer.execute("INSERT INTO a VALUES (1)")

        def release(event: Event) -> None:
            events.append(event)
            if isinstance(event, Retrying) and event.attempt == 2:
                writer.commit()

        report = migrate(url, folder, report=release)

    assert [type(event) for event in events] == [
        *(Applying, Retrying, Retrying, Applied),
    ]
    assert [applied.tries for applied in report.applied] == [3]
    assert fetch(url, "SELECT x, y FROM a") == [(1, None)]
    assert fetch(
        url, "SELECT tries FROM datalayer_migration WHERE version = '004'"
    ) == [(3,)]


def test_a_blocked_alter_succeeds_after_retries(
    empty_database: str, folder: Path
) -> None:
    assert_blocked_file_succeeds_after_retries(empty_database, folder)


def test_a_runner_that_does_not_retry_is_caught(
    empty_database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "TRIES", 1)

    with pytest.raises((AssertionError, MigrationBlocked)):
        assert_blocked_file_succeeds_after_retries(empty_database, folder)


def test_a_file_that_stays_blocked_is_given_up(
    empty_database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "_LONGEST_PAUSE", 0.001)
    migrate(empty_database, folder)
    (folder / "a/004_d.sql").write_text(
        "-- datalayer: lock_timeout=1ms\nSELECT 1;\nALTER TABLE a ADD COLUMN y int;"
    )
    events: list[Event] = []
    with psycopg.connect(empty_database) as writer:
        writer.execute("INSERT INTO a VALUES (1)")

        with pytest.raises(MigrationBlocked) as raised:
            migrate(empty_database, folder, report=events.append)

    assert raised.value.location.line == 3
    assert "tried 8 times" in (raised.value.help or "")
    assert [type(event) for event in events] == [Applying, *[Retrying] * 7]


def assert_failed_commit_leaves_no_row(url: str, folder: Path) -> None:
    (folder / "a/002_b.sql").write_text(
        "CREATE TABLE b (x int UNIQUE DEFERRABLE INITIALLY DEFERRED);\n"
        "INSERT INTO b VALUES (1), (1);"
    )

    with pytest.raises(MigrationFailed, match="already exists"):
        migrate(url, folder)

    assert fetch(url, "SELECT version FROM datalayer_migration") == [("001",)]


def test_a_failed_commit_leaves_no_row(empty_database: str, folder: Path) -> None:
    assert_failed_commit_leaves_no_row(empty_database, folder)


def test_a_row_written_outside_the_transaction_is_caught(
    empty_database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def record_elsewhere(_: psycopg.Connection, *args: object, **rest: object) -> None:
        with psycopg.connect(empty_database, autocommit=True) as other:
            record(other, *args, **rest)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(execution, "record", record_elsewhere)

    with pytest.raises(AssertionError):
        assert_failed_commit_leaves_no_row(empty_database, folder)


def test_an_index_is_built_beside_the_lock_while_others_write(
    pool: ThreadPoolExecutor, empty_database: str, folder: Path
) -> None:
    """The session that holds the lock must not keep CONCURRENTLY waiting."""
    migrate(empty_database, folder)
    (folder / "a/004_i.sql").write_text(
        "-- datalayer: transaction=off\nCREATE INDEX CONCURRENTLY i ON a (x);"
    )
    with psycopg.connect(empty_database) as writer:
        writer.execute("INSERT INTO a VALUES (1)")
        building = Runner(pool, empty_database, folder)
        assert isinstance(building.next_event(), Applying)
        writer.commit()

    assert len(building.future.result(PATIENCE).applied) == 1


INDEX = "CREATE UNIQUE INDEX CONCURRENTLY i ON a (x);"


def write_index(folder: Path, header: str = "") -> None:
    text = f"-- datalayer: transaction=off {header}\n{INDEX}"
    (folder / "a/004_i.sql").write_text(text)


def indexes(url: str) -> list[tuple[object, ...]]:
    return fetch(
        url, "SELECT indisvalid FROM pg_index WHERE indrelid = to_regclass('a')"
    )


def test_an_index_whose_table_is_locked_is_tried_again(
    empty_database: str, folder: Path
) -> None:
    migrate(empty_database, folder)
    write_index(folder, "lock_timeout=20ms")
    with psycopg.connect(empty_database) as other:
        other.execute("LOCK TABLE a")

        def release(event: Event) -> None:
            if isinstance(event, Retrying):
                other.commit()

        report = migrate(empty_database, folder, report=release)

    assert [applied.tries for applied in report.applied] == [2]
    assert indexes(empty_database) == [(True,)]


def test_an_interrupted_index_is_dropped(
    empty_database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty_database, folder)
    fetch(empty_database, "INSERT INTO a VALUES (1), (1) RETURNING x")
    write_index(folder)

    def run_and_interrupt(
        connection: psycopg.Connection, text: str, statement: Statement
    ) -> None:
        assert run_text(connection, text, statement)
        assert indexes(empty_database) == [(False,)]
        raise KeyboardInterrupt

    monkeypatch.setattr(outside, "run_text", run_and_interrupt)

    with pytest.raises(KeyboardInterrupt):
        migrate(empty_database, folder)

    assert indexes(empty_database) == []


def test_an_invalid_index_that_cannot_be_dropped_now_is_told(
    empty_database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty_database, folder)
    write_index(folder, "lock_timeout=20ms")
    monkeypatch.setattr(outside, "_CLEANING_TIMEOUT", "20ms")

    with psycopg.connect(empty_database) as writer:
        writer.execute("INSERT INTO a VALUES (1)")
        with pytest.raises(MigrationHalfApplied) as raised:
            migrate(empty_database, folder)

    assert "`datalayer migrate up` drops it" in (raised.value.help or "")
    assert indexes(empty_database) == [(False,)]
    assert len(migrate(empty_database, folder).applied) == 1
    assert indexes(empty_database) == [(True,)]
