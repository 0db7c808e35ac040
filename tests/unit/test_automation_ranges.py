"""Ranges of time for analytics, and the values that history records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from datalayer.domains.automation.errors import NaiveTime, RangeReversed
from datalayer.domains.automation.ranges import TimeRange, resolve_range
from datalayer.domains.automation.results import failure_share
from datalayer.domains.automation.values import JSON_NULL, decode_fields
from datalayer.runtime import JsonValue

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_both_ends_are_taken_as_they_are() -> None:
    found = resolve_range(since=NOW - 5 * HOUR, until=NOW - HOUR, hours=1, now=NOW)

    assert found == TimeRange(NOW - 5 * HOUR, NOW - HOUR)


def test_a_beginning_alone_lasts_until_now() -> None:
    assert resolve_range(since=NOW - 100 * HOUR, now=NOW).until == NOW


def test_an_end_alone_has_the_hours_before_it() -> None:
    end = NOW - 7 * HOUR

    assert resolve_range(until=end, now=NOW) == TimeRange(end - 24 * HOUR, end)
    assert resolve_range(until=end, hours=2, now=NOW) == TimeRange(end - 2 * HOUR, end)


@pytest.mark.parametrize(
    ("hours", "counted"),
    [(None, 24), (5, 5), (1, 1), (0, 1), (-3, 1), (8760, 8760), (9000, 8760)],
)
def test_hours_are_between_one_and_a_year(hours: int | None, counted: int) -> None:
    found = resolve_range(hours=hours, now=NOW)

    assert (found.since, found.until) == (NOW - counted * HOUR, NOW)


def test_a_range_is_not_reversed() -> None:
    with pytest.raises(RangeReversed) as caught:
        resolve_range(since=NOW + HOUR, until=NOW)

    assert (caught.value.since, caught.value.until) == (NOW + HOUR, NOW)
    with pytest.raises(RangeReversed):
        resolve_range(since=NOW + HOUR, now=NOW)


def test_a_time_needs_a_zone() -> None:
    with pytest.raises(NaiveTime, match="`since` has no time zone"):
        resolve_range(since=datetime(2026, 1, 1), now=NOW)
    with pytest.raises(NaiveTime, match="`until` has no time zone"):
        resolve_range(until=datetime(2026, 1, 1), now=NOW)


def test_zones_become_utc_and_moments_stay() -> None:
    elsewhere = timezone(timedelta(hours=5, minutes=30))
    found = resolve_range(since=NOW.astimezone(elsewhere), until=NOW)

    assert found.since == NOW
    assert found.since.tzinfo is UTC
    assert found.first_hour.minute == 0


@pytest.mark.parametrize(
    ("since", "until", "first", "last", "hours"),
    [
        (NOW, NOW + HOUR, True, True, 2),
        (NOW, NOW, True, True, 1),
        (NOW - HOUR / 2, NOW, False, True, 1),
        (NOW - HOUR / 2, NOW + HOUR / 2, False, False, 1),
        (NOW - HOUR / 2, NOW - HOUR / 2, False, False, 0),
        (NOW, NOW + HOUR / 2, True, False, 1),
    ],
)
def test_partial_hours_are_stated(
    since: datetime, until: datetime, first: bool, last: bool, hours: int
) -> None:
    found = TimeRange(since, until)

    assert (found.first_hour_is_partial, found.last_hour_is_partial) == (first, last)
    assert found.hours == hours


def test_the_share_of_failures_of_nothing_is_zero() -> None:
    assert failure_share(0, 0, 0) == 0.0
    assert failure_share(1, 1, 2) == 0.75


def test_recorded_values_keep_the_nulls_apart() -> None:
    recorded: JsonValue = {
        "sql": None,
        "json": {"$json": None},
        "object": {"$json": {"$json": 1}},
        "list": {"$json": ["$json"]},
        "like": {"$json": 1, "b": 2},
        "plain": {"a": None},
        "number": 1.0,
    }

    decoded = decode_fields(recorded)

    assert decoded == {
        "sql": None,
        "json": JSON_NULL,
        "object": {"$json": 1},
        "list": ["$json"],
        "like": {"$json": 1, "b": 2},
        "plain": {"a": None},
        "number": 1.0,
    }
    assert type(decoded["number"]) is float
    assert decode_fields(None) == {}
