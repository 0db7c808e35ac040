"""What the services return."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from datalayer.domains.automation.ranges import TimeRange
    from datalayer.domains.automation.values import RecordedValue
    from datalayer.queries.automation.analytics import AutomationHour


class Tracked(StrEnum):
    """The tables that have a history."""

    EXECUTION = "execution"
    WORKER = "worker"


class Hourly(StrEnum):
    """The hourly relations."""

    EXECUTION_STATUS = "execution_status_hourly"
    EXECUTION_THROUGHPUT = "execution_throughput_hourly"
    EXECUTION_VOLUME = "execution_volume_hourly"
    WORKER_STATUS = "worker_status_hourly"
    EVENT_VOLUME = "event_volume_hourly"
    ENFORCEMENT_VOLUME = "enforcement_volume_hourly"


@dataclass(frozen=True, slots=True)
class Change:
    """A row of history; the values are decoded."""

    seq: int
    #: When the transaction began.
    time: datetime
    txid: int
    operation: str
    entity_id: int
    entity_ref: str | None
    changed_fields: tuple[str, ...]
    old_values: Mapping[str, RecordedValue]
    new_values: Mapping[str, RecordedValue]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of history, newest first."""

    changes: tuple[Change, ...]
    #: The `before_seq` of the next page; None when this is the last one.
    next_before_seq: int | None


@dataclass(frozen=True, slots=True)
class State:
    """A row as it was at a moment, by its history."""

    entity_id: int
    moment: datetime
    entity_ref: str | None
    #: Every tracked field; of a digested one the digest.
    fields: Mapping[str, RecordedValue]
    #: False when the beginning is no longer kept: then `fields` may lack some.
    is_complete: bool
    #: The last change until then; None when it is no longer kept.
    seq: int | None


@dataclass(frozen=True, slots=True)
class Period:
    """How long a row was in a status."""

    status: str
    #: None when the beginning is no longer kept.
    since: datetime | None
    #: None while it lasts.
    until: datetime | None
    #: None where one of the ends is.
    duration: timedelta | None


@dataclass(frozen=True, slots=True)
class FailureReport:
    """How executions ended."""

    range: TimeRange
    completed: int
    failed: int
    timed_out: int
    cancelled: int
    abandoned: int
    #: The share of failed and timed out ones in these and the completed ones, or 0.
    rate: float


@dataclass(frozen=True, slots=True)
class Point:
    """A count of an hour."""

    bucket: datetime
    #: None where the relation has no status.
    status: str | None
    total: int


@dataclass(frozen=True, slots=True)
class Series:
    """The counts of each hour of a range, also where they are 0."""

    relation: Hourly
    range: TimeRange
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What happened in a range, hour by hour and in all."""

    range: TimeRange
    hours: tuple[AutomationHour, ...]
    requested: int
    started: int
    failure: FailureReport
    events: int
    enforcements: int
    worker_changes: int


def failure_share(completed: int, failed: int, timed_out: int) -> float:
    """Return the share of what failed or timed out; 0 when there is nothing."""
    ended = completed + failed + timed_out
    return (failed + timed_out) / ended if ended else 0.0


def summarise(range_: TimeRange, hours: list[AutomationHour]) -> Dashboard:
    """Return the hours of a range with their sums."""
    completed = sum(hour.completed for hour in hours)
    failed = sum(hour.failed for hour in hours)
    timed_out = sum(hour.timed_out for hour in hours)
    return Dashboard(
        range=range_,
        hours=tuple(hours),
        requested=sum(hour.requested for hour in hours),
        started=sum(hour.started for hour in hours),
        failure=FailureReport(
            range=range_,
            completed=completed,
            failed=failed,
            timed_out=timed_out,
            cancelled=sum(hour.cancelled for hour in hours),
            abandoned=sum(hour.abandoned for hour in hours),
            rate=failure_share(completed, failed, timed_out),
        ),
        events=sum(hour.events for hour in hours),
        enforcements=sum(hour.enforcements for hour in hours),
        worker_changes=sum(hour.worker_changes for hour in hours),
    )
