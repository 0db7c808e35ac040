"""Lists and pruning read about what they return, however much is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from plan_reading import page_statement
from psycopg import sql

from datalayer.queries.operations import approval, idempotency, mirror, nonce, session
from datalayer.runtime import Query
from datalayer.server import Server, scratch_database

pytestmark = pytest.mark.postgres

Plan = dict[str, Any]

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_MIDDLE = _FIRST + timedelta(minutes=10_000)

_ROWS = """
INSERT INTO assistly_approvals (id, status, created_at, decided_at, payload)
SELECT
    'a' || number,
    CASE number % 1000 WHEN 0 THEN 'pending' ELSE 'approved' END,
    '2026-01-01T00:00:00Z'::timestamptz + make_interval(mins => number),
    CASE number % 1000 WHEN 0 THEN NULL ELSE now() END,
    '{}'
FROM generate_series(1, 20000) AS number;
INSERT INTO assistly_events (event_type, payload, created_at)
SELECT
    't' || number % 10,
    '{}',
    '2026-01-01T00:00:00Z'::timestamptz + make_interval(mins => number)
FROM generate_series(1, 20000) AS number;
INSERT INTO assistly_nonces (nonce, timestamp_ms)
SELECT 'n' || number, number FROM generate_series(1, 20000) AS number;
INSERT INTO assistly_idempotency (key)
SELECT 'k' || number FROM generate_series(1, 20000) AS number;
INSERT INTO assistly_sessions (user_id, session)
SELECT 'u' || number, '{}' FROM generate_series(1, 20000) AS number
"""


@pytest.fixture(scope="module")
def filled(server: Server, migrated_template: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database of 20,000 rows a table, of which it changes none."""
    with (
        scratch_database(server.url(), template=migrated_template) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        connection.execute(_ROWS)
        connection.execute("VACUUM ANALYZE")
        yield connection


def scans(plan: Plan) -> Iterator[Plan]:
    """Yield the nodes of a plan that read a table or an index."""
    if plan["Node Type"].endswith("Scan") and plan["Node Type"] != "CTE Scan":
        yield plan
    for inner in plan.get("Plans", []):
        yield from scans(inner)


def run(
    connection: psycopg.Connection[Any],
    query: Query[Any],
    arguments: Sequence[object],
    mode: str,
) -> list[Plan]:
    """Run a prepared query, take back what it did, and return its scans."""
    prepared = sql.SQL("PREPARE explained AS {}").format(sql.SQL(query.sql))
    executed = sql.SQL("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE explained ({})")
    with connection.transaction(force_rollback=True):
        connection.execute(
            sql.SQL("SET LOCAL plan_cache_mode = {}").format(sql.Literal(mode))
        )
        connection.execute(prepared)
        literals = sql.SQL(", ").join(map(sql.Literal, arguments))
        row = connection.execute(executed.format(literals)).fetchone()
        connection.execute("DEALLOCATE explained")
    assert row is not None
    return list(scans(row[0][0]["Plan"]))


def rows_read(plan: Plan) -> int:
    """Return how many rows a scan read, also those that it did not return."""
    each = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    return int(each * plan["Actual Loops"])


#: A query, its arguments, and how many rows it may read.
_READS: dict[str, tuple[Query[Any], Sequence[object], int]] = {
    "approvals": (*page_statement(approval.LIST_APPROVALS, {}, limit=99), 150),
    "more approvals": (
        *page_statement(
            approval.LIST_APPROVALS, {}, limit=99, behind=(_MIDDLE, "a10000")
        ),
        150,
    ),
    "events": (
        *page_statement(mirror.LIST_EVENTS, {"event_type": "t3"}, limit=99),
        150,
    ),
    "more events": (
        *page_statement(
            mirror.LIST_EVENTS,
            {"event_type": "t3"},
            limit=99,
            behind=(_MIDDLE, 9_993),
        ),
        150,
    ),
    "events of a time": (
        *page_statement(
            mirror.LIST_EVENTS,
            {
                "event_type": "t3",
                "since": _MIDDLE,
                "until": _MIDDLE + timedelta(hours=1),
            },
            limit=99,
        ),
        15,
    ),
    "an approval": (approval.GET_APPROVAL, ("a7",), 1),
    "a decision": (approval.DECIDE_APPROVAL, ("approved", None, "a1000"), 1),
    "a patch": (approval.PATCH_APPROVAL, ("{}", "a7"), 1),
    "a request": (idempotency.GET_IDEMPOTENCY, ("k7",), 1),
    "an end": (idempotency.FINISH_IDEMPOTENT, (None, "1", "k7", _FIRST), 1),
    "an abandoned one": (idempotency.ABANDON_IDEMPOTENT, ("k7", None, "1 day"), 1),
    "a released one": (idempotency.RELEASE_IDEMPOTENT, ("k7", _FIRST), 1),
    "a session": (session.GET_OR_CREATE_SESSION, ("u7", None), 3),
    # Once to choose them, once to delete them; the sort reads a group ahead.
    "pruning": (nonce.PRUNE_NONCES, (15_000, 100), 350),
}


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", _READS)
def test_a_query_reads_about_what_it_returns(
    filled: psycopg.Connection[Any], name: str, mode: str
) -> None:
    query, arguments, most = _READS[name]

    found = run(filled, query, arguments, mode)

    assert "Seq Scan" not in {plan["Node Type"] for plan in found}
    assert sum(map(rows_read, found)) <= most


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
def test_what_is_pending_is_found_among_what_was_decided(
    filled: psycopg.Connection[Any], mode: str
) -> None:
    pending = page_statement(approval.LIST_APPROVALS, {"status": "pending"}, limit=99)

    found = run(filled, *pending, mode)

    assert [plan["Index Name"] for plan in found] == ["idx_approvals_status"]
    assert sum(map(rows_read, found)) == 20
