"""The hourly relations, read by the queries of analytics, in both profiles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from automation_history import record_birth, record_move

from datalayer.queries.automation import analytics

pytest_plugins = ["automation_fixtures"]
pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]
HOUR = timedelta(hours=1)
# Within what the policies of TimescaleDB keep fresh, and long closed.
FIRST = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 30 * HOUR
SINCE = FIRST + HOUR / 2
UNTIL = FIRST + 3 * HOUR


@pytest.fixture
def counted(session: Connection) -> Connection:
    """A database in which something happened in the first and the third hour."""
    for n, ref in enumerate(["a", "a", "b"]):
        record_birth(session, FIRST + n * HOUR / 10, entity_id=n, ref=ref)
    record_birth(session, FIRST + 2 * HOUR, "scheduled", entity_id=4, ref="a")
    # Before and after what is asked for.
    record_birth(session, FIRST - HOUR / 60, entity_id=5, ref="a")
    record_birth(session, UNTIL, entity_id=6, ref="a")
    ends = ["completed"] * 3 + ["failed", "timeout", "cancelled", "abandoned"]
    for end in ends:
        record_move(session, FIRST + 2 * HOUR, "running", end, ref="a")
    record_move(session, FIRST, "running", "failed", ref="b")
    record_move(session, FIRST, "active", "busy", table="worker", ref="w")
    for name, table, extra in [
        ("trigger_ref", "event", ""),
        ("rule_ref", "enforcement", ", trigger_ref, payload"),
    ]:
        values = ", 't', '{}'" if extra else ""
        session.execute(
            f"INSERT INTO {table} (created, {name}{extra}) SELECT %s, ref{values}"
            " FROM unnest(ARRAY['x', 'x', 'y']) AS ref".encode(),
            (FIRST + HOUR / 60,),
        )
    return session


def test_each_relation_is_read_for_all_and_for_one(counted: Connection) -> None:
    def read(query: Any, **ref: str) -> list[tuple[Any, ...]]:  # noqa: ANN401
        rows = query(counted, since=SINCE, until=UNTIL, **ref)
        return [
            ((row.bucket - FIRST) // HOUR, *list(vars_of(row).values())[1:])
            for row in rows
        ]

    assert read(analytics.list_execution_throughput_hourly) == [
        (0, "a", 2),
        (0, "b", 1),
        (2, "a", 1),
    ]
    assert read(analytics.list_execution_throughput_hourly, action_ref="b") == [
        (0, "b", 1)
    ]
    assert read(analytics.list_execution_volume_hourly, action_ref="a") == [
        (0, "a", "requested", 2),
        (2, "a", "scheduled", 1),
    ]
    assert read(analytics.list_execution_status_hourly) == [
        (0, "b", "failed", 1),
        (2, "a", "abandoned", 1),
        (2, "a", "cancelled", 1),
        (2, "a", "completed", 3),
        (2, "a", "failed", 1),
        (2, "a", "timeout", 1),
    ]
    assert read(analytics.list_worker_status_hourly) == [(0, "w", "busy", 1)]
    assert read(analytics.list_worker_status_hourly, worker_name="v") == []
    assert read(analytics.list_event_volume_hourly) == [(0, "x", 2), (0, "y", 1)]
    assert read(analytics.list_event_volume_hourly, trigger_ref="x") == [(0, "x", 2)]
    assert read(analytics.list_enforcement_volume_hourly) == [
        (0, "x", 2),
        (0, "y", 1),
    ]
    assert read(analytics.list_enforcement_volume_hourly, rule_ref="y") == [(0, "y", 1)]


def vars_of(row: Any) -> dict[str, Any]:  # noqa: ANN401 (rows have slots)
    return {name: getattr(row, name) for name in row.__slots__}


def test_a_series_has_every_hour(counted: Connection) -> None:
    def totals(query: Any, **ref: str) -> list[int]:  # noqa: ANN401
        rows = query(counted, since=SINCE, until=UNTIL, **ref)
        assert [row.bucket for row in rows] == [FIRST + n * HOUR for n in range(3)]
        return [row.total for row in rows]

    assert totals(analytics.list_execution_throughput_series) == [3, 0, 1]
    assert totals(analytics.list_execution_throughput_series, action_ref="a") == [
        2,
        0,
        1,
    ]
    assert totals(analytics.list_event_volume_series) == [3, 0, 0]
    assert totals(analytics.list_event_volume_series, trigger_ref="y") == [1, 0, 0]
    assert totals(analytics.list_enforcement_volume_series) == [3, 0, 0]
    assert totals(analytics.list_enforcement_volume_series, rule_ref="-") == [0, 0, 0]


def test_a_series_has_every_status_that_came_up(counted: Connection) -> None:
    def totals(query: Any, **ref: str) -> dict[str, list[int]]:  # noqa: ANN401
        found: dict[str, list[int]] = {}
        for row in query(counted, since=SINCE, until=UNTIL, **ref):
            assert row.bucket == FIRST + len(found.get(row.status, [])) * HOUR
            found.setdefault(row.status, []).append(row.total)
        return found

    assert totals(analytics.list_execution_status_series) == {
        "abandoned": [0, 0, 1],
        "cancelled": [0, 0, 1],
        "completed": [0, 0, 3],
        "failed": [1, 0, 1],
        "timeout": [0, 0, 1],
    }
    assert totals(analytics.list_execution_status_series, action_ref="b") == {
        "failed": [1, 0, 0]
    }
    assert totals(analytics.list_execution_volume_series) == {
        "requested": [3, 0, 0],
        "scheduled": [0, 0, 1],
    }
    assert totals(analytics.list_worker_status_series) == {"busy": [1, 0, 0]}
    assert totals(analytics.list_worker_status_series, worker_name="v") == {}


def test_the_failure_rate_leaves_out_what_was_given_up(counted: Connection) -> None:
    def rate(**how: Any) -> analytics.FailureRate:  # noqa: ANN401
        given = {"since": SINCE, "until": UNTIL, **how}
        return analytics.get_failure_rate(counted, **given)

    found = rate()
    assert (found.completed, found.failed, found.timed_out) == (3, 2, 1)
    assert (found.cancelled, found.abandoned) == (1, 1)
    assert found.rate == 0.5
    assert rate(action_ref="a").rate == 0.4
    assert rate(action_ref="b").rate == 1.0
    nothing = rate(since=FIRST + HOUR, until=FIRST + HOUR * 2)
    assert (nothing.completed, nothing.rate) == (0, 0.0)


def test_the_dashboard_is_one_query(counted: Connection) -> None:
    rows = analytics.list_automation_hours(counted, since=SINCE, until=UNTIL)

    assert [row.bucket for row in rows] == [FIRST + n * HOUR for n in range(3)]
    first, second, third = rows
    assert (first.requested, first.failed, first.worker_changes) == (3, 1, 1)
    assert (first.events, first.enforcements, first.started) == (3, 3, 0)
    assert not any(list(vars_of(second).values())[1:])
    assert (third.requested, third.completed, third.failed) == (1, 3, 1)
    assert (third.timed_out, third.cancelled, third.abandoned) == (1, 1, 1)


def test_an_empty_range_has_no_hour(counted: Connection) -> None:
    assert analytics.list_automation_hours(counted, since=UNTIL, until=UNTIL) == []
    assert analytics.get_failure_rate(counted, since=UNTIL, until=FIRST).rate == 0


def test_hours_do_not_depend_on_the_session(counted: Connection) -> None:
    before = analytics.list_automation_hours(counted, since=SINCE, until=UNTIL)

    counted.execute("SET timezone = 'Asia/Kolkata'")
    after = analytics.list_automation_hours(counted, since=SINCE, until=UNTIL)

    assert after == before
