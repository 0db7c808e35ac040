"""Two trains with something of each kind, and arguments that name what is theirs."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import psycopg
from cryptography.fernet import Fernet

from datalayer.domains.conversations.credential_keys import CredentialKeys, encrypt
from datalayer.queries.enums import ConversationAnalysisStatus

#: The one that looks, and the one that must not be seen.
MINE, THEIRS = "mine", "theirs"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
#: Where new ids begin, so that they are told from those that were there.
NEW_IDS = 1_000_000
_SPACE = UUID(int=0)
_KEYS = CredentialKeys((Fernet.generate_key().decode(),))


def id_of(train: str, what: str) -> UUID:
    return uuid5(_SPACE, f"{train}/{what}")


def hash_of(train: str, what: str) -> str:
    return hashlib.sha256(f"{train}/{what}".encode()).hexdigest()


def prompt_of(train: str) -> str:
    return f"task of {train}"


#: Each takes a dictionary of what belongs to a train.
_ROWS = """
INSERT INTO trains (id, train_id, name, description, slack_webhook_url)
OVERRIDING SYSTEM VALUE
VALUES (%(n)s, %(train)s, %(train)s, %(secret)s, %(token)s);
INSERT INTO train_members (id, train_id, email, role, added_by)
OVERRIDING SYSTEM VALUE
VALUES
(%(n)s, %(train)s, %(owner)s, 'owner', 'x'),
(%(n)s + 1, %(train)s, %(member)s, 'member', 'x');
INSERT INTO train_api_keys (id, train_id, key_hash, key_prefix, key_suffix)
OVERRIDING SYSTEM VALUE
VALUES (%(n)s, %(train)s, %(key)s, 'p', 's');
INSERT INTO anthropic_credentials (
    id, account_id, account_name, access_token, refresh_token, expires_at
)
OVERRIDING SYSTEM VALUE
VALUES (%(n)s, %(account)s, %(account)s, %(token)s, %(token)s, %(noon)s);
INSERT INTO train_accounts (train_id, credential_id) VALUES (%(train)s, %(n)s);
INSERT INTO train_default_accounts (train_id, account_id)
VALUES (%(train)s, %(account)s);
INSERT INTO api_requests (
    request_id, timestamp, train_id, path, headers, body, response_body,
    response_status, error, model, input_tokens, account_id, completed_at,
    current_message_hash, parent_message_hash, system_hash, conversation_id,
    message_count, parent_request_id, parent_task_request_id, is_subtask, branch_id,
    task_tool_invocation, duration_ms
)
VALUES
(
    %(first)s, %(noon)s, %(train)s, '/v1', '{}', %(body)s, %(body)s, 500, %(secret)s,
    'm', %(n)s, %(account)s, %(noon)s, %(h1)s, NULL, %(sys)s, %(conversation)s, 1,
    NULL, NULL, FALSE, 'main', %(task)s, 5
),
(
    %(second)s, %(noon)s, %(train)s, '/v1', '{}', %(body)s, %(body)s, 200, NULL,
    'm', %(n)s, %(account)s, %(noon)s, %(h2)s, %(h1)s, %(sys)s, %(conversation)s, 3,
    %(first)s, NULL, FALSE, 'main', NULL, 5
),
(
    %(third)s, %(noon)s, %(train)s, '/v1', '{}', %(body)s, NULL, NULL, NULL,
    'm', %(n)s, %(account)s, NULL, %(h3)s, NULL, %(sys)s, %(conversation)s, 1,
    NULL, %(first)s, TRUE, 'subtask_1', NULL, NULL
);
INSERT INTO streaming_chunks (id, request_id, chunk_index, data)
OVERRIDING SYSTEM VALUE
VALUES
(%(n)s, %(first)s, 0, %(secret)s),
(%(n)s + 1, %(first)s, 1, %(secret)s);
INSERT INTO conversation_analyses (
    id, conversation_id, branch_id, train_id, status, content, started_at,
    locked_until, created_at, attempt_token, completed_at
)
OVERRIDING SYSTEM VALUE
VALUES
(
    %(n)s, %(conversation)s, 'main', %(train)s, 'pending', %(secret)s, NULL, NULL,
    %(asked)s, 0, NULL
),
(
    %(n)s + 1, %(conversation)s, 'held', %(train)s, 'processing', NULL, %(noon)s,
    %(noon)s, %(noon)s, 1, NULL
),
(
    %(n)s + 2, %(conversation)s, 'failed', %(train)s, 'failed', NULL, NULL, NULL,
    %(noon)s, 1, NULL
);
INSERT INTO analysis_audit_log (
    id, event_type, outcome, conversation_id, branch_id, train_id, user_context,
    timestamp
)
OVERRIDING SYSTEM VALUE
VALUES (
    %(n)s, 'create', 'pending', %(conversation)s, 'main', %(train)s, %(body)s, %(noon)s
);
INSERT INTO conversation_imports (id, train_id, file_name, fingerprint)
OVERRIDING SYSTEM VALUE
VALUES (%(n)s, %(train)s, 'file', 'print')
"""

_SEQUENCES = """
SELECT setval(pg_get_serial_sequence(quote_ident(table_name), 'id'), %s)
FROM information_schema.columns
WHERE table_schema = 'public' AND column_name = 'id' AND is_identity = 'YES'
"""


def fill(connection: psycopg.Connection[Any]) -> None:
    """Store both trains."""
    for train in (THEIRS, MINE):
        values = _values(train)
        with connection.transaction():
            for statement in _ROWS.split(";\n"):
                connection.execute(statement, values)
    connection.execute(_SEQUENCES, [NEW_IDS])
    connection.execute("SELECT refresh_hourly_stats()")


def forget(connection: psycopg.Connection[Any]) -> None:
    """Delete all that is theirs, as if they had never been there."""
    for table in (
        "api_requests",
        "conversation_analyses",
        "analysis_audit_log",
        "trains",
        "train_default_accounts",
        "conversation_imports",
    ):
        connection.execute(f"DELETE FROM {table} WHERE train_id = %s", [THEIRS])
    connection.execute(
        "DELETE FROM anthropic_credentials WHERE account_id = %s", [THEIRS]
    )
    connection.execute("SELECT refresh_hourly_stats()")


def _number(train: str) -> int:
    return 7000 if train == THEIRS else 100


def _values(train: str) -> dict[str, object]:
    message = {"role": "user", "content": prompt_of(train)}
    return {
        "account": train,
        # A worker that sees both takes theirs first.
        "asked": NOON - timedelta(days=train == THEIRS),
        "body": json.dumps({"messages": [message]}),
        "conversation": id_of(train, "conversation"),
        "first": id_of(train, "first"),
        "h1": hash_of(train, "1"),
        "h2": hash_of(train, "2"),
        "h3": hash_of(train, "3"),
        "key": hash_of(train, "key"),
        "member": f"member@{train}",
        "n": _number(train),
        "noon": NOON,
        "owner": f"owner@{train}",
        "second": id_of(train, "second"),
        "secret": f"secret of {train}",
        "sys": hash_of(train, "system"),
        "task": json.dumps(
            [{"id": "t", "name": "Task", "input": {"prompt": prompt_of(train)}}]
        ),
        "third": id_of(train, "third"),
        "token": encrypt("token", _KEYS),
        "train": train,
    }


def arguments_of(train: str, query: str = "") -> dict[str, object]:
    """Return a value for each parameter of a query that names what is a train's."""
    return _usual(train) | _special(train).get(query, {})


def _special(train: str) -> dict[str, dict[str, object]]:
    """Return what reaches the rows of a train where the usual values do not."""
    return {
        "analysis.create_analysis": {"branch_id": "subtask_1"},
        "analysis.recreate_analysis": {"branch_id": "failed"},
        "conversation_tree.find_conversation": {"id": id_of(train, "conversation")},
        "linking.list_origins": {"questions": ["prompt"]},
        "member.add_member": {"email": f"new@{train}"},
    }


def _usual(train: str) -> dict[str, object]:
    first, second = id_of(train, "first"), id_of(train, "second")
    conversation = id_of(train, "conversation")
    return _IDS | {
        "access_token": encrypt("other", _KEYS),
        "account_id": train,
        "account_name": train,
        "analysis_id": _number(train) + 1,
        "branch_id": "main",
        "conversation_id": conversation,
        "conversation_ids": [conversation],
        "credential_id": _number(train),
        "email": f"member@{train}",
        "id": _number(train),
        "key_hash": hash_of(train, "key"),
        "key_id": _number(train),
        "message_hashes": [hash_of(train, "1")],
        "parent_ids": [second],
        "questions": ["before"],
        "refresh_token": encrypt("other", _KEYS),
        "request_id": first,
        "request_ids": [first],
        "slack_webhook_url": encrypt("other", _KEYS),
        "task_ids": [second],
        "texts": [prompt_of(train)],
        "train_id": train,
        "train_ids": [train],
    }


#: What names nothing of a train.
_IDS: dict[str, object] = {
    "added_by": "x",
    "after_id": 0,
    "after_train_id": "",
    "are_contested": [False],
    "are_subtasks": [False],
    "attempt_token": 1,
    "bad_lines": 1,
    "branch_ids": ["main"],
    "byte_position": 1,
    "chunks": [{"chunk_index": 5, "data": "new", "token_count": 1}],
    "content": "new",
    "created_by": "x",
    "days": 2,
    "description": "new",
    "duration": timedelta(hours=5),
    "error": "new",
    "expires_at": NOON,
    "file_name": "file",
    "fingerprint": "print",
    "headers": "{}",
    "is_max": True,
    "key_prefix": "p",
    "key_suffix": "s",
    "known_requests": 1,
    "lease": timedelta(hours=1),
    "line_number": 1,
    "max_attempts": 1,
    "model": "m",
    "name": "new",
    "path": "/new",
    "row_limit": 100,
    "revoked_by": "x",
    "role": "member",
    "scopes": ["new"],
    "since": NOON - timedelta(hours=1),
    "slack_channel": "new",
    "slack_enabled": True,
    "slack_icon_emoji": "new",
    "slack_username": "new",
    "status": ConversationAnalysisStatus.PENDING,
    "step": timedelta(hours=1),
    "stored_requests": 1,
    "tail_hash": "",
    "tail_size": 1,
    "task_tool_invocation": "[]",
    "timestamp": NOON,
    "timestamps": [NOON + timedelta(hours=1)],
    "until": NOON + timedelta(hours=1),
    "user_context": {},
    "width": timedelta(hours=1),
    "with_messages": True,
}
