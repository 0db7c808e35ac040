# Derived by scripts/async_to_sync.py from analytics.py; do not edit.
"""Counts by the hour, read from the hourly relations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import unset_if_none
from datalayer.domains.automation.ranges import TimeRange, resolve_range
from datalayer.domains.automation.results import (
    Dashboard,
    FailureReport,
    Hourly,
    Point,
    Series,
    summarise,
)
from datalayer.queries.automation import analytics

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from psycopg import Connection

    from datalayer.queries.automation.analytics import HourlyCount, HourlyStatusCount

    Counts = list[HourlyCount]
    StatusCounts = list[HourlyStatusCount]


def dashboard(
    connection: Connection[Any],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    hours: int | None = None,
) -> Dashboard:
    """Return what happened in a range, hour by hour and in all, in one round trip.

    The range is resolved by `resolve_range`, which says what may be left out.
    """
    range_ = resolve_range(since=since, until=until, hours=hours)
    counted = analytics.list_automation_hours(
        connection, since=range_.since, until=range_.until
    )
    return summarise(range_, counted)


def failure_rate(
    connection: Connection[Any],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    hours: int | None = None,
    action_ref: str | None = None,
) -> FailureReport:
    """Return how the executions of an action, or of all, ended in a range."""
    range_ = resolve_range(since=since, until=until, hours=hours)
    found = analytics.get_failure_rate(
        connection,
        since=range_.since,
        until=range_.until,
        action_ref=unset_if_none(action_ref),
    )
    return FailureReport(
        range=range_,
        completed=found.completed,
        failed=found.failed,
        timed_out=found.timed_out,
        cancelled=found.cancelled,
        abandoned=found.abandoned,
        rate=found.rate,
    )


def series(
    connection: Connection[Any],
    *,
    relation: Hourly,
    ref: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    hours: int | None = None,
) -> Series:
    """Return the counts of each hour of a range, 0 where nothing happened.

    `ref` is an action, a worker, a trigger or a rule, as the relation has it. Where
    the relation has a status, each hour has a point for each status that came up.
    """
    range_ = resolve_range(since=since, until=until, hours=hours)
    if relation in _WITH_STATUS:
        points = _read_statuses(connection, relation, range_, ref)
    else:
        points = _read_counts(connection, relation, range_, ref)
    return Series(relation, range_, points)


#: The query of each relation, and what it calls the reference.
_WITH_STATUS: dict[Hourly, tuple[Callable[..., StatusCounts], str]] = {
    Hourly.EXECUTION_STATUS: (analytics.list_execution_status_series, "action_ref"),
    Hourly.EXECUTION_VOLUME: (analytics.list_execution_volume_series, "action_ref"),
    Hourly.WORKER_STATUS: (analytics.list_worker_status_series, "worker_name"),
}
_WITHOUT_STATUS: dict[Hourly, tuple[Callable[..., Counts], str]] = {
    Hourly.ENFORCEMENT_VOLUME: (analytics.list_enforcement_volume_series, "rule_ref"),
    Hourly.EVENT_VOLUME: (analytics.list_event_volume_series, "trigger_ref"),
    Hourly.EXECUTION_THROUGHPUT: (
        analytics.list_execution_throughput_series,
        "action_ref",
    ),
}


def _read_statuses(
    connection: Connection[Any],
    relation: Hourly,
    range_: TimeRange,
    ref: str | None,
) -> tuple[Point, ...]:
    query, ref_name = _WITH_STATUS[relation]
    rows = query(
        connection,
        since=range_.since,
        until=range_.until,
        **{ref_name: unset_if_none(ref)},
    )
    return tuple(Point(row.bucket, row.status, row.total) for row in rows)


def _read_counts(
    connection: Connection[Any],
    relation: Hourly,
    range_: TimeRange,
    ref: str | None,
) -> tuple[Point, ...]:
    query, ref_name = _WITHOUT_STATUS[relation]
    rows = query(
        connection,
        since=range_.since,
        until=range_.until,
        **{ref_name: unset_if_none(ref)},
    )
    return tuple(Point(row.bucket, None, row.total) for row in rows)
