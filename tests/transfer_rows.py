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
    "hourly_stats",
    "worker_status_hourly",
)
TABLES = {
    "analysis_audit_log": "id",
    "anthropic_credentials": "id",
    "api_requests": "request_id",
    "artifact": "artifact_id",
    "conversation_analyses": "id",
    "enforcement": "id",
    "event": "id",
    "execution": "id",
    "execution_history": "seq",
    "patch_chain_member": "1, 2",
    "run": "run_id",
    "run_artifact": "1, 2, 3",
    "streaming_chunks": "id",
    "tag": "1, 2",
    "tag_move": "1",
    "train_accounts": "1, 2",
    "train_api_keys": "id",
    "train_default_accounts": "1, 2",
    "train_members": "id",
    "trains": "id",
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

_CONVERSATIONS = """\
INSERT INTO trains (train_id, name) VALUES ('north', 'Nörth');
INSERT INTO train_members (train_id, email, role, added_by)
VALUES ('north', 'ada@example.org', 'owner', 'system');
INSERT INTO train_default_accounts VALUES ('north', 'acc_1');
INSERT INTO train_api_keys (train_id, key_hash, key_prefix, key_suffix)
VALUES ('north', repeat('0a', 32), 'k_', 'xyz');
INSERT INTO anthropic_credentials (
    account_id, account_name, access_token, refresh_token, expires_at, scopes
)
SELECT
    'acc_1', 'one', 'gAAAAA' || repeat('x', 94), 'gAAAAA' || repeat('y', 94),
    'infinity', ARRAY['a b', '"'];
INSERT INTO train_accounts (train_id, credential_id)
SELECT 'north', id FROM anthropic_credentials;
INSERT INTO api_requests (
    request_id, timestamp, train_id, path, headers, body, ip_address, model,
    input_tokens, output_tokens, conversation_id, parent_request_id
)
SELECT
    md5(n::text)::uuid,
    now() - n * interval '11 minutes',
    'north',
    '/v1/messages',
    '{}',
    (ARRAY[NULL, '{"messages": [{"content": "é"}]}', 'null'])[1 + n % 3]::jsonb,
    (ARRAY[NULL, '::1', '10.0.0.0/8'])[1 + n % 3]::inet,
    CASE WHEN n % 2 = 0 THEN 'm' END,
    n,
    1,
    md5((n / 10)::text)::uuid,
    CASE WHEN n % 10 > 0 THEN md5((n - 1)::text)::uuid END
FROM generate_series(0, 99) AS n;
INSERT INTO streaming_chunks (request_id, chunk_index, data)
SELECT request_id, n, E'\\\\' || n FROM api_requests, generate_series(0, 2) AS n;
INSERT INTO conversation_analyses (
    conversation_id, train_id, status, completed_at, data
)
SELECT DISTINCT
    conversation_id, train_id, 'completed'::conversation_analysis_status, now(),
    '{}'::jsonb
FROM api_requests;
INSERT INTO analysis_audit_log (event_type, outcome, conversation_id, branch_id)
VALUES ('created', 'success', md5('1')::uuid, 'main');
REFRESH MATERIALIZED VIEW hourly_stats;
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
        connection.execute(_CONVERSATIONS.encode())
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
