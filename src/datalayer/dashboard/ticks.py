"""Where the marks of an axis stand, and what is written beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_STEPS = (1.0, 2.0, 5.0, 10.0)

#: Distances of marks on an axis of time, in hours: parts of a day, or whole days.
_TIME_STEPS = (1, 2, 3, 6, 12, 24, 48, 24 * 7, 24 * 14)

_MONDAY = datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TimeTick:
    """A mark on an axis of time; a narrow page shows the major ones alone."""

    moment: datetime
    label: str
    is_major: bool


def value_ticks(maximum: float, *, count: int = 4, whole: bool = True) -> list[float]:
    """Return marks from 0 to the first one that is not below `maximum`.

    Their distance is 1, 2 or 5 times a power of ten, and about `count` of them follow
    the zero. Things that are counted have no marks between whole numbers.
    """
    if maximum <= 0:
        return [0.0, 1.0]
    rough = maximum / count
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(s * magnitude for s in _STEPS if s * magnitude >= rough * (1 - 1e-9))
    if whole:
        step = max(step, 1.0)
    # Multiplied, not added up: 0.1 + 0.2 is not 0.3.
    last = math.ceil(maximum / step - 1e-9)
    return [round(number * step, 10) for number in range(last + 1)]


def time_ticks(since: datetime, until: datetime, *, count: int = 8) -> list[TimeTick]:
    """Return at most `count` marks at round times in a period, both ends included."""
    hours = (until - since) / timedelta(hours=1)
    step = next((s for s in _TIME_STEPS if hours / s < count), None)
    if step is None:
        return _month_ticks(since, until, count)
    width = timedelta(hours=step)
    number = -((_MONDAY - since) // width)
    ticks = []
    while (moment := _MONDAY + number * width) <= until:
        ticks.append(TimeTick(moment, _time_label(moment, step), number % 2 == 0))
        number += 1
    return ticks


def _time_label(moment: datetime, step: int) -> str:
    if step >= 24 or moment.hour == 0:
        return f"{moment.day} {moment:%b}"
    return f"{moment:%H:%M}"


def _month_ticks(since: datetime, until: datetime, count: int) -> list[TimeTick]:
    months = _months(since, until)
    stride = max(1, math.ceil(len(months) / count))
    return [
        TimeTick(month, f"{month:%b}", number % 2 == 0)
        for number, month in enumerate(months[::stride])
    ]


def _months(since: datetime, until: datetime) -> list[datetime]:
    months = []
    for number in range(since.year * 12 + since.month - 1, until.year * 12 + 13):
        month = datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
        if since <= month <= until:
            months.append(month)
    return months
