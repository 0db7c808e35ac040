"""Statements outside a transaction under kills and restarts, at every place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import psycopg
import pytest

from datalayer.errors import DataLayerError, MigrationHalfApplied, MigrationLockLost
from datalayer.lexer import Statement
from datalayer.migrate import (
    Event,
    Notice,
    Running,
    Waiting,
    lock,
    migrate,
    outside,
    status,
    steps,
)
from datalayer.migrate.journal import advance
from datalayer.migrate.session import Failure, run_text
from datalayer.server import Server, scratch_database, start_server, stop_server
from migrate_runners import (
    GATE,
    PATIENCE,
    Runner,
    closed_gate,
    fetch,
    kill_a_runner_at_the_gate,
    wait_for_gate,
)
from schema_dump import dump_schema
from server_processes import copy_server, open_folder

#: A backfill in batches of one row, and an index; both stop at the gate half way.
TEXT = f"""
CREATE TABLE a (x int PRIMARY KEY, y int);
INSERT INTO a (x) SELECT * FROM generate_series(1, 4);
CREATE FUNCTION pass_gate(x int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({GATE});
    RETURN x;
END $$;
CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        UPDATE a SET y = x WHERE x = (SELECT min(x) FROM a WHERE y IS NULL);
        EXIT WHEN NOT FOUND;
        COMMIT;
        IF (SELECT count(y) FROM a) = 2 THEN
            RAISE NOTICE 'two of four';
            PERFORM pass_gate(1);
        END IF;
    END LOOP;
END $$;
-- datalayer: transaction=off lock_timeout=0
"""
FILL = f"{TEXT}CALL fill();\nVACUUM a;"
INDEX = f"{TEXT}CREATE INDEX CONCURRENTLY i ON a (pass_gate(x));\nVACUUM a;"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def place(prepared_server: Path) -> Iterator[Path]:
    """The folder of a server of this test, which it may stop."""
    with open_folder() as parent:
        found = copy_server(prepared_server, parent / "server")
        yield found
        stop_server(found, force=True)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


def write(folder: Path, text: str) -> None:
    (folder / "001_a.sql").write_text(text)


def done(url: str) -> list[tuple[object, ...]]:
    return fetch(
        url,
        "SELECT statements_done, statements, statement_started_at IS NOT NULL "
        "FROM datalayer_migration",
    )


def assert_all_is_done(url: str, folder: Path) -> None:
    assert done(url) == [(6, 6, False)]
    assert status(url, folder).pending == 0
    invalid = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
    assert fetch(url, invalid) == []


def test_notices_of_a_procedure_come_while_it_runs(
    pool: ThreadPoolExecutor, empty_database: str, folder: Path
) -> None:
    write(folder, FILL)
    with closed_gate(empty_database) as open_gate:
        runner = Runner(pool, empty_database, folder)
        event = runner.next_event()
        while not isinstance(event, Notice):
            event = runner.next_event()
        wait_for_gate(empty_database)

        assert event.message == "two of four"
        assert not runner.future.done()
        assert fetch(empty_database, "SELECT count(y) FROM a") == [(2,)]
        open_gate()
        runner.future.result(PATIENCE)


def assert_next_runner_waits_and_goes_on(
    pool: ThreadPoolExecutor, url: str, folder: Path, *, is_ended: bool
) -> None:
    with closed_gate(url) as open_gate:
        kill_a_runner_at_the_gate(url, folder)
        orphan = wait_for_gate(url)
        assert done(url) == [(4, 6, True)]
        following = Runner(pool, url, folder)

        seen = following.next_event()
        # The lock of the killed runner may take a moment to vanish as well.
        while isinstance(seen, Waiting) and f"pid {orphan} " not in seen.holder:
            seen = following.next_event()
        assert isinstance(seen, Waiting)
        if is_ended:
            fetch(url, f"SELECT pg_terminate_backend({orphan}, 10000)")
        open_gate()

        assert len(following.future.result(PATIENCE).applied) == 1
    assert_all_is_done(url, folder)


@pytest.mark.parametrize("is_ended", [False, True], ids=["goes on", "ends"])
@pytest.mark.parametrize("text", [FILL, INDEX], ids=["procedure", "index"])
def test_after_a_kill_the_next_runner_waits_for_the_backend_and_goes_on(
    pool: ThreadPoolExecutor,
    empty_database: str,
    folder: Path,
    text: str,
    is_ended: bool,
) -> None:
    write(folder, text)

    assert_next_runner_waits_and_goes_on(
        pool, empty_database, folder, is_ended=is_ended
    )

    if text == FILL:
        query = "SELECT count(*) FROM a WHERE x = y"
        assert fetch(empty_database, query) == [(4,)]


def test_a_runner_without_the_guard_does_not_wait_for_the_backend(
    pool: ThreadPoolExecutor,
    empty_database: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lock, "_GUARD_KEY", 1)
    write(folder, FILL)

    with pytest.raises((AssertionError, DataLayerError)):
        assert_next_runner_waits_and_goes_on(
            pool, empty_database, folder, is_ended=False
        )


@pytest.mark.parametrize("text", [FILL, INDEX], ids=["procedure", "index"])
def test_after_a_restart_of_the_server_the_next_run_goes_on(
    pool: ThreadPoolExecutor, place: Path, folder: Path, text: str
) -> None:
    write(folder, text)
    server, _ = start_server(place)
    # The gate goes down with the server.
    with suppress(psycopg.OperationalError), closed_gate(server.url()):
        runner = Runner(pool, server.url(), folder)
        wait_for_gate(server.url())
        stop_server(place, force=True)
        with pytest.raises(MigrationHalfApplied) as raised:
            runner.future.result(PATIENCE)
    server, _ = start_server(place)

    half = status(server.url(), folder).half_applied
    migrate(server.url(), folder)

    assert_all_is_done(server.url(), folder)
    assert "4 of 6 statements are done" in (raised.value.help or "")
    assert [(file.statements_done, file.statements) for file in half] == [(4, 6)]


def test_a_lock_that_is_lost_is_noticed_before_the_next_statement(
    empty_database: str, folder: Path
) -> None:
    holders = (
        # With a time-out it waits until the session is gone.
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks "
        f"WHERE locktype = 'advisory' AND granted AND objid = {lock._LOCK_KEY % 2**32}"
    )
    write(folder, FILL)

    def lose_lock(event: Event) -> None:
        if isinstance(event, Running) and event.number == 6:
            assert fetch(empty_database, holders) == [(True,)]

    with pytest.raises(MigrationLockLost):
        migrate(empty_database, folder, report=lose_lock)

    assert done(empty_database) == [(5, 6, False)]
    assert len(migrate(empty_database, folder).applied) == 1


#: Every kind of statement, each of which may be run again.
STEPS = """
CREATE SCHEMA s;
SET search_path = s;
CREATE TABLE a (x int PRIMARY KEY, y int CHECK (y > 0));
INSERT INTO a SELECT n, n FROM generate_series(1, 4) AS n;
ALTER TABLE a ADD CONSTRAINT a_y_less CHECK (y < 9) NOT VALID;
CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$
BEGIN
    UPDATE s.a SET y = 7 WHERE x = 1; COMMIT;
    UPDATE s.a SET y = 8 WHERE x = 2; COMMIT;
END $$;
-- datalayer: transaction=off
CALL fill();
SET default_text_search_config = simple;
ALTER TABLE a VALIDATE CONSTRAINT a_y_less;
CREATE INDEX CONCURRENTLY i ON a (y);
DO $$ BEGIN UPDATE s.a SET y = 6 WHERE x = 3; COMMIT; END $$;
CREATE TABLE IF NOT EXISTS b AS SELECT sum(y) AS y FROM a;
DROP INDEX CONCURRENTLY IF EXISTS j;
"""
OUTSIDE = range(7, 14)


class Died(BaseException):
    """What stands for a kill: nothing may catch it and go on."""


def run_until(
    url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, where: str
) -> None:
    """Let a run end beside a statement: when it is marked, run, or recorded."""
    current = [0]

    def note(event: Event) -> None:
        if isinstance(event, Running):
            current[0] = event.number

    def die(place: str) -> None:
        if (current[0], place) == (number, where):
            raise Died

    def run(
        connection: psycopg.Connection, text: str, statement: Statement
    ) -> Failure | None:
        die("marked")
        return run_text(connection, text, statement)

    def record(*arguments: object, **rest: object) -> None:
        die("run")
        advance(*arguments, **rest)  # type: ignore[arg-type] # passed on as they came
        die("recorded")

    with monkeypatch.context() as patch:
        patch.setattr(outside, "run_text", run)
        patch.setattr(outside, "advance", record)
        # Who was killed cleans nothing.
        patch.setattr(outside, "_clean", lambda *_, **__: None)
        with pytest.raises(Died):
            migrate(url, folder, report=note)


def contents(url: str) -> tuple[str, list[tuple[object, ...]]]:
    """Return schema, rows and ledger without times."""
    rows = "SELECT x, y, (SELECT y FROM s.b) FROM s.a ORDER BY x"
    ledger = (
        "SELECT statements_done, statements, statement_started_at, sql_text, tries "
        "FROM datalayer_migration"
    )
    return dump_schema(url), fetch(url, rows) + fetch(url, ledger)


def assert_runs_that_die_come_to_the_same_end(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    write(folder, STEPS)
    with scratch_database(server.url()) as undisturbed:
        migrate(undisturbed, folder)
        expected = contents(undisturbed)
    with scratch_database(server.url()) as url:
        # Each run goes on where the one before died, and dies one statement further.
        for number in OUTSIDE:
            run_until(url, folder, monkeypatch, number, where)
        migrate(url, folder)

        assert contents(url) == expected


@pytest.mark.parametrize("where", ["marked", "run", "recorded"])
def test_runs_that_die_at_each_statement_come_to_the_same_end(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    assert_runs_that_die_come_to_the_same_end(server, folder, monkeypatch, where)


@pytest.mark.parametrize(
    ("module", "name", "broken"),
    [
        (outside, "_go_on", lambda step, _: step.done),
        (steps, "is_setting", lambda _: False),
    ],
    ids=["does not look at what was begun", "forgets what is set"],
)
def test_a_runner_that_goes_on_wrongly_is_caught(
    server: Server,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    name: str,
    broken: Callable[..., object],
) -> None:
    monkeypatch.setattr(module, name, broken)

    with pytest.raises((AssertionError, DataLayerError)):
        assert_runs_that_die_come_to_the_same_end(server, folder, monkeypatch, "run")
