"""Lists of requests and conversations read about what they show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from plan_reading import AnyQuery, Given, rows_read, run_scans, vacuum_until_visible

from datalayer.queries.conversations import chunk, conversation, request, statistics
from datalayer.runtime import VariedQuery
from datalayer.server import Server, scratch_database

pytestmark = pytest.mark.postgres

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_MIDDLE = _FIRST + timedelta(minutes=10_000)
_NEXT_DAY = _MIDDLE + timedelta(days=1)
_LAST = _FIRST + timedelta(minutes=20_000)

# 20,000 requests of 10 trains, a minute apart; those of a train belong to conversations
# of 10, of which every fifth has a sub-task, which the first request called for.
_ROWS = """
ALTER TABLE api_requests SET (autovacuum_enabled = off);
INSERT INTO api_requests (
    request_id, timestamp, train_id, path, headers, body, response_body, account_id,
    model, request_type, response_status, error, duration_ms, input_tokens,
    output_tokens, conversation_id, branch_id, message_count, is_subtask,
    parent_task_request_id, parent_request_id
)
SELECT
    lpad(to_hex(number), 32, '0')::uuid,
    '2026-01-01T00:00:00Z'::timestamptz + make_interval(mins => number),
    't' || number % 10,
    '/v1/messages',
    '{}',
    jsonb_build_object('messages', repeat('x', 1000)),
    jsonb_build_object('content', repeat('y', 1000)),
    'account ' || number % 3,
    'model ' || number / 1000 % 3,
    CASE WHEN number % 7 > 0 THEN 'messages' END,
    CASE number % 100 WHEN 0 THEN 529 ELSE 200 END,
    CASE number % 100 WHEN 0 THEN 'overloaded' END,
    number % 5000,
    number % 300,
    number % 200,
    lpad(to_hex(number / 100 * 10 + number % 10), 32, 'c')::uuid,
    CASE WHEN number / 100 % 5 = 0 AND number / 10 % 10 > 7
        THEN 'subtask_1' ELSE 'main' END,
    number / 10 % 10 * 2 + 1,
    number / 100 % 5 = 0 AND number / 10 % 10 > 7,
    CASE WHEN number / 100 % 5 = 0 AND number / 10 % 10 > 7
        THEN lpad(to_hex(number / 100 * 100 + number % 10), 32, '0')::uuid END,
    CASE WHEN number / 10 % 10 NOT IN (0, 8) AND number > 10
        THEN lpad(to_hex(number - 10), 32, '0')::uuid END
FROM generate_series(1, 20000) AS number;
INSERT INTO streaming_chunks (request_id, chunk_index, data)
SELECT lpad(to_hex(number % 50 + 1), 32, '0')::uuid, number / 50, 'data'
FROM generate_series(0, 19999) AS number;
REFRESH MATERIALIZED VIEW hourly_stats
"""


def request_id(number: int) -> UUID:
    return UUID(int=number)


def conversation_id(block: int, train: int) -> UUID:
    return UUID(f"{block * 10 + train:x}".rjust(32, "c"))


@pytest.fixture(scope="module")
def filled(server: Server, migrated_template: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database of 20,000 rows a table, of which it changes none."""
    with (
        scratch_database(server.url(), template=migrated_template) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        connection.execute(_ROWS)
        for table in ("api_requests", "hourly_stats", "streaming_chunks"):
            vacuum_until_visible(connection, table)
        yield connection


_DAY_OF_A_TRAIN = {"train_id": "t0", "since": _MIDDLE, "until": _NEXT_DAY}
_BEHIND = {"after_timestamp": _MIDDLE, "after_request_id": request_id(10_003)}
_HOURS = {"since": _MIDDLE, "after": None, "row_limit": 1000}

#: A query, its arguments, how many rows it may read, and whether from indexes alone.
_READS: dict[str, tuple[AnyQuery, Given, int, bool]] = {
    "a request": (request.GET_REQUEST, (request_id(7),), 1, False),
    "requests": (
        request.LIST_REQUESTS,
        {"train_id": "t3", "row_limit": 100},
        110,
        False,
    ),
    "more requests": (
        request.LIST_REQUESTS,
        {"train_id": "t3", "row_limit": 100, **_BEHIND},
        110,
        False,
    ),
    "more requests before a time": (
        request.LIST_REQUESTS,
        {"train_id": "t3", "row_limit": 100, "until": _LAST, **_BEHIND},
        110,
        False,
    ),
    "requests of a time": (
        request.LIST_REQUESTS,
        {
            "train_id": "t3",
            "since": _MIDDLE - timedelta(hours=2),
            "until": _MIDDLE,
            "row_limit": 100,
        },
        # By a bitmap, which is read as well.
        25,
        False,
    ),
    "failed requests": (
        request.LIST_FAILED_REQUESTS,
        {"train_id": "t0", "row_limit": 20},
        25,
        False,
    ),
    "requests of a conversation": (
        request.LIST_CONVERSATION_REQUESTS,
        {"conversation_id": conversation_id(50, 3), "row_limit": 100},
        10,
        False,
    ),
    "requests of a branch": (
        request.LIST_BRANCH_REQUESTS,
        {
            "conversation_id": conversation_id(50, 3),
            "branch_id": "subtask_1",
            "row_limit": 100,
        },
        2,
        False,
    ),
    "sub-tasks": (
        request.LIST_SUBTASKS,
        {"request_id": request_id(5_003), "row_limit": 100},
        10,
        False,
    ),
    "counts of sub-tasks": (
        request.LIST_SUBTASK_COUNTS,
        ([request_id(5_003), request_id(5_004)],),
        6,
        False,
    ),
    "chunks": (chunk.LIST_CHUNKS, (request_id(7), -1, 20), 25, False),
    "more chunks": (chunk.LIST_CHUNKS, (request_id(7), 200, 20), 25, False),
    "count of chunks": (chunk.COUNT_CHUNKS, (request_id(7),), 400, True),
    "a conversation": (
        conversation.GET_CONVERSATION,
        (conversation_id(50, 3),),
        11,
        True,
    ),
    # Each of the 10 requests of a conversation, whether a later one is there, and sums.
    "conversations": (
        conversation.LIST_CONVERSATIONS,
        {"train_id": "t3", "row_limit": 20},
        700,
        True,
    ),
    "more conversations": (
        conversation.LIST_CONVERSATIONS,
        {"train_id": "t3", "row_limit": 20, **_BEHIND},
        700,
        True,
    ),
    "more conversations before a time": (
        conversation.LIST_CONVERSATIONS,
        {"train_id": "t3", "row_limit": 20, "until": _LAST, **_BEHIND},
        700,
        True,
    ),
    "conversations of an account": (
        conversation.LIST_CONVERSATIONS,
        {"train_id": "t3", "account_id": "account 1", "row_limit": 20},
        1000,
        True,
    ),
    "conversations with a model": (
        conversation.LIST_CONVERSATIONS,
        {"train_id": "t3", "until": _MIDDLE, "model": "model 0", "row_limit": 10},
        1000,
        True,
    ),
    "conversations with sub-tasks": (
        conversation.LIST_CONVERSATIONS,
        {"train_id": "t3", "has_subtasks": True, "row_limit": 5},
        1500,
        True,
    ),
    "count of conversations": (
        conversation.COUNT_CONVERSATIONS,
        {"train_id": "t3", "maximum": 20},
        2000,
        True,
    ),
    "branches": (
        conversation.LIST_BRANCHES,
        ([conversation_id(50, 3)], None, None, None, 100),
        10,
        True,
    ),
    "statistics of a day": (
        statistics.GET_STATISTICS,
        _DAY_OF_A_TRAIN,
        170,
        True,
    ),
    "models of a day": (
        statistics.LIST_MODEL_STATISTICS,
        {**_DAY_OF_A_TRAIN, "row_limit": 100},
        150,
        True,
    ),
    "types of a day": (
        statistics.LIST_TYPE_STATISTICS,
        {**_DAY_OF_A_TRAIN, "row_limit": 100},
        150,
        True,
    ),
    "activity of a day": (
        statistics.GET_DASHBOARD_STATISTICS,
        _DAY_OF_A_TRAIN,
        310,
        True,
    ),
    "hours of a day": (
        statistics.LIST_HOURLY_STATISTICS,
        {**_HOURS, "until": _NEXT_DAY, "train_id": "t3"},
        550,
        False,
    ),
    # Of the 10,000 minutes before it nothing is read.
    "more hours": (
        statistics.LIST_HOURLY_STATISTICS,
        {**_HOURS, "since": _FIRST, "after": _MIDDLE, "until": _LAST, "row_limit": 24},
        550,
        False,
    ),
    "live hours of a day": (
        statistics.LIST_HOURLY_ACTIVITY,
        (_MIDDLE, None, _NEXT_DAY, 1000, "t3"),
        210,
        True,
    ),
    "more live hours": (
        statistics.LIST_HOURLY_ACTIVITY,
        (_FIRST, _MIDDLE, _LAST, 24, "t3"),
        210,
        True,
    ),
    "active trains": (statistics.LIST_ACTIVE_TRAINS, {"row_limit": 100}, 45, True),
    "more active trains": (
        statistics.LIST_ACTIVE_TRAINS,
        {"row_limit": 5, "cursor_1": _NEXT_DAY, "cursor_2": "t3"},
        45,
        True,
    ),
}


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("query", [request.LIST_REQUESTS, request.LIST_FAILED_REQUESTS])
def test_a_deep_page_begins_behind_the_last_row(
    filled: psycopg.Connection[Any], query: VariedQuery[Any], mode: str
) -> None:
    given = {"train_id": "t0", "until": _LAST, "row_limit": 5, **_BEHIND}

    (found,) = run_scans(filled, query, given, mode)

    # The server goes to the first of two bounds, and walks to the other one.
    condition = found["Index Cond"]
    assert condition.index("ROW(") < condition.index('("timestamp" < ')


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", _READS)
def test_a_list_reads_about_what_it_shows(
    filled: psycopg.Connection[Any], name: str, mode: str
) -> None:
    query, arguments, most, is_covered = _READS[name]

    found = run_scans(filled, query, arguments, mode)

    kinds = {plan["Node Type"] for plan in found}
    assert "Seq Scan" not in kinds
    assert sum(map(rows_read, found)) <= most
    if is_covered:
        assert kinds == {"Index Only Scan"}
        assert sum(plan.get("Heap Fetches", 0) for plan in found) == 0
