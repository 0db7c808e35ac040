"""Analyses and their log are found by indexes, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from plan_reading import AnyQuery, Given, rows_read, run_scans
from test_operations_list_plans import scans

from datalayer.queries.conversations import analysis, analysis_audit, analysis_work
from datalayer.server import Server, scratch_database

pytestmark = pytest.mark.postgres

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_MIDDLE = _FIRST + timedelta(minutes=10_000)
_CONVERSATION = UUID("00000000-0000-0000-0000-000000000007")

#: One of 1,000 is pending, and one being worked on; the log has an entry for each.
_ROWS = """
INSERT INTO conversation_analyses (
    conversation_id, train_id, status, created_at, completed_at, locked_until, content
)
SELECT
    lpad(number::text, 32, '0')::uuid,
    't' || number % 10,
    CASE number % 1000
        WHEN 0 THEN 'pending' WHEN 1 THEN 'processing' ELSE 'completed'
    END::conversation_analysis_status,
    '2026-01-01T00:00:00Z'::timestamptz + make_interval(mins => number),
    CASE WHEN number % 1000 > 1 THEN now() END,
    CASE number % 1000
        WHEN 1
            THEN '2026-01-01T00:00:00Z'::timestamptz + make_interval(mins => number)
    END,
    repeat('x', 500)
FROM generate_series(1, 20000) AS number;
INSERT INTO analysis_audit_log (
    event_type, outcome, conversation_id, branch_id, train_id, timestamp
)
SELECT 'create', 'pending', conversation_id, branch_id, train_id, created_at
FROM conversation_analyses
ORDER BY id;
INSERT INTO api_requests (
    request_id, timestamp, train_id, path, headers, conversation_id
)
SELECT gen_random_uuid(), now(), 'docs', '/', '{}', lpad(number::text, 32, '0')::uuid
FROM generate_series(1, 20000) AS number
"""

#: A query, its arguments, and how many rows it may read.
_READS: dict[str, tuple[AnyQuery, Given, int]] = {
    "a branch": (analysis.GET_ANALYSIS, (_CONVERSATION, "main"), 1),
    "one": (analysis.GET_ANALYSIS_BY_ID, (7,), 1),
    "a status": (
        analysis.LIST_ANALYSES,
        {"status": "completed", "row_limit": 100},
        100,
    ),
    "a rare status": (
        analysis.LIST_ANALYSES,
        {"status": "pending", "row_limit": 100},
        20,
    ),
    "more of a status": (
        analysis.LIST_ANALYSES,
        {
            "status": "completed",
            "row_limit": 100,
            "cursor_1": _MIDDLE,
            "cursor_2": 10_000,
        },
        100,
    ),
    "a train": (analysis.LIST_TRAIN_ANALYSES, (None, "t3", None, None, 100), 300),
    "more of a train": (
        analysis.LIST_TRAIN_ANALYSES,
        (["completed"], "t3", _MIDDLE, 10_000, 100),
        150,
    ),
    "a new one": (
        analysis.CREATE_ANALYSIS,
        (_CONVERSATION, "main", None, None, None, None),
        # The first request, and what is new, twice.
        4,
    ),
    "one anew": (
        analysis.REGENERATE_ANALYSIS,
        (_CONVERSATION, "main", None, None, None, None),
        8,
    ),
    "a claim": (analysis_work.CLAIM_ANALYSIS, (None, "1 minute", None), 8),
    "an end": (
        analysis_work.FAIL_ANALYSIS,
        (3, "no", 1, 0, None, None),
        4,
    ),
    "what is stuck": (
        analysis_work.RESET_STUCK_ANALYSES,
        (_FIRST + timedelta(days=30), 5, 3, None),
        40,
    ),
    "the log of a conversation": (
        analysis_audit.LIST_CONVERSATION_ANALYSIS_EVENTS,
        {"conversation_id": _CONVERSATION, "row_limit": 100},
        1,
    ),
    "the log of a train": (
        analysis_audit.LIST_TRAIN_ANALYSIS_EVENTS,
        ("t3", 10_000, 100),
        100,
    ),
    "the log": (
        analysis_audit.LIST_ANALYSIS_EVENTS,
        {"row_limit": 100},
        100,
    ),
    "the log of a time": (
        analysis_audit.LIST_ANALYSIS_EVENTS,
        {
            "since": _MIDDLE,
            "until": _MIDDLE + timedelta(hours=1),
            "row_limit": 100,
        },
        60,
    ),
    "more of the log": (
        analysis_audit.LIST_ANALYSIS_EVENTS,
        {
            "since": _FIRST,
            "until": _FIRST + timedelta(days=30),
            "before_timestamp": _MIDDLE,
            "before_id": 10_000,
            "row_limit": 100,
        },
        100,
    ),
}


@pytest.fixture(scope="module")
def filled(server: Server, migrated_template: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database of 20,000 analyses, of which it changes none."""
    with (
        scratch_database(server.url(), template=migrated_template) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        # What is not flushed yet cannot be marked as visible to all.
        connection.execute("SET synchronous_commit = on")
        connection.execute(_ROWS)
        connection.execute("VACUUM ANALYZE")
        yield connection


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", _READS)
def test_a_query_reads_about_what_it_returns(
    filled: psycopg.Connection[Any], name: str, mode: str
) -> None:
    query, arguments, most = _READS[name]

    found = run_scans(filled, query, arguments, mode)

    tables = [plan for plan in found if "Relation Name" in plan]
    assert "Seq Scan" not in {plan["Node Type"] for plan in tables}
    assert sum(map(rows_read, tables)) <= most


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
def test_the_counts_of_a_train_come_from_an_index_alone(
    filled: psycopg.Connection[Any], mode: str
) -> None:
    found = run_scans(filled, analysis.COUNT_TRAIN_ANALYSES, ("t3",), mode)

    [scan] = [plan for plan in found if "Relation Name" in plan]
    assert (scan["Node Type"], scan["Index Name"]) == (
        "Index Only Scan",
        "idx_analyses_train",
    )


def test_the_counts_come_from_an_index_alone(filled: psycopg.Connection[Any]) -> None:
    text = analysis.COUNT_ANALYSES.sql.encode()
    row = filled.execute(b"EXPLAIN (FORMAT JSON) " + text).fetchone()

    assert row is not None
    [scan] = [plan for plan in scans(row[0][0]["Plan"]) if "Relation Name" in plan]
    assert scan["Node Type"] == "Index Only Scan"
