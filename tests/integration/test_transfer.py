"""Every row of a database arrives in another one, under the same or another profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from datalayer.domains.maintenance import maintain
from datalayer.migrate import migrate
from datalayer.migrate.transfer import (
    Copying,
    Refreshing,
    TableTransferred,
    TransferEvent,
    TransferReport,
    transfer,
)
from datalayer.migrate.transfer.errors import (
    TransferFailed,
    TransferMismatch,
    TransferTargetOccupied,
)
from datalayer.server import Server, scratch_database
from transfer_rows import fill_database, read_relations, read_tables

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_TRIGGERS = """\
SELECT tgrelid::regclass::text, tgname::text, tgenabled::text
FROM pg_trigger
WHERE NOT tgisinternal AND tgname !~ '^ts_' AND tgrelid::regclass::text !~ '[0-9]'
ORDER BY 1, 2"""
_JOBS = """\
SELECT count(*) FILTER (WHERE scheduled), count(*)
FROM timescaledb_information.jobs
WHERE hypertable_schema = 'public'"""


@pytest.fixture
def filled_url(database_url: str) -> str:
    """The URL of a native database with rows of all kinds."""
    fill_database(database_url)
    return database_url


def move(
    source: str,
    target: str,
    report: Callable[[TransferEvent], None] | None = None,
    profile: str | None = None,
) -> TransferReport:
    return transfer(source, target, MIGRATIONS, profile=profile, report=report)


def read_all(url: str, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(question.encode()).fetchall()


def assert_same(source: str, target: str) -> None:
    before, after = read_tables(source), read_tables(target)
    for name, rows in before.items():
        assert after[name] == rows, name
    shown, arrived = read_relations(source), read_relations(target)
    for name, buckets in shown.items():
        assert arrived[name] == buckets, name


def test_a_native_database_moves_to_timescaledb(
    filled_url: str, empty_timescaledb: str
) -> None:
    report = move(filled_url, empty_timescaledb, profile="timescaledb")

    assert (report.source_profile, report.target_profile) == ("native", "timescaledb")
    assert not any(table.was_there for table in report.tables)
    kept = {relation.relation: relation.kept for relation in report.relations}
    assert kept["event_volume_hourly"] == 1
    assert_same(filled_url, empty_timescaledb)


def test_it_moves_back(filled_url: str, empty_timescaledb: str, server: Server) -> None:
    move(filled_url, empty_timescaledb, profile="timescaledb")
    with scratch_database(server.url()) as back:
        report = move(empty_timescaledb, back, profile="native")

        assert report.target_profile == "native"
        assert_same(filled_url, back)
        maintain(back)
        assert_same(filled_url, back)


def test_triggers_and_policies_are_as_after_the_migrations(
    filled_url: str, timescaledb_url: str
) -> None:
    before = read_all(timescaledb_url, _TRIGGERS)

    move(filled_url, timescaledb_url)

    assert read_all(timescaledb_url, _TRIGGERS) == before
    scheduled, jobs = read_all(timescaledb_url, _JOBS)[0]
    assert scheduled == jobs
    with psycopg.connect(timescaledb_url) as connection:
        connection.execute("UPDATE execution SET status = 'timeout' WHERE id = 1")
        question = "SELECT count(*), max(seq) FROM execution_history WHERE seq > %s"
        newest = read_all(filled_url, "SELECT max(seq) FROM execution_history")[0][0]
        found = connection.execute(question, (newest,)).fetchone()
        assert found
        assert found[0] == 1


@pytest.fixture
def empty_native(server: Server) -> Iterator[str]:
    """The URL of a database without tables."""
    with scratch_database(server.url()) as url:
        yield url


def test_a_native_database_moves_to_another_server(
    filled_url: str, empty_native: str
) -> None:
    report = move(filled_url, empty_native)

    assert (report.source_profile, report.target_profile) == ("native", "native")
    assert_same(filled_url, empty_native)
    assert read_all(empty_native, _TRIGGERS) == read_all(filled_url, _TRIGGERS)
    assert read_all(empty_native, "SELECT * FROM datalayer_late_hour") == []
    maintain(empty_native)
    assert_same(filled_url, empty_native)


def test_what_is_written_meanwhile_is_not_in_it(
    filled_url: str, empty_native: str
) -> None:
    before = read_tables(filled_url)

    def write(event: TransferEvent) -> None:
        if isinstance(event, TableTransferred) and event.table == "artifact":
            with psycopg.connect(filled_url) as connection:
                connection.execute("INSERT INTO event (trigger_ref) VALUES ('new')")

    move(filled_url, empty_native, write)

    assert read_tables(empty_native) == before


class Stopped(Exception):
    """Somebody pressed Ctrl-C."""


def stop_at(kind: type[TransferEvent], number: int) -> Callable[[TransferEvent], None]:
    seen: list[TransferEvent] = []

    def report(event: TransferEvent) -> None:
        if isinstance(event, kind):
            seen.append(event)
        if len(seen) == number:
            raise Stopped

    return report


def test_interrupted_between_tables_nothing_is_there(
    filled_url: str, empty_native: str
) -> None:
    with pytest.raises(Stopped):
        move(filled_url, empty_native, stop_at(TableTransferred, 8))

    assert not any(read_tables(empty_native).values())
    move(filled_url, empty_native)
    assert_same(filled_url, empty_native)


def test_interrupted_after_the_tables_it_goes_on(
    filled_url: str, empty_timescaledb: str
) -> None:
    with pytest.raises(Stopped):
        move(
            filled_url, empty_timescaledb, stop_at(Refreshing, 3), profile="timescaledb"
        )

    report = move(filled_url, empty_timescaledb)

    assert all(table.was_there for table in report.tables)
    assert_same(filled_url, empty_timescaledb)


def test_a_target_with_rows_is_refused(filled_url: str, empty_native: str) -> None:
    migrate(empty_native, MIGRATIONS)
    with psycopg.connect(empty_native) as connection:
        connection.execute("INSERT INTO event (trigger_ref) VALUES ('mine')")

    with pytest.raises(TransferTargetOccupied, match="`event`"):
        move(filled_url, empty_native)

    assert len(read_tables(empty_native)["event"]) == 1


def test_other_versions_are_refused(filled_url: str, empty_native: str) -> None:
    migrate(empty_native, MIGRATIONS, components=["maintenance"])

    with pytest.raises(TransferMismatch, match="`artifacts/001`"):
        move(filled_url, empty_native)


def test_tables_of_nobody_are_refused(filled_url: str, empty_native: str) -> None:
    with psycopg.connect(filled_url) as connection:
        connection.execute("CREATE TABLE note (text text)")

    with pytest.raises(TransferMismatch, match="`note`"):
        move(filled_url, empty_native)


def test_too_few_rights_are_told(filled_url: str, empty_native: str) -> None:
    migrate(empty_native, MIGRATIONS)
    role = "transfer_nobody"
    with psycopg.connect(empty_native, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN".encode())
        try:
            url = psycopg.conninfo.make_conninfo(empty_native, user=role)
            with pytest.raises(TransferFailed, match="not enough rights"):
                move(filled_url, url)
        finally:
            connection.execute(f"DROP ROLE {role}".encode())


def test_progress_of_large_tables_is_told(filled_url: str, empty_native: str) -> None:
    with psycopg.connect(filled_url) as connection:
        connection.execute(
            "INSERT INTO event (trigger_ref) SELECT 'a' FROM generate_series(1, 60000)"
        )
    events: list[TransferEvent] = []

    move(filled_url, empty_native, events.append)

    assert Copying("event", 50_000) in events
