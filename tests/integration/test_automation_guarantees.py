"""Constraints guarantee what the queries of automation promise, on old rows too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from datalayer.errors import MigrationFailed
from datalayer.migrate import migrate
from history_tables import MIGRATIONS

FILLING = """
INSERT INTO execution (action_ref, created) VALUES ('a', now() - interval '3 hours');
UPDATE execution SET status = 'scheduling';
UPDATE execution SET executor = 1;
INSERT INTO worker (name, worker_type, worker_role) VALUES ('w', 'local', 'action');
UPDATE worker SET status = 'busy';
INSERT INTO event (trigger_ref, created) VALUES ('t', now() - interval '3 hours');
DELETE FROM execution;
"""
#: Rows that no trigger writes, by the constraint that refuses them.
REFUSED = {
    "entity_ref_is_given": "(operation, entity_id) VALUES ('DELETE', 1)",
    "fields_are_named": "(operation, entity_id, entity_ref, changed_fields)"
    " VALUES ('UPDATE', 1, 'a', '{NULL}')",
    "status_is_told": "(operation, entity_id, entity_ref, new_values)"
    " VALUES ('INSERT', 1, 'a', '{\"status\": null}')",
    "status_is_told of a change": "(operation, entity_id, entity_ref, changed_fields,"
    " new_values) VALUES ('UPDATE', 1, 'a', '{status}', '{\"status\": \"busy\"}')",
}


@pytest.fixture
def filled(empty_database: str) -> str:
    """A database as it was before, in which closed hours are stored."""
    migrate(empty_database, MIGRATIONS, components=["automation"], to="006")
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(FILLING.encode())
        connection.execute(
            "INSERT INTO execution_history (time, operation, entity_id, entity_ref,"
            " new_values) VALUES (%s, 'INSERT', 9, 'b', '{\"status\": \"requested\"}')",
            (datetime.now(UTC) - timedelta(hours=5),),
        )
        connection.execute("SELECT datalayer_maintain()")
    return empty_database


def test_a_filled_database_is_brought_up(filled: str) -> None:
    report = migrate(filled, MIGRATIONS, components=["automation"])

    with psycopg.connect(filled) as connection:
        stored = connection.execute(
            "SELECT count(*) FROM execution_volume_hourly_stored"
        ).fetchone()
        unproven = connection.execute(
            "SELECT conname FROM pg_constraint WHERE NOT convalidated"
        ).fetchall()
    assert [Path(each.path).name for each in report.applied] == [
        "007_guarantee_history_values.native.sql",
        "008_refresh_whole_windows.sql",
    ]
    assert stored == (1,)
    assert unproven == []


def test_a_row_that_breaks_it_is_told(filled: str) -> None:
    with psycopg.connect(filled) as connection:
        connection.execute(
            "INSERT INTO worker_history (operation, entity_id, entity_ref)"
            " VALUES ('INSERT', 1, 'w')"
        )

    with pytest.raises(MigrationFailed) as caught:
        migrate(filled, MIGRATIONS, components=["automation"])

    assert "worker_history_status_is_told" in str(caught.value)


@pytest.mark.parametrize("profile", ["native", "timescaledb"])
def test_what_no_trigger_writes_is_refused(
    profile: str, request: pytest.FixtureRequest
) -> None:
    fixture = "database_url" if profile == "native" else "timescaledb_url"

    with psycopg.connect(request.getfixturevalue(fixture), autocommit=True) as writer:
        for history in ("execution_history", "worker_history"):
            for name, rest in REFUSED.items():
                with pytest.raises(psycopg.errors.CheckViolation) as caught:
                    writer.execute(f"INSERT INTO {history} {rest}".encode())
                expected = f"{history}_{name.partition(' ')[0]}"
                assert caught.value.diag.constraint_name == expected
