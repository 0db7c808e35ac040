"""Counts by the hour made into the equal steps of a plot."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from datalayer.dashboard.model import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalayer.dashboard.model import HourlyCount, Period

#: Up to so many hours a plot has steps of so many: beyond two weeks, days say more than
#: their hours, and a plot has no room for more than about 170 steps.
_STEPS = {170: 1, 24 * 14: 3, 24 * 170: 24}
_LONGEST_STEP = 24 * 7

#: How an execution ends, and which of these ends is a failure.
ENDS = ("completed", "failed", "timeout")
FAILURES = ("failed", "timeout")


@dataclass(frozen=True, slots=True)
class Grid:
    """Equal steps that cover a period; the first and the last may reach beyond it."""

    since: datetime
    step: timedelta
    count: int
    period: Period

    @property
    def until(self) -> datetime:
        """Return where the last step ends."""
        return self.since + self.count * self.step

    @property
    def unit(self) -> str:
        """Return what one step is called: `hour`, `6 hours`."""
        hours = self.step // HOUR
        names = {1: "hour", 24: "day", 24 * 7: "week"}
        return names.get(hours, f"{hours} hours")

    def start(self, number: int) -> datetime:
        """Return when a step begins."""
        return self.since + number * self.step

    def is_partial(self, number: int) -> bool:
        """Return whether a step reaches beyond the period."""
        start = self.start(number)
        return start < self.period.since or start + self.step > self.period.until


def make_grid(period: Period) -> Grid:
    """Return the finest steps of which a plot has room for all."""
    fitting = (step for most, step in _STEPS.items() if period.hours <= most)
    step = next(fitting, _LONGEST_STEP) * HOUR
    # Steps of several hours begin at the round ones of UTC.
    midnight = period.first_hour.replace(hour=0)
    since = midnight + (period.first_hour - midnight) // step * step
    count = -((since - period.end_of_last_hour) // step)
    return Grid(since, step, max(count, 1), period)


def totals_by_kind(counts: Iterable[HourlyCount]) -> dict[str, int]:
    """Return how often each kind came, by kind."""
    totals: dict[str, int] = defaultdict(int)
    for each in counts:
        totals[each.kind] += each.count
    return dict(totals)


def fill(grid: Grid, counts: Iterable[HourlyCount]) -> list[int]:
    """Return the count of each step, with 0 where nothing happened."""
    filled = [0] * grid.count
    for each in counts:
        number = (each.bucket - grid.since) // grid.step
        if 0 <= number < grid.count:
            filled[number] += each.count
    return filled


def fill_by_kind(grid: Grid, counts: Iterable[HourlyCount]) -> dict[str, list[int]]:
    """Return the filled counts of each kind that came at all."""
    kinds: dict[str, list[HourlyCount]] = defaultdict(list)
    for each in counts:
        kinds[each.kind].append(each)
    return {kind: fill(grid, kinds[kind]) for kind in sorted(kinds)}


def failure_rates(by_status: dict[str, list[int]], steps: int) -> list[float | None]:
    """Return the failed share in percent of what ended; None where nothing ended."""
    nothing = [0] * steps
    failed = _sums([by_status.get(status, nothing) for status in FAILURES])
    ended = _sums([by_status.get(status, nothing) for status in ENDS])
    return [
        100 * part / whole if whole else None
        for part, whole in zip(failed, ended, strict=True)
    ]


def _sums(columns: list[list[int]]) -> list[int]:
    return [sum(values) for values in zip(*columns, strict=True)]
