"""The marks of axes, and the steps between them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.dashboard.model import HOUR, HourlyCount, Period
from datalayer.dashboard.series import failure_rates, fill, make_grid
from datalayer.dashboard.ticks import time_ticks, value_ticks

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("maximum", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (10, [0, 5, 10]),
        (37, [0, 10, 20, 30, 40]),
        (1000, [0, 500, 1000]),
        (1_700_000, [0, 500_000, 1_000_000, 1_500_000, 2_000_000]),
    ],
)
def test_counts_have_round_marks(maximum: float, ticks: list[float]) -> None:
    assert value_ticks(maximum) == ticks


def test_shares_have_marks_between_whole_numbers() -> None:
    assert value_ticks(0.7, whole=False) == [0, 0.2, 0.4, 0.6, 0.8]


@given(st.floats(min_value=1e-6, max_value=1e12), st.booleans())
def test_marks_reach_the_maximum_in_equal_steps(maximum: float, whole: bool) -> None:
    ticks = value_ticks(maximum, whole=whole)

    assert ticks[0] == 0
    assert ticks[-1] >= maximum * (1 - 1e-8)
    assert 2 <= len(ticks) <= 7
    # Without the last step, the highest value would not fit.
    assert ticks[-2] < maximum
    steps = {round((b - a) / ticks[1], 6) for a, b in pairwise(ticks)}
    assert steps == {1.0}


@pytest.mark.parametrize(
    ("hours", "labels"),
    [
        (6, ["06:00", "07:00", "08:00", "09:00", "10:00", "11:00", "12:00"]),
        (24, ["12:00", "18:00", "21 Nov", "06:00", "12:00"]),
        (72, ["12:00", "19 Nov", "12:00", "20 Nov", "12:00", "21 Nov", "12:00"]),
        (168, ["15 Nov", "16 Nov", "17 Nov", "18 Nov", "19 Nov", "20 Nov", "21 Nov"]),
    ],
)
def test_times_have_round_marks(hours: int, labels: list[str]) -> None:
    ticks = time_ticks(NOON - timedelta(hours=hours), NOON)

    assert [tick.label for tick in ticks] == labels


def test_a_year_has_marks_at_months() -> None:
    ticks = time_ticks(NOON - timedelta(days=365), NOON)

    assert [tick.label for tick in ticks][:2] == ["Dec", "Feb"]
    assert {tick.moment.day for tick in ticks} == {1}


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.integers(min_value=1, max_value=8760),
)
def test_marks_of_time_are_few_and_within(since: datetime, hours: int) -> None:
    until = since + timedelta(hours=hours)

    ticks = time_ticks(since, until)

    assert len(ticks) <= 9
    assert all(since <= tick.moment <= until for tick in ticks)
    assert hours < 2 or ticks


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(hours=8760)),
)
def test_steps_cover_the_period_and_every_hour_is_in_one(
    since: datetime, length: timedelta
) -> None:
    period = Period(since, since + length)
    grid = make_grid(period)
    hours = [period.first_hour + number * HOUR for number in range(period.hours)]

    assert grid.since <= since
    assert grid.until >= period.until
    assert 1 <= grid.count <= 171
    assert sum(fill(grid, [HourlyCount(hour, 1) for hour in hours])) == period.hours


def test_steps_of_days_begin_at_midnight() -> None:
    grid = make_grid(Period(NOON - timedelta(days=30), NOON))

    assert (grid.since.hour, grid.unit, grid.count) == (0, "day", 31)
    assert grid.is_partial(0)
    assert not grid.is_partial(1)
    assert grid.is_partial(30)


def test_failure_rate_counts_ends_alone() -> None:
    by_status = {
        "completed": [3, 0, 0],
        "failed": [1, 0, 2],
        "timeout": [0, 0, 2],
        "cancelled": [9, 9, 9],
    }

    assert failure_rates(by_status, 3) == [25.0, None, 100.0]
