"""Charts as shapes: what the template writes as SVG that stretches with the page.

Widths are percentages and paths live in a box of one unit a step, so that a chart fills
any width while its letters and lines keep their size, without a script.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.dashboard.formatting import NOTHING, compact, minute, number
from datalayer.dashboard.ticks import TimeTick, time_ticks, value_ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from datalayer.dashboard.series import Grid

#: Marks nearer to the right edge than this, in percent, have no label.
_EDGE = 3.0

#: So many labels of an axis find room on the narrowest page.
_FEW_TICKS = 5


@dataclass(frozen=True, slots=True)
class Series:
    """A row of values, one for each step; `name` is also the class of its colour."""

    name: str
    label: str
    values: Sequence[float | None]
    total: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A path in the colour of a series: `area` is filled, `line` is drawn."""

    kind: str
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Slot:
    """One step of a chart: what a pointer finds there."""

    x: str
    width: str
    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis, at a percentage of its length."""

    position: str
    label: str
    is_major: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its axes, its legend and the table that says the same."""

    name: str
    title: str
    summary: str
    box: str
    marks: tuple[Mark, ...]
    #: The numbers of the steps that are drawn paler.
    pale: tuple[int, ...]
    slots: tuple[Slot, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    legend: tuple[Series, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a chart is about, before it is drawn."""

    name: str
    title: str
    summary: str
    series: tuple[Series, ...]
    #: How a value is written on the axis, and elsewhere.
    on_axis: Callable[[float], str] = compact
    in_text: Callable[[float], str] = number
    whole: bool = True
    #: Of several series in the legend; a single one needs none.
    note: str = ""


def bar_chart(grid: Grid, plan: Plan) -> Chart:
    """Return a chart of columns; several series stand on each other."""
    columns = [[value or 0.0 for value in each.values] for each in plan.series]
    heights = [sum(step) for step in zip(*columns, strict=True)] or [0.0] * grid.count
    ticks = value_ticks(max(heights), whole=plan.whole)
    base = [0.0] * grid.count
    marks = []
    for each, values in zip(plan.series, columns, strict=True):
        top = [below + value for below, value in zip(base, values, strict=True)]
        path = _columns_path(base, top, scale=100 / ticks[-1])
        marks.append(Mark("area", each.name, path))
        base = top
    return _chart(grid, plan, tuple(m for m in marks if m.path), ticks)


def line_chart(grid: Grid, plan: Plan) -> Chart:
    """Return a chart of lines, which end where there is no value."""
    values = [v for each in plan.series for v in each.values if v is not None]
    ticks = value_ticks(max(values, default=0), whole=plan.whole)
    marks = tuple(
        Mark("line", each.name, _line_path(each.values, scale=100 / ticks[-1]))
        for each in plan.series
    )
    return _chart(grid, plan, tuple(m for m in marks if m.path), ticks)


def _chart(
    grid: Grid, plan: Plan, marks: tuple[Mark, ...], ticks: Sequence[float]
) -> Chart:
    return Chart(
        name=plan.name,
        title=plan.title,
        summary=plan.summary,
        box=f"0 0 {grid.count} 100",
        marks=marks,
        pale=tuple(step for step in range(grid.count) if grid.is_partial(step)),
        slots=tuple(_slot(grid, plan, step) for step in range(grid.count)),
        x_ticks=_time_axis(grid),
        y_ticks=tuple(
            Tick(_percent(100 - 100 * tick / ticks[-1]), plan.on_axis(tick))
            for tick in ticks
        ),
        legend=plan.series if len(plan.series) > 1 else (),
        columns=("Time (UTC)", *(each.label for each in plan.series)),
        rows=tuple(_row(grid, plan, step) for step in range(grid.count)),
        note=plan.note,
    )


def _columns_path(base: Sequence[float], top: Sequence[float], *, scale: float) -> str:
    """Return rectangles from `base` to `top`, with gaps while there is room."""
    width = 0.84 if len(base) <= 48 else 0.9 if len(base) <= 90 else 1.0
    parts = []
    for step, (low, high) in enumerate(zip(base, top, strict=True)):
        if high > low:
            left = step + (1 - width) / 2
            up, down = _short(100 - high * scale), _short(100 - low * scale)
            parts.append(f"M{_short(left)} {down}V{up}h{_short(width)}V{down}z")
    return "".join(parts)


def _line_path(values: Sequence[float | None], *, scale: float) -> str:
    """Return a line through the middles of the steps; a lone value is a dot."""
    parts = []
    is_open = False
    for step, value in enumerate(values):
        if value is None:
            is_open = False
            continue
        letter = "L" if is_open else "M"
        parts.append(f"{letter}{_short(step + 0.5)} {_short(100 - value * scale)}")
        if not is_open:
            # A line of no length has round ends: a dot.
            parts.append("h0")
        is_open = True
    return "".join(parts)


def _slot(grid: Grid, plan: Plan, step: int) -> Slot:
    lines = [step_label(grid, step)]
    for each in reversed(plan.series):
        value = each.values[step]
        if value or len(plan.series) <= 2:
            text = NOTHING if value is None else plan.in_text(value)
            lines.append(f"{each.label}: {text}")
    return Slot(
        x=_percent(100 * step / grid.count),
        width=_percent(100 / grid.count),
        text="\n".join(lines),
    )


def step_label(grid: Grid, step: int) -> str:
    """Return when a step is: `Sat 21 Nov, 09:00 to 10:00 UTC`, or with two days."""
    start = grid.start(step)
    end = start + grid.step
    if grid.step.days >= 1:
        return f"from {minute(start)} UTC, one {grid.unit}"
    return f"{minute(start)} to {end:%H:%M} UTC"


def _row(grid: Grid, plan: Plan, step: int) -> tuple[str, ...]:
    values = [each.values[step] for each in plan.series]
    return (
        minute(grid.start(step)) + (" *" if grid.is_partial(step) else ""),
        *(NOTHING if value is None else plan.in_text(value) for value in values),
    )


def _time_axis(grid: Grid) -> tuple[Tick, ...]:
    ticks = time_ticks(grid.since, grid.until)
    is_short = len(ticks) <= _FEW_TICKS
    return tuple(
        _time_tick(grid, replace(tick, is_major=is_short or tick.is_major))
        for tick in ticks
    )


def _time_tick(grid: Grid, tick: TimeTick) -> Tick:
    place = 100 * _fraction(grid, tick.moment)
    # A label would stick out there.
    label = "" if place > 100 - _EDGE else tick.label
    return Tick(_percent(place), label, tick.is_major)


def _fraction(grid: Grid, moment: datetime) -> float:
    return (moment - grid.since) / (grid.until - grid.since)


def _percent(value: float) -> str:
    return f"{_short(value)}%"


def _short(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
