"""What the tables of operations refuse, whoever writes, and what they are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import CheckViolation, UniqueViolation

from datalayer.migrate import migrate

pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]

MIGRATIONS = Path(__file__).parents[2] / "migrations"
_JOB: dict[str, object] = {
    "platform": "mastodon",
    "scheduled_at": "2026-01-01T00:00:00Z",
    "content": "hello",
}
_LEASE: dict[str, object] = {"locked_by": "w", "locked_until": "2026-01-01T00:00:00Z"}


def insert(connection: Connection, table: str, **values: object) -> None:
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join([sql.Placeholder()] * len(values)),
    )
    connection.execute(statement, list(values.values()))


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"status": "waiting"}, "status_known"),
        ({"retries": -1}, "retries_count"),
        ({"next_retry_at": "2026-01-01T00:00:00Z"}, "next_retry_at_of_retry"),
        ({"status": "posted"}, "posted_at_of_posted"),
        ({"posted_at": "2026-01-01T00:00:00Z"}, "posted_at_of_posted"),
        ({"status": "dead_letter"}, "dead_letter_at_of_dead"),
        ({"dead_letter_at": "2026-01-01T00:00:00Z"}, "dead_letter_at_of_dead"),
        ({"status": "processing"}, "lease_of_processing"),
        ({"status": "processing", "locked_by": "w"}, "lease_of_processing"),
        (_LEASE, "lease_of_processing"),
        ({"status": "retrying", **_LEASE}, "lease_of_processing"),
    ],
)
def test_a_job_obeys_the_rules_of_its_status(
    connection: Connection, values: dict[str, object], constraint: str
) -> None:
    with pytest.raises(CheckViolation) as caught:
        insert(connection, "assistly_queue_jobs", **_JOB, **values)

    found = caught.value.diag.constraint_name
    assert found == f"assistly_queue_jobs_{constraint}"


@pytest.mark.parametrize(
    "values",
    [
        {"status": "scheduled"},
        {"status": "retrying", "next_retry_at": "2026-01-01T00:00:00Z"},
        {"status": "retrying"},
        {"status": "processing", **_LEASE},
        {"status": "posted", "posted_at": "2026-01-01T00:00:00Z"},
        {"status": "dead_letter", "dead_letter_at": "2026-01-01T00:00:00Z"},
    ],
)
def test_each_status_has_a_form_that_is_allowed(
    connection: Connection, values: dict[str, object]
) -> None:
    insert(connection, "assistly_queue_jobs", **_JOB, **values)

    stored = connection.execute("SELECT status FROM assistly_queue_jobs").fetchall()
    assert stored == [(values["status"],)]


@pytest.mark.parametrize("status", ["scheduled", "retrying", "processing"])
def test_a_key_is_used_once_among_live_jobs(
    connection: Connection, status: str
) -> None:
    lease = _LEASE if status == "processing" else {}
    insert(
        connection,
        "assistly_queue_jobs",
        **_JOB,
        status=status,
        idempotency_key="k",
        **lease,
    )

    with pytest.raises(UniqueViolation) as caught:
        insert(connection, "assistly_queue_jobs", **_JOB, idempotency_key="k")
    assert caught.value.diag.constraint_name == "idx_queue_idempotency"


@pytest.mark.parametrize("status", ["posted", "dead_letter"])
def test_a_key_is_free_again_after_the_end(connection: Connection, status: str) -> None:
    moment = {"posted": "posted_at", "dead_letter": "dead_letter_at"}[status]
    ended = {"status": status, moment: "2026-01-01T00:00:00Z"}
    insert(connection, "assistly_queue_jobs", **_JOB, idempotency_key="k", **ended)
    insert(connection, "assistly_queue_jobs", **_JOB, idempotency_key="k", **ended)

    insert(connection, "assistly_queue_jobs", **_JOB, idempotency_key="k")

    counted = connection.execute("SELECT count(*) FROM assistly_queue_jobs").fetchone()
    assert counted == (3,)


@pytest.mark.parametrize(
    ("table", "values", "constraint"),
    [
        ("assistly_store", {"kind": "other", "payload": "{}"}, "kind_known"),
        (
            "assistly_approvals",
            {
                "id": "a",
                "status": "maybe",
                "decided_at": "2026-01-01T00:00:00Z",
                "payload": "{}",
            },
            "status_known",
        ),
        (
            "assistly_approvals",
            {"id": "a", "status": "approved", "payload": "{}"},
            "decided_at_of_decision",
        ),
        (
            "assistly_approvals",
            {"id": "a", "decided_at": "2026-01-01T00:00:00Z", "payload": "{}"},
            "decided_at_of_decision",
        ),
        ("assistly_idempotency", {"key": "k", "state": "lost"}, "state_known"),
        ("assistly_idempotency", {"key": "k", "state": "done"}, "value_when_done"),
        ("assistly_idempotency", {"key": "k", "value": "null"}, "value_when_done"),
        ("assistly_metrics", {"id": 2}, "one_row"),
        (
            "assistly_retention",
            {"id": 2, "last_run_at": "2026-01-01T00:00:00Z"},
            "one_row",
        ),
    ],
)
def test_a_row_that_says_two_things_is_refused(
    connection: Connection, table: str, values: dict[str, object], constraint: str
) -> None:
    with pytest.raises(CheckViolation) as caught:
        insert(connection, table, **values)

    assert caught.value.diag.constraint_name == f"{table}_{constraint}"


def test_the_indexes_of_the_queue_have_their_names_and_conditions(
    connection: Connection,
) -> None:
    rows = connection.execute(
        "SELECT indexname, regexp_replace(indexdef, '^.* USING ', '') FROM pg_indexes"
        " WHERE tablename = 'assistly_queue_jobs'"
    ).fetchall()

    waiting = "(status = ANY (ARRAY['scheduled'::text, 'retrying'::text]))"
    live = (
        "(status = ANY"
        " (ARRAY['scheduled'::text, 'retrying'::text, 'processing'::text]))"
    )
    found = dict(rows)
    assert found["idx_queue_due"] == (
        f"btree (scheduled_at, next_retry_at) WHERE {waiting}"
    )
    assert found["idx_queue_conflict"] == f"btree (platform, scheduled_at) WHERE {live}"
    assert found["idx_queue_dead_letter"] == (
        "btree (id) WHERE (status = 'dead_letter'::text)"
    )
    assert found["idx_queue_idempotency"] == f"btree (idempotency_key) WHERE {live}"


def test_the_other_tables_have_the_indexes_that_lists_and_retention_need(
    connection: Connection,
) -> None:
    rows = connection.execute(
        "SELECT indexname, regexp_replace(indexdef, '^.* USING ', '') FROM pg_indexes"
        " WHERE tablename LIKE 'assistly%' AND tablename <> 'assistly_queue_jobs'"
        " AND indexname LIKE 'idx%'"
    ).fetchall()

    assert dict(rows) == {
        "idx_events_type_created": "btree (event_type, created_at)",
        "idx_approvals_created": "btree (created_at)",
        "idx_approvals_status": "btree (status, created_at, id)",
        "idx_idempotency_saved": "btree (saved_at)",
        "idx_nonces_timestamp": "btree (timestamp_ms)",
    }


def test_operations_need_no_other_component(empty_database: str) -> None:
    report = migrate(empty_database, MIGRATIONS, components=["operations"])

    assert {file.component for file in report.applied} == {"operations"}
    with psycopg.connect(empty_database) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'assistly%'"
        ).fetchone()
    assert tables == (10,)
