"""Token usage is read from its indexes alone, however much is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from plan_reading import Plan, rows_read, run_scans

from datalayer.queries.conversations import usage
from datalayer.runtime import VariedQuery
from datalayer.server import Server, scratch_database

pytestmark = pytest.mark.postgres

_LAST = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=20_000)
_ACCOUNT = {"account_id": "a3"}
_TRAIN = {"train_id": "t3"}
_BOTH = {"account_id": "a3", "train_id": "t3", "model": "m3"}

#: A request a minute; each account and each train has every tenth.
_ROWS = """
INSERT INTO api_requests (
    request_id, timestamp, train_id, account_id, model, path, headers, input_tokens
)
SELECT
    gen_random_uuid(),
    '2026-01-01T00:00:00Z'::timestamptz + make_interval(mins => number),
    't' || number % 10,
    'a' || number % 10,
    'm' || number % 3,
    '/v1/messages',
    '{}',
    number
FROM generate_series(1, 20000) AS number
"""

#: A query, what it takes but whose usage, how many minutes it reads, and its index.
_READS: dict[str, tuple[VariedQuery[Any], Mapping[str, object], int]] = {
    "window": (
        usage.GET_USAGE,
        {"until": _LAST, "duration": timedelta(hours=5)},
        300,
    ),
    "days": (usage.LIST_DAILY_USAGE, {"until": _LAST, "days": 3}, 3 * 1440),
    "buckets": (
        usage.LIST_USAGE,
        {
            "since": _LAST - timedelta(hours=12),
            "until": _LAST,
            "width": timedelta(hours=1),
        },
        720,
    ),
    "samples": (
        usage.LIST_SLIDING_USAGE,
        {
            "since": _LAST - timedelta(hours=12),
            "duration": timedelta(hours=5),
            "until": _LAST,
            "step": timedelta(minutes=10),
        },
        1020,
    ),
}


@pytest.fixture(scope="module")
def filled(server: Server, migrated_template: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database of 20,000 requests, of which it changes none."""
    with (
        scratch_database(server.url(), template=migrated_template) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        # What is not flushed yet cannot be marked as visible to all.
        connection.execute("SET synchronous_commit = on")
        connection.execute(_ROWS)
        connection.execute("VACUUM ANALYZE api_requests")
        yield connection


def reads(plans: list[Plan]) -> list[Plan]:
    """The scans of tables and indexes that were run, not those of functions."""
    return [
        plan
        for plan in plans
        if "Relation Name" in plan and plan["Actual Loops"] and rows_read(plan)
    ]


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize(
    ("who", "index"),
    [
        pytest.param(_ACCOUNT, "idx_requests_account_usage", id="account"),
        pytest.param(_TRAIN, "idx_requests_train_usage", id="train"),
        pytest.param(_BOTH, "idx_requests_account_usage", id="both"),
    ],
)
@pytest.mark.parametrize("name", _READS)
def test_usage_is_an_index_only_scan(
    filled: psycopg.Connection[Any],
    name: str,
    who: Mapping[str, object],
    index: str,
    mode: str,
) -> None:
    query, arguments, minutes = _READS[name]

    [scan] = reads(run_scans(filled, query, {**who, **arguments}, mode))

    assert (scan["Node Type"], scan["Index Name"]) == ("Index Only Scan", index)
    assert scan["Heap Fetches"] == 0
    assert rows_read(scan) <= minutes / 10 + 1
