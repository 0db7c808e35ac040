"""The queue reads what it returns, by the indexes meant for it, whatever waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from plan_reading import page_statement
from psycopg import sql

from datalayer.domains.operations import (
    claim_due_jobs,
    complete_jobs,
    extend_leases,
    reclaim_expired_jobs,
)
from datalayer.queries.operations import queue, queue_work
from datalayer.runtime import Query
from datalayer.server import find_binaries, scratch_database
from native_servers import TEMPLATE, NativeServers

pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]
Plan = dict[str, Any]

LEASE = timedelta(seconds=30)
NOW = datetime(2030, 1, 1, tzinfo=UTC)

# What is waited for is spread over the table, as is what was posted.
_ROWS = """
ALTER TABLE assistly_queue_jobs SET (autovacuum_enabled = off);
INSERT INTO assistly_queue_jobs (
    platform, content, scheduled_at, status, retries, next_retry_at, posted_at
)
SELECT
    'x',
    'hello',
    now() - make_interval(secs => number),
    CASE number % 2 WHEN 0 THEN 'retrying' ELSE 'posted' END,
    1,
    CASE number % 2 WHEN 0 THEN now() + make_interval(hours => 1, secs => number) END,
    CASE number % 2 WHEN 1 THEN now() END
FROM generate_series(1, 200000) AS number;
INSERT INTO assistly_queue_jobs (
    platform, content, scheduled_at, status, locked_by, locked_until, attempt_token
)
SELECT 'x', 'hello', now(), 'processing', 'w', now() + interval '1 day', 1
FROM generate_series(1, 100);
INSERT INTO assistly_queue_jobs (
    platform, content, scheduled_at, status, dead_letter_at, dead_letter_reason
)
SELECT 'x', 'hello', now(), 'dead_letter', now(), 'no'
FROM generate_series(1, 100);
"""


# When nothing waits, as at most times, the statistics know of nothing that waits.
_QUIET = """
INSERT INTO assistly_queue_jobs (
    platform, content, scheduled_at, status, posted_at
)
SELECT 'x', 'hello', now(), 'posted', now()
FROM generate_series(1, 10000);
ANALYZE assistly_queue_jobs;
"""


@contextmanager
def open_queue(server_url: str, state: str) -> Iterator[Connection]:
    with (
        scratch_database(server_url, template=TEMPLATE) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        if state == "surprised":
            connection.execute(_QUIET)
        if state != "empty":
            connection.execute(_ROWS)
        if state == "analysed":
            connection.execute("VACUUM ANALYZE assistly_queue_jobs")
        yield connection


@pytest.fixture(
    scope="module", params=find_binaries(), ids=lambda b: f"postgresql-{b.major}"
)
def server_url(request: pytest.FixtureRequest, native_servers: NativeServers) -> str:
    server = native_servers.start(request.param.folder)
    native_servers.migrated_template(server)
    return server.url()


@pytest.fixture(scope="module", params=["filled", "analysed"])
def jobs(request: pytest.FixtureRequest, server_url: str) -> Iterator[Connection]:
    """A connection to a full queue, with or without statistics."""
    with open_queue(server_url, request.param) as connection:
        yield connection


@pytest.fixture(scope="module")
def surprised(server_url: str) -> Iterator[Connection]:
    """A connection to a queue that filled after statistics of it were made."""
    with open_queue(server_url, "surprised") as connection:
        yield connection


@pytest.fixture(scope="module")
def no_jobs(server_url: str) -> Iterator[Connection]:
    """A connection to an empty queue."""
    with open_queue(server_url, "empty") as connection:
        yield connection


def run(
    connection: Connection, query: Query[Any], arguments: Sequence[object], mode: str
) -> Plan:
    """Run a prepared query, take back what it did, and return its plan."""
    prepared = sql.SQL("PREPARE explained AS {}").format(sql.SQL(query.sql))
    executed = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE explained ({})")
    with connection.transaction(force_rollback=True):
        connection.execute(
            sql.SQL("SET LOCAL plan_cache_mode = {}").format(sql.Literal(mode))
        )
        connection.execute(prepared)
        literals = sql.SQL(", ").join(map(sql.Literal, arguments))
        row = connection.execute(executed.format(literals)).fetchone()
        connection.execute("DEALLOCATE explained")
    assert row is not None
    plan: Plan = row[0][0]["Plan"]
    return plan


def nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


#: A query, its arguments, the indexes that it reads, and how many pages at most.
_READS: dict[str, tuple[Query[Any], Sequence[object], set[str], int]] = {
    "claim": (
        queue_work.CLAIM_DUE_JOBS,
        (None, None, 10, "w", LEASE),
        {"idx_queue_ready", "assistly_queue_jobs_pkey"},
        12,
    ),
    "claim since": (
        queue_work.CLAIM_DUE_JOBS,
        (None, NOW, 500, "w", LEASE),
        {"idx_queue_ready", "assistly_queue_jobs_pkey"},
        12,
    ),
    "reclaim": (
        queue_work.RECLAIM_EXPIRED_JOBS,
        (None, None, 100),
        {"idx_queue_lease", "assistly_queue_jobs_pkey"},
        12,
    ),
    "next work": (
        queue.GET_NEXT_WORK,
        (None,),
        {"idx_queue_ready", "idx_queue_lease"},
        12,
    ),
    "age": (queue.GET_QUEUE_AGE, (None,), {"idx_queue_ready"}, 12),
    "conflict": (
        queue.FIND_SCHEDULE_CONFLICT,
        ("x", NOW, LEASE),
        {"idx_queue_conflict"},
        12,
    ),
    "conflict found": (
        queue.FIND_SCHEDULE_CONFLICT,
        ("x", "now", LEASE),
        {"idx_queue_conflict"},
        40,
    ),
    "by status": (
        queue.LIST_JOBS_BY_STATUS,
        ("processing", 0, 100),
        {"idx_queue_status"},
        20,
    ),
    "more by status": (
        queue.LIST_JOBS_BY_STATUS,
        ("posted", 100_000, 100),
        {"idx_queue_status"},
        20,
    ),
    "dead letters": (
        *page_statement(queue.LIST_DEAD_LETTERS, {}, limit=99),
        {"idx_queue_dead_letter"},
        20,
    ),
    "more dead letters": (
        *page_statement(queue.LIST_DEAD_LETTERS, {}, limit=99, behind=(200_150,)),
        {"idx_queue_dead_letter"},
        20,
    ),
    "by statuses": (
        *queue.LIST_JOBS_OF.given(
            {
                "statuses": ["dead_letter", "processing"],
                "after_id": 0,
                "row_limit": 10,
            }
        ),
        {"idx_queue_status"},
        30,
    ),
    "outlook": (
        queue.GET_QUEUE_OUTLOOK,
        (None,),
        {"idx_queue_ready", "idx_queue_lease"},
        40,
    ),
    "by key": (
        queue.GET_LIVE_JOB_BY_KEY,
        ("k",),
        {"idx_queue_idempotency"},
        12,
    ),
}


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", _READS)
def test_a_query_reads_few_pages_by_its_index(
    jobs: Connection, name: str, mode: str
) -> None:
    query, arguments, indexes, most = _READS[name]

    plan = run(jobs, query, arguments, mode)

    found = {node["Index Name"] for node in nodes(plan) if "Index Name" in node}
    kinds = {node["Node Type"] for node in nodes(plan)}
    assert "Seq Scan" not in kinds
    assert found == indexes
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= most


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", ["claim", "claim since"])
def test_a_claim_reads_its_index_when_no_job_was_expected(
    surprised: Connection, name: str, mode: str
) -> None:
    query, arguments, indexes, most = _READS[name]

    plan = run(surprised, query, arguments, mode)

    found = {node["Index Name"] for node in nodes(plan) if "Index Name" in node}
    assert found == indexes
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= most


_CLAIM: dict[str, Any] = {"worker": "w", "limit": 1, "lease": LEASE}

#: What workers do again and again.
_WORK: dict[str, Callable[[Connection], object]] = {
    "claim": lambda session: claim_due_jobs(session, **_CLAIM),
    "claim since": lambda session: claim_due_jobs(session, **_CLAIM, since=NOW),
    "reclaim": reclaim_expired_jobs,
    "extend": lambda session: extend_leases(session, attempts=[], lease=LEASE),
    "complete": lambda session: complete_jobs(session, attempts=[]),
}


def plans_of(connection: Connection, name: str) -> tuple[int, int]:
    """Return how often work used the generic plan, and how often it was planned."""
    with psycopg.connect(connection.info.dsn, autocommit=True) as session:
        for _ in range(15):
            _WORK[name](session)
        plans = session.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
            " WHERE statement LIKE '%/* operations.%'"
        ).fetchone()
    assert plans is not None
    generic, custom = plans
    return generic, custom


@pytest.mark.parametrize("name", _WORK)
def test_work_is_planned_once_not_each_time(jobs: Connection, name: str) -> None:
    """PostgreSQL plans 5 times, and goes on with it for as long as it seems cheaper."""
    generic, custom = plans_of(jobs, name)

    assert generic > 0
    assert custom == 5


@pytest.mark.parametrize("name", _WORK)
def test_work_on_an_empty_queue_is_planned_once(no_jobs: Connection, name: str) -> None:
    generic, custom = plans_of(no_jobs, name)

    assert generic > 0
    assert custom == 5
