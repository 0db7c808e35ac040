"""Rows for every table of the conversations domain, as far as a step has come."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from conversations_backfill_model import Row
from conversations_traffic import digest, make_requests

Connection = psycopg.Connection[Any]

_JSON_COLUMNS = frozenset(
    (
        *("headers", "body", "response_headers", "response_body", "usage_data"),
        *("task_tool_invocation", "data", "raw_response", "user_context", "metadata"),
    )
)
#: The step that added a column of api_requests, unless it was the first.
_SINCE = {
    **dict.fromkeys(("current_message_hash", "parent_message_hash"), 1),
    **dict.fromkeys(("conversation_id", "branch_id", "message_count"), 1),
    **dict.fromkeys(("parent_task_request_id", "is_subtask"), 3),
    "task_tool_invocation": 3,
    "account_id": 5,
    "system_hash": 6,
    "parent_request_id": 7,
}
#: The rows that tests share; others have other names.
SEED = 5
_NOW = datetime(2025, 3, 4, 5, 6, 7, 890123, UTC)
_TOKEN = "gAAAAA" + "x-_9" * 24
#: What those who run the fifth step may create before it.
DOMAIN_ACCOUNTS = """\
CREATE TABLE IF NOT EXISTS domain_accounts (
    domain text NOT NULL,
    account_id text NOT NULL,
    CONSTRAINT domain_accounts_pkey PRIMARY KEY (domain)
)
"""


def fill(
    connection: Connection, step: int, *, seed: int = SEED, conversations: int = 10
) -> None:
    """Insert rows into a database that a step has built; a few hundred by default."""
    requests = [_at_step(row, step) for row in _requests(seed, conversations)]
    insert(connection, "api_requests", requests)
    insert(connection, "streaming_chunks", list(_chunks(requests, seed)))
    connection.execute("REFRESH MATERIALIZED VIEW hourly_stats")
    if step >= 4:
        _fill_accounts(connection, step, seed)
    if step >= 11:
        _fill_analyses(connection, requests, step)
    if step >= 13:
        _fill_trains(connection, step, seed)


@cache
def _requests(seed: int, conversations: int) -> list[Row]:
    return make_requests(seed, conversations)


def _at_step(row: Row, step: int) -> Row:
    """Return the columns that are there, under the names that they have."""
    return _named({c: v for c, v in row.items() if _SINCE.get(c, 0) <= step}, step)


def _named(row: Row, step: int) -> Row:
    if step < 12:
        return row
    return {"train_id" if c == "domain" else c: value for c, value in row.items()}


def _named_by(seed: int, name: str) -> str:
    return name if seed == SEED else f"{name}-{seed}"


def insert(connection: Connection, table: str, rows: list[Row]) -> None:
    """Insert rows that all have the same columns."""
    if not rows:
        return
    columns = list(rows[0])
    query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(map(_placeholder, columns)),
    )
    with connection.cursor() as cursor:
        cursor.executemany(query, [[_value(row, c) for c in columns] for row in rows])


def _placeholder(column: str) -> sql.Composable:
    return sql.SQL("%s::inet" if column == "ip_address" else "%s")


def _value(row: Row, column: str) -> object:
    value = row[column]
    if column in _JSON_COLUMNS and value is not None:
        return Jsonb(value)
    return value


def _chunks(requests: list[Row], seed: int) -> list[Row]:
    chooser = random.Random(seed)
    return [
        {
            "request_id": row["request_id"],
            "chunk_index": index,
            "timestamp": row["timestamp"] + timedelta(milliseconds=index),
            "data": f'data: {{"text": "Stück {index}"}}\n\n',
            "token_count": chooser.randrange(9),
        }
        for row in requests
        if row["response_streaming"]
        for index in range(chooser.randrange(4))
    ]


def _fill_accounts(connection: Connection, step: int, seed: int) -> None:
    table = "train_default_accounts" if step >= 12 else "domain_accounts"
    if step == 4:
        connection.execute(DOMAIN_ACCOUNTS)
    mapping = [("beta", "acc_beta"), ("büro-münchen", "acc_é"), ("nobody", "acc_0")]
    rows = [
        {"domain": _named_by(seed, domain), "account_id": account}
        for domain, account in mapping
    ]
    insert(connection, table, [_named(row, step) for row in rows])


def _fill_analyses(connection: Connection, requests: list[Row], step: int) -> None:
    conversations = sorted({r["conversation_id"] for r in requests} - {None})
    states: tuple[Row, ...] = (
        {"status": "pending"},
        {"status": "processing", "locked_until": _NOW, "attempt_token": 3},
        {"status": "completed", "completed_at": _NOW, "content": "größer", "data": {}},
        {"status": "failed", "error_message": "zu viel", "retry_count": 3},
    )
    for number, conversation in enumerate(conversations):
        row = {"conversation_id": conversation, "domain": "beta", "created_at": _NOW}
        state = states[number % len(states)]
        insert(connection, "conversation_analyses", [_named(row | state, step)])
        entry = row | {"event_type": "claimed", "outcome": "done", "branch_id": "main"}
        entry |= {"timestamp": entry.pop("created_at"), "metadata": {"versuch": number}}
        insert(connection, "analysis_audit_log", [_named(entry, step)])


def _fill_trains(connection: Connection, step: int, seed: int) -> None:
    trains = [_named_by(seed, t) for t in ("beta", "büro-münchen", "Ω", "quiet")]
    rows = [{"train_id": t, "name": t.upper(), "description": None} for t in trains]
    with connection.transaction():
        insert(connection, "trains", rows)
        if step >= 14:
            owners = [{"train_id": t, "email": f"{t}@Example.org"} for t in trains]
            given = {"role": "owner", "added_by": "test"}
            insert(connection, "train_members", [row | given for row in owners])
    credentials = [
        {
            "account_id": _named_by(seed, name),
            "account_name": f"Konto {name} {seed}",
            "access_token": _TOKEN,
            "refresh_token": f"{_TOKEN}==",
            "expires_at": _NOW,
            "scopes": ["user:inference"],
        }
        for name in ("acc_beta", "acc_é")
    ]
    insert(connection, "anthropic_credentials", credentials)
    connection.execute(
        "INSERT INTO train_accounts (train_id, credential_id)"
        " SELECT train_id, anthropic_credentials.id FROM trains, anthropic_credentials"
        " ON CONFLICT DO NOTHING"
    )
    keys = [
        {
            "train_id": train,
            "key_hash": digest(train),
            "key_prefix": "dl_",
            "key_suffix": "ab",
            "revoked_at": _NOW if train == "Ω" else None,
        }
        for train in trains
    ]
    insert(connection, "train_api_keys", keys)
