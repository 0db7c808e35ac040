"""Partitions, retention and the rights of what maintenance creates, on plain tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from datalayer.domains.maintenance import (
    MaintenanceEvent,
    Retrying,
    StepDone,
    maintain,
)
from datalayer.domains.maintenance.errors import (
    MaintenanceBlocked,
    MaintenanceBusy,
    MaintenanceMissing,
)
from datalayer.migrate import migrate

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_READING = """\
CREATE TABLE {name} (
    sensor bigint NOT NULL,
    taken_at timestamptz NOT NULL
) PARTITION BY RANGE (taken_at);
CREATE TABLE {default} PARTITION OF {name} DEFAULT;
INSERT INTO datalayer_partitioned (relation, time_column, step, ahead)
VALUES ({literal}, 'taken_at', {step}, 2);
"""


@pytest.fixture
def owner(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as opened:
        yield opened


def create_reading(
    owner: psycopg.Connection, name: str = "reading", step: str = "1 day"
) -> None:
    owner.execute(
        sql.SQL(_READING).format(
            name=sql.Identifier(name),
            default=sql.Identifier(f"{name[:50]}_default"),
            literal=sql.Literal(f'"{name}"'),
            step=sql.Literal(step),
        )
    )


def partitions(owner: psycopg.Connection, name: str = "reading") -> list[str]:
    question = """\
        SELECT partition::text FROM datalayer_list_partitions(%s::regclass)"""
    return [row[0] for row in owner.execute(question, (f'"{name}"',))]


def test_a_second_run_has_nothing_to_do(database_url: str) -> None:
    first = maintain(database_url)
    second = maintain(database_url)

    assert {step.relation for step in first.steps} >= {"event", "run", "worker_history"}
    assert second.steps == ()


def test_weeks_begin_on_monday_whatever_the_session_thinks(
    owner: psycopg.Connection,
) -> None:
    create_reading(owner, step="7 days")
    owner.execute("SET timezone = 'America/New_York'; SET datestyle = 'German'")
    owner.execute("INSERT INTO reading VALUES (1, '2026-03-11 00:00:00+00')")

    owner.execute("SELECT * FROM datalayer_maintain()")

    assert partitions(owner)[0] == "reading_y2026m03d09"
    question = """\
        SELECT extract(EPOCH FROM since)::bigint, until - since
        FROM datalayer_list_partitions('reading') LIMIT 1"""
    assert owner.execute(question).fetchone() == (1773014400, timedelta(days=7))


def test_partitions_shorter_than_a_day_are_named_by_the_minute(
    owner: psycopg.Connection,
) -> None:
    create_reading(owner, step="30 minutes")
    for minute in (5, 40):
        values = (f"2026-03-11 13:{minute}:00+00",)
        owner.execute("INSERT INTO reading VALUES (1, %s)", values)

    owner.execute("SELECT * FROM datalayer_maintain()")

    assert partitions(owner)[:2] == [
        "reading_y2026m03d11t1300",
        "reading_y2026m03d11t1330",
    ]


def test_long_names_do_not_meet(owner: psycopg.Connection) -> None:
    names = ["r" * 62 + last for last in "ab"]
    for number, name in enumerate(names):
        owner.execute(
            sql.SQL(_READING).format(
                name=sql.Identifier(name),
                default=sql.Identifier(f"waiting_{number}"),
                literal=sql.Literal(name),
                step=sql.Literal("1 day"),
            )
        )

    owner.execute("SELECT * FROM datalayer_maintain()")

    created = [*partitions(owner, names[0]), *partitions(owner, names[1])]
    assert len(set(created)) == 6


def test_rows_that_no_calendar_knows_stay_where_they_are(
    owner: psycopg.Connection,
) -> None:
    create_reading(owner)
    moments = ["infinity", "-infinity", "0044-03-15 BC", "0044-03-15", "12000-01-01"]
    for moment in moments:
        owner.execute("INSERT INTO reading VALUES (1, %s)", (moment,))
    owner.execute("INSERT INTO event (trigger_ref, created) VALUES ('a', 'infinity')")
    owner.execute("INSERT INTO event (trigger_ref, created) VALUES ('a', '-infinity')")

    owner.execute("SELECT * FROM datalayer_maintain()")

    assert len(partitions(owner)) == 2 + 3
    kept = owner.execute("SELECT count(*) FROM reading_default").fetchone()
    assert kept == (3,)
    assert owner.execute("SELECT * FROM event_volume_hourly").fetchall() == []


def test_a_changed_step_leaves_what_overlaps_in_the_default_partition(
    owner: psycopg.Connection,
) -> None:
    create_reading(owner)
    owner.execute("INSERT INTO reading VALUES (1, '2026-03-10 12:00:00+00')")
    owner.execute("SELECT * FROM datalayer_maintain()")
    before = len(partitions(owner))
    owner.execute("UPDATE datalayer_partitioned SET step = '7 days'")
    owner.execute("INSERT INTO reading VALUES (2, '2026-03-11 12:00:00+00')")
    owner.execute("INSERT INTO reading VALUES (3, '2026-03-18 12:00:00+00')")

    owner.execute("SELECT * FROM datalayer_maintain()")

    assert "reading_y2026m03d16" in partitions(owner)
    assert len(partitions(owner)) > before
    waiting = owner.execute("SELECT sensor FROM reading_default").fetchall()
    assert waiting == [(2,)]


def test_many_rows_move_a_part_at_a_time(owner: psycopg.Connection) -> None:
    create_reading(owner)
    owner.execute(
        "INSERT INTO reading SELECT n, timestamptz '2026-03-10 00:00:00+00' "
        "+ n * interval '2 seconds' FROM generate_series(0, 149999) AS n"
    )

    steps = owner.execute("SELECT datalayer_waiting_partitions('reading', 100)")

    # 43,200 rows a day: three days pass 100,000.
    assert [len(row[0]) for row in steps] == [3]
    owner.execute("SELECT * FROM datalayer_maintain()")
    assert len(partitions(owner)) == 4 + 3
    counted = "SELECT count(*), (SELECT count(*) FROM reading_default) FROM reading"
    assert owner.execute(counted).fetchone() == (150_000, 0)


def test_a_dropped_table_is_left_out(owner: psycopg.Connection) -> None:
    create_reading(owner)
    owner.execute("DROP TABLE reading")

    owner.execute("SELECT * FROM datalayer_maintain()")

    assert owner.execute("SELECT * FROM datalayer_maintain_step()").fetchall() == []


def test_moved_rows_write_no_history_and_no_marks(owner: psycopg.Connection) -> None:
    owner.execute("INSERT INTO execution (action_ref) VALUES ('a')")
    owner.execute("INSERT INTO event (trigger_ref) VALUES ('a')")

    owner.execute("SELECT * FROM datalayer_maintain()")

    question = """\
        SELECT
            (SELECT count(*) FROM execution_history),
            (SELECT count(*) FROM datalayer_late_hour),
            (SELECT count(*) FROM ONLY execution_default)"""
    assert owner.execute(question).fetchone() == (1, 0, 0)


@pytest.fixture
def roles(owner: psycopg.Connection) -> Iterator[tuple[str, str]]:
    """An owner of the database's tables who is no superuser, and a reader."""
    names = ("maintenance_owner", "maintenance_reader")
    for name in names:
        owner.execute(f"CREATE ROLE {name}".encode())
    yield names
    for name in names:
        owner.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER".encode())
        owner.execute(f"DROP OWNED BY {name}".encode())
        owner.execute(f"DROP ROLE {name}".encode())


def test_partitions_are_as_closed_as_their_parents(
    owner: psycopg.Connection, roles: tuple[str, str]
) -> None:
    _, reader = roles
    owner.execute(
        f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {reader}, PUBLIC".encode()
    )

    owner.execute("SELECT * FROM datalayer_maintain()")

    question = """\
        SELECT count(*), bool_or(has_table_privilege(%s, partition, 'SELECT, INSERT'))
        FROM datalayer_partitioned, datalayer_list_partitions(relation)"""
    count, is_open = owner.execute(question, (reader,)).fetchone() or (0, True)
    assert count == 5 * 4
    assert not is_open
    name = partitions(owner, "execution_history")[0]
    with pytest.raises(errors.RestrictViolation):
        owner.execute(f"TRUNCATE {name}".encode())


def test_partitions_belong_to_the_owner_of_the_table(
    owner: psycopg.Connection, roles: tuple[str, str]
) -> None:
    name, _ = roles
    create_reading(owner)
    owner.execute(f"ALTER TABLE reading OWNER TO {name}".encode())
    owner.execute("SELECT * FROM datalayer_maintain()")

    question = """\
        SELECT DISTINCT relowner::regrole::text FROM pg_class
        WHERE relname LIKE 'reading_y%'"""
    assert owner.execute(question).fetchall() == [(name,)]


def test_a_reader_of_the_relations_needs_no_other_right(
    owner: psycopg.Connection, roles: tuple[str, str]
) -> None:
    _, reader = roles
    owner.execute("INSERT INTO event (trigger_ref) VALUES ('a')")
    owner.execute(f"GRANT SELECT ON event_volume_hourly TO {reader}".encode())
    owner.execute(f"SET ROLE {reader}".encode())

    question = "SELECT trigger_ref, event_count FROM event_volume_hourly"
    found = owner.execute(question).fetchall()
    with pytest.raises(errors.InsufficientPrivilege):
        owner.execute("SELECT FROM event")
    owner.execute("RESET ROLE")

    assert found == [("a", 1)]


def test_live_hours_leave_out_old_partitions(owner: psycopg.Connection) -> None:
    owner.execute(
        "INSERT INTO event (trigger_ref, created) "
        "SELECT 'a', now() - n * interval '1 hour' FROM generate_series(0, 400) AS n"
    )
    owner.execute("SELECT * FROM datalayer_maintain()")

    question = "EXPLAIN (ANALYZE, COSTS FALSE) SELECT * FROM event_volume_hourly"
    lines = [row[0] for row in owner.execute(question)]

    scanned = [line for line in lines if " on event_y" in line]
    assert len(scanned) > 15
    assert sum("never executed" not in line for line in scanned) < 10


def test_a_second_maintainer_is_told(
    database_url: str, owner: psycopg.Connection
) -> None:
    with owner.transaction():
        owner.execute("SELECT * FROM datalayer_maintain_step()")

        with pytest.raises(MaintenanceBusy):
            maintain(database_url)

    assert maintain(database_url).steps


def test_a_table_in_use_is_tried_again(
    database_url: str, owner: psycopg.Connection
) -> None:
    owner.execute("INSERT INTO event (trigger_ref) VALUES ('a')")
    events: list[MaintenanceEvent] = []

    with owner.transaction():
        owner.execute("SELECT FROM event")
        with pytest.raises(MaintenanceBlocked):
            maintain(database_url, attempts=2, report=events.append)

    assert [type(event) for event in events[-1:]] == [Retrying]
    assert any(isinstance(event, StepDone) for event in events)


def test_a_killed_step_leaves_the_steps_before_it(
    database_url: str, owner: psycopg.Connection
) -> None:
    owner.execute("INSERT INTO event (trigger_ref) VALUES ('a')")
    owner.execute("SELECT * FROM datalayer_maintain_step()")
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("BEGIN")
        for _ in range(5):
            other.execute("SELECT * FROM datalayer_maintain_step()")
        owner.execute("SELECT pg_terminate_backend(%s, 10000)", (backend_of(other),))
        with pytest.raises(psycopg.OperationalError):
            other.execute("COMMIT")

    steps = maintain(database_url).steps

    assert "enforcement" not in [s.relation for s in steps if s.amount == 1]
    assert {s.relation for s in steps} >= {"event", "execution_history", "run"}


def backend_of(connection: psycopg.Connection) -> int:
    return connection.info.backend_pid


def test_hours_that_a_dump_brought_unsettled_are_settled(
    database_url: str, owner: psycopg.Connection
) -> None:
    owner.execute(
        "INSERT INTO datalayer_unsettled_hours "
        "(source, passed_since, since, until, writers_before) "
        "SELECT 'event', hour, hour, hour + interval '1 hour', '99999999999' "
        "FROM datalayer_hour(now() - interval '9 hours') AS hour"
    )

    maintain(database_url)

    question = "SELECT count(*) FROM datalayer_unsettled_hours"
    assert owner.execute(question).fetchone() == (0,)


def test_without_the_migrations_it_says_so(empty_database: str) -> None:
    with pytest.raises(MaintenanceMissing):
        maintain(empty_database)


def test_the_owner_need_not_be_a_superuser(empty_database: str) -> None:
    role = "maintenance_plain_owner"
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN".encode())
        connection.execute(f"GRANT ALL ON SCHEMA public TO {role}".encode())
        url = make_conninfo(empty_database, user=role)
        try:
            migrate(url, MIGRATIONS)
            with psycopg.connect(url) as writer:
                writer.execute("INSERT INTO execution (action_ref) VALUES ('a')")
            steps = maintain(url).steps
            owners = connection.execute(
                "SELECT DISTINCT relowner::regrole::text FROM pg_class "
                "WHERE relname ~ '_y[0-9]{4}m'"
            ).fetchall()
        finally:
            connection.execute(f"DROP OWNED BY {role}".encode())
            connection.execute(f"DROP ROLE {role}".encode())

    assert ("create partitions", "execution") in [(s.task, s.relation) for s in steps]
    assert owners == [(role,)]


def test_it_works_in_a_schema_of_its_own(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE SCHEMA app")
    url = make_conninfo(empty_database, options="-c search_path=app")
    migrate(url, MIGRATIONS)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO event (trigger_ref) VALUES ('a')")

    steps = maintain(url).steps

    assert ("create partitions", "event") in [(s.task, s.relation) for s in steps]
    with psycopg.connect(empty_database) as connection:
        found = connection.execute("SELECT trigger_ref FROM app.event_volume_hourly")
        assert found.fetchall() == [("a",)]
        in_public = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        )
        assert in_public.fetchone() == (0,)
