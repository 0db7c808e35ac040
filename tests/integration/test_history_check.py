"""`datalayer history check` finds what is wrong, and nothing where nothing is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from history_breakages import BREAKAGES

from datalayer.history import Finding, HistoryOptions, check_histories
from datalayer.history.errors import HistoryError, HistoryTableError
from datalayer.migrate import migrate
from datalayer.server import Server
from history_tables import add_history, write_project

_WORKERS = """
INSERT INTO worker (name, worker_type, worker_role, capabilities)
SELECT 'w' || number, 'local', 'action', '{"a": 1.0}'
FROM generate_series(1, 2500) AS number;
UPDATE worker SET status = 'busy', meta = 'null' WHERE id % 3 = 0;
INSERT INTO execution (action_ref, result) VALUES ('core.echo', '{"out": 1}');
UPDATE execution SET result = '{"out": 1.0}', status = 'scheduling';
"""


_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE
    datname = current_database()
    AND backend_type = 'client backend'
    AND pid <> pg_backend_pid()
"""


@pytest.fixture
def role(server: Server) -> Iterator[str]:
    """A role that can log in, until the end of the test."""
    name = "history_reader"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN".encode())
        connection.execute("CREATE ROLE history_group")
        yield name
        connection.execute(f"DROP ROLE {name}, history_group".encode())


@pytest.fixture
def url(role: str, database_url: str) -> str:
    """The URL of a migrated database with workers, dropped before the role."""
    execute(database_url, _WORKERS)
    return database_url


def execute(url: str, statements: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statements.encode())


def found(url: str, *tables: str) -> list[tuple[str, str, str]]:
    findings = check_histories(url, tables=tables).findings
    return [(f.table, f.kind, f.message) for f in findings]


def only(url: str) -> Finding:
    """Return the one finding there is."""
    (finding,) = check_histories(url).findings
    return finding


def test_histories_of_the_domain_are_clean(url: str) -> None:
    report = check_histories(url)

    assert report.findings == ()
    assert report.is_clean
    compared = {each.table: each.compared for each in report.histories}
    assert compared == {"execution": 1, "worker": 2500}


def test_histories_under_timescaledb_are_clean(timescaledb_url: str) -> None:
    execute(timescaledb_url, _WORKERS)

    report = check_histories(timescaledb_url)

    assert report.findings == ()
    compared = {each.table: each.compared for each in report.histories}
    assert compared == {"execution": 1, "worker": 2500}


def test_a_disabled_trigger_under_timescaledb_is_found(timescaledb_url: str) -> None:
    execute(
        timescaledb_url, "ALTER TABLE worker DISABLE TRIGGER worker_history_trigger"
    )

    assert [kind for _, kind, _ in found(timescaledb_url)] == ["disabled-trigger"]


def test_partitions_that_maintenance_made_are_clean(url: str) -> None:
    execute(url, "SELECT datalayer_maintain()")

    assert found(url) == []


@pytest.mark.parametrize("name", BREAKAGES)
def test_what_is_broken_is_found(url: str, name: str) -> None:
    statements, kind, message = BREAKAGES[name]
    execute(url, statements)

    report = check_histories(url)

    matching = [f for f in report.findings if f.kind == kind and message in f.message]
    assert matching != [], report.findings
    assert not report.is_clean
    assert matching[0].help


def test_a_row_without_history_is_only_noted(url: str) -> None:
    execute(
        url,
        "ALTER TABLE worker DISABLE TRIGGER worker_history_trigger;"
        "INSERT INTO worker (name, worker_type, worker_role)"
        " VALUES ('old', 'local', 'action');"
        "ALTER TABLE worker ENABLE ALWAYS TRIGGER worker_history_trigger",
    )

    report = check_histories(url)

    assert [(f.kind, f.is_note) for f in report.findings] == [("without-history", True)]
    assert report.is_clean


def test_without_its_insert_only_what_is_known_is_compared(url: str) -> None:
    execute(
        url,
        "ALTER TABLE worker_history DISABLE TRIGGER worker_history_append_only;"
        "DELETE FROM worker_history WHERE operation = 'INSERT';"
        "ALTER TABLE worker_history ENABLE ALWAYS TRIGGER worker_history_append_only",
    )

    report = check_histories(url)

    assert [f.kind for f in report.findings] == ["without-history"]


def test_a_row_that_came_back_is_compared_from_then_on(url: str) -> None:
    execute(
        url,
        "UPDATE worker SET host = 'h' WHERE id = 3; DELETE FROM worker WHERE id = 3;"
        "INSERT INTO worker (id, name, worker_type, worker_role)"
        " VALUES (3, 'back', 'local', 'action')",
    )

    assert found(url) == []


def test_the_owner_of_the_table_is_noted(url: str) -> None:
    execute(url, "ALTER TABLE worker OWNER TO history_reader")

    finding = only(url)

    assert (finding.kind, finding.is_note) == ("owner", True)
    assert "can disable its triggers" in finding.message


def test_a_trusted_role_is_only_noted(url: str, role: str) -> None:
    execute(url, f"GRANT INSERT ON worker_history TO {role}")

    report = check_histories(url, trusted={role})

    assert [(f.kind, f.is_note) for f in report.findings] == [("can-forge", True)]
    assert report.is_clean


def test_many_drifts_are_counted(url: str) -> None:
    execute(
        url,
        "ALTER TABLE worker DISABLE TRIGGER worker_history_trigger;"
        "UPDATE worker SET host = 'h' WHERE id > 2400;"
        "ALTER TABLE worker ENABLE ALWAYS TRIGGER worker_history_trigger",
    )

    messages = [message for _, _, message in found(url)]

    assert len(messages) == 11
    assert messages[-1] == "90 more rows differ"


def test_a_sample_is_as_large_as_asked(url: str) -> None:
    report = check_histories(url, tables=["worker"], sample=1200)

    assert [(h.table, h.compared) for h in report.histories] == [("worker", 1200)]


def test_a_renamed_table_keeps_its_history(url: str) -> None:
    execute(url, "ALTER TABLE worker RENAME TO laborer")

    assert found(url, "laborer") == []


def test_a_table_without_history_is_an_error(url: str) -> None:
    with pytest.raises(HistoryTableError, match="no history of `event`"):
        check_histories(url, tables=["event"])
    with pytest.raises(HistoryTableError, match="there is no table `wroker`"):
        check_histories(url, tables=["wroker"])


def test_a_role_without_rights_is_told_so(url: str, role: str) -> None:
    with pytest.raises(HistoryError, match="permission denied"):
        check_histories(f"{url}&options=-crole%3D{role}")


def test_nothing_is_changed(url: str) -> None:
    def snapshot() -> object:
        with psycopg.connect(url, autocommit=True) as connection:
            # A session tells what it did when it ends, which is not when it is closed.
            while connection.execute(_OTHERS).fetchone() != (0,):
                pass
            return connection.execute(
                "SELECT pg_current_xact_id_if_assigned(), sum(n_tup_ins + n_tup_upd)"
                " FROM pg_stat_user_tables"
            ).fetchone()

    before = snapshot()
    check_histories(url)

    assert snapshot() == before


def test_a_history_in_another_schema_is_found(
    server: Server, empty_database: str, tmp_path: Path
) -> None:
    migrations = write_project(
        tmp_path,
        item='CREATE SCHEMA "My Shop";\n'
        'CREATE TABLE "My Shop"."Order 100%" (\n'
        "    no char(3) PRIMARY KEY, state text, at timestamptz\n);\n",
    )
    add_history(
        migrations,
        HistoryOptions("My Shop.Order 100%", track=("state", "at")),
        server,
    )
    migrate(empty_database, migrations)
    execute(
        empty_database,
        """INSERT INTO "My Shop"."Order 100%" VALUES ('1', 'new', now());
        UPDATE "My Shop"."Order 100%" SET state = 'paid'""",
    )

    report = check_histories(empty_database, tables=['"My Shop"."Order 100%"'])

    assert report.findings == ()
    assert [(h.table, h.compared) for h in report.histories] == [
        ('"My Shop"."Order 100%"', 1)
    ]
