"""Policies leave the plans of an isolated train on the indexes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from plan_reading import AnyQuery, Given, statement_of

from datalayer.queries.conversations import (
    analysis,
    api_key,
    chunk,
    conversation,
    member,
    request,
)
from datalayer.server import Server, scratch_database
from plans import explain

pytestmark = pytest.mark.postgres

ROLE = "train_reader"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_ID = UUID(int=7)

_ROWS = """
INSERT INTO api_requests (
    request_id, timestamp, train_id, path, headers, conversation_id, branch_id
)
SELECT
    lpad(to_hex(i), 32, '0')::uuid, timestamptz '2026-01-01' + i * interval '1 s',
    't' || i % 20, '/', '{}', lpad(to_hex(i / 100 * 20 + i % 20), 32, '0')::uuid,
    'main'
FROM generate_series(1, 20000) AS i;
INSERT INTO streaming_chunks (request_id, chunk_index, data)
SELECT lpad(to_hex(i), 32, '0')::uuid, n, 'x'
FROM generate_series(1, 2000) AS i, generate_series(0, 9) AS n;
INSERT INTO conversation_analyses (conversation_id, train_id)
SELECT DISTINCT conversation_id, train_id FROM api_requests;
WITH made AS (
    INSERT INTO trains (train_id, name)
    SELECT 't' || i, 't' FROM generate_series(0, 1999) AS i
    RETURNING train_id
)
INSERT INTO train_members (train_id, email, role, added_by)
SELECT train_id, train_id, 'owner', 'x' FROM made;
INSERT INTO train_api_keys (train_id, key_hash, key_prefix, key_suffix)
SELECT 't' || i % 20, encode(sha256(i::text::bytea), 'hex'), 'p', 's'
FROM generate_series(1, 5000) AS i
"""

#: Queries of the train `t7`, with the values that are sent.
_QUERIES: dict[str, tuple[AnyQuery, Given]] = {
    "analysis": (analysis.GET_ANALYSIS, (_ID, "main")),
    "chunks": (chunk.LIST_CHUNKS, (_ID, -1, 1000)),
    "conversation": (conversation.GET_CONVERSATION, (_ID,)),
    "key": (api_key.GET_API_KEY, ("t7", 7)),
    "keys": (api_key.LIST_API_KEYS, {"train_id": "t7", "row_limit": 100}),
    "members": (member.LIST_MEMBERS, ("t7", "", 100)),
    "request": (request.GET_REQUEST, (_ID,)),
    "requests": (
        request.LIST_REQUESTS,
        {"train_id": "t7", "until": NOON, "row_limit": 100},
    ),
    "response": (request.GET_RESPONSE_BODY, (_ID,)),
}
_SCAN = re.compile(r"Scan(?: Backward)? using (\w+) on|Bitmap Index Scan on (\w+)")


@pytest.fixture(scope="module")
def crowded(
    server: Server, migrated_template: str
) -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection to a database where twenty trains are busy."""
    with (
        scratch_database(server.url(), template=migrated_template) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        connection.execute(_ROWS)
        connection.execute(f"CREATE ROLE {ROLE}")
        connection.execute("SELECT enable_train_isolation(%s)", [ROLE])
        connection.execute("ANALYZE")
        yield connection
        connection.execute("SELECT disable_train_isolation()")
        connection.execute(f"DROP OWNED BY {ROLE}")
        connection.execute(f"DROP ROLE {ROLE}")


@pytest.mark.parametrize("name", _QUERIES)
def test_an_isolated_train_reads_by_the_same_indexes(
    crowded: psycopg.Connection[Any], name: str
) -> None:
    query, parameters = statement_of(*_QUERIES[name])
    owners = explain(crowded, query, parameters, analyse=False)
    with crowded.transaction(force_rollback=True):
        crowded.execute("SELECT enter_train('t7', %s)", [ROLE])
        guests = explain(crowded, query, parameters, analyse=False)
        crowded.execute("RESET ROLE")

    assert not [line for line in guests if "Seq Scan" in line], "\n".join(guests)
    assert indexes(owners) <= indexes(guests), "\n".join(guests)


def indexes(lines: list[str]) -> set[str]:
    return {one or other for line in lines for one, other in _SCAN.findall(line)}
