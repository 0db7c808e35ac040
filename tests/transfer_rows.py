"""Rows of all kinds for the tests that move a database, and what it shows."""

from __future__ import annotations

import psycopg
from psycopg import sql

from datalayer.domains.artifacts import create_patch, create_workflow
from datalayer.domains.maintenance import maintain

RELATIONS = (
    "enforcement_volume_hourly",
    "event_volume_hourly",
    "execution_status_hourly",
    "execution_throughput_hourly",
    "execution_volume_hourly",
    "worker_status_hourly",
)
TABLES = {
    "artifact": "artifact_id",
    "enforcement": "id",
    "event": "id",
    "execution": "id",
    "execution_history": "seq",
    "patch_chain_member": "1, 2",
    "run": "run_id",
    "run_artifact": "1, 2, 3",
    "tag": "1, 2",
    "tag_move": "1",
    "worker": "id",
    "worker_history": "seq",
}
_AUTOMATION = """\
INSERT INTO event (trigger_ref, payload, source_ref, created)
SELECT
    (ARRAY['cron', E'tab\\t new\\nline \\\\ quote'' "é"', ''])[1 + n % 3],
    (ARRAY[NULL, 'null', '{}', '[1.0, 1, "\\u00e9", {"b": null, "a": []}]'])
        [1 + n % 4]::jsonb,
    CASE WHEN n % 2 = 0 THEN 'source' END,
    now() - n * interval '37 minutes'
FROM generate_series(0, 300) AS n;
INSERT INTO event (trigger_ref, created) VALUES ('old', now() - interval '100 days');
INSERT INTO enforcement (rule_ref, trigger_ref, payload, created)
SELECT 'rule' || n % 4, 'cron', '{}', now() - n * interval '1 hour'
FROM generate_series(0, 50) AS n;
INSERT INTO execution (action_ref, env_vars, workflow_task)
SELECT 'action' || n % 3, '{"PATH": null}', 'null' FROM generate_series(1, 40) AS n;
UPDATE execution SET status = 'running', result = '[1.0]', executor = id;
UPDATE execution SET status = 'failed', env_vars = NULL WHERE id % 2 = 0;
DELETE FROM execution WHERE id = 7;
INSERT INTO worker (name, worker_type, worker_role, capabilities)
VALUES ('w', 'local', 'action', '["a"]');
UPDATE worker SET status = 'draining', port = 1;
INSERT INTO run (base_kind, base_ref, submitted_by) VALUES ('tag', 'ada/main', 'ada');
"""


def fill_database(url: str) -> None:
    """Write rows, one of which retention drops at once."""
    with psycopg.connect(url) as connection:
        create_workflow(
            connection,
            username="ada",
            tag_name="main",
            document={"steps": [1, 1.5, None, "é"]},
        )
        create_patch(
            connection,
            username="ada",
            tag_name="main",
            operations=[{"op": "add", "path": "/more", "value": {"deep": [[]]}}],
        )
        connection.execute(_AUTOMATION.encode())
    maintain(url)


def read_tables(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows, as text, with the columns in the order of their names."""
    with psycopg.connect(url) as connection:
        connection.execute("SET timezone = 'UTC'")
        return {
            name: connection.execute(_rows(connection, name, key)).fetchall()
            for name, key in TABLES.items()
        }


def _rows(connection: psycopg.Connection, name: str, key: str) -> bytes:
    question = """\
        SELECT attname::text FROM pg_attribute
        WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
        ORDER BY attname"""
    columns = sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier(row[0]))
        for row in connection.execute(question, (name,))
    )
    order = sql.SQL(key)
    composed = sql.SQL("SELECT {} FROM {} ORDER BY {}")
    return composed.format(columns, sql.Identifier(name), order).as_bytes(connection)


def read_relations(url: str) -> dict[str, set[tuple[object, ...]]]:
    """Return the hourly relations."""
    with psycopg.connect(url) as connection:
        return {
            name: set(connection.execute(f"SELECT * FROM {name}".encode()).fetchall())
            for name in RELATIONS
        }
