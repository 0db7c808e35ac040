"""The numbers and charts of the first page, made from what was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from datalayer.dashboard.charts import Plan, Series, bar_chart, line_chart
from datalayer.dashboard.formatting import age, compact, minute, number, percent
from datalayer.dashboard.model import HOUR
from datalayer.dashboard.series import (
    ENDS,
    FAILURES,
    failure_rates,
    fill,
    fill_by_kind,
    make_grid,
    totals_by_kind,
)

if TYPE_CHECKING:
    from datetime import datetime

    from datalayer.dashboard.charts import Chart
    from datalayer.dashboard.model import ActionTotals, Overview, WorkerHealth
    from datalayer.dashboard.series import Grid

#: A worker is silent that has not been heard of for so long.
HEARTBEAT_LIMIT = timedelta(seconds=30)

#: From the bottom of a column to its top: the way of an execution, then its ends.
STATUS_ORDER = (
    "requested",
    "scheduling",
    "scheduled",
    "running",
    "completed",
    "canceling",
    "cancelled",
    "abandoned",
    "timeout",
    "failed",
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A number that counts, with what it is and a note."""

    label: str
    value: str
    note: str = ""
    #: `good`, `bad` or nothing.
    mood: str = ""


@dataclass(frozen=True, slots=True)
class ActionLine:
    """An action in the list of the busiest ones; `share` is of the first one's."""

    action_ref: str
    executions: str
    share: str
    failure_rate: str
    ended: str


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """A worker in the list; `mood` is `good`, `bad` or nothing."""

    id: int
    name: str
    role: str
    type: str
    state: str
    mood: str
    heartbeat: str


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """What the template of the overview writes."""

    overview: Overview
    heading: str
    notes: tuple[str, ...]
    tiles: tuple[Tile, ...]
    charts: tuple[Chart, ...]
    actions: tuple[ActionLine, ...]
    workers: tuple[WorkerLine, ...]
    is_empty: bool


def make_overview_page(overview: Overview) -> OverviewPage:
    """Return the page for what was read."""
    grid = make_grid(overview.period)
    return OverviewPage(
        overview=overview,
        heading=_heading(overview),
        notes=_notes(overview, grid),
        tiles=_tiles(overview),
        charts=(
            _throughput(overview, grid),
            _transitions(overview, grid),
            _failures(overview, grid),
            _volume(overview, grid),
        ),
        actions=_action_lines(overview.actions),
        workers=tuple(_worker_line(each, overview.now) for each in overview.workers),
        is_empty=_is_empty(overview),
    )


def _is_empty(overview: Overview) -> bool:
    return not (
        overview.executions
        or overview.transitions
        or overview.events
        or overview.enforcements
        or overview.worker_count
    )


def _heading(overview: Overview) -> str:
    period = overview.period
    years = {period.since.year, period.until.year, overview.now.year}
    since, until = (
        minute(time, with_year=len(years) > 1) for time in (period.since, period.until)
    )
    return f"{since} to {until} UTC"


def _notes(overview: Overview, grid: Grid) -> tuple[str, ...]:
    period = overview.period
    notes = []
    if period.first_hour != period.since:
        notes.append(
            f"The first hour is counted whole, from {period.first_hour:%H:%M}: "
            "these numbers are kept by the hour."
        )
    if period.until <= overview.now < period.end_of_last_hour:
        notes.append("The last hour still goes on.")
    elif period.end_of_last_hour != period.until:
        notes.append(
            f"The last hour is counted whole, to {period.end_of_last_hour:%H:%M}."
        )
    if notes and grid.count > 1:
        notes.append("Both show paler in the charts." if len(notes) > 1 else "")
    return tuple(note for note in notes if note)


def _tiles(overview: Overview) -> tuple[Tile, ...]:
    statuses = totals_by_kind(overview.transitions)
    executions = sum(each.count for each in overview.executions)
    events = sum(each.count for each in overview.events)
    enforcements = sum(each.count for each in overview.enforcements)
    hours = max((overview.period.until - overview.period.first_hour) / HOUR, 1 / 60)
    return (
        Tile("Executions", number(executions), f"{_rate(executions / hours)} per hour"),
        _failure_tile(statuses),
        Tile(
            "Cancelled",
            number(statuses.get("cancelled", 0)),
            f"{number(statuses.get('abandoned', 0))} abandoned",
        ),
        Tile("Events", number(events), f"{_rate(events / hours)} per hour"),
        Tile(
            "Enforcements",
            number(enforcements),
            f"{_rate(enforcements / hours)} per hour",
        ),
        _worker_tile(overview),
    )


def _rate(value: float) -> str:
    return compact(round(value) if value >= 10 else round(value, 1))


def _failure_tile(statuses: dict[str, int]) -> Tile:
    failed = sum(statuses.get(status, 0) for status in FAILURES)
    ended = sum(statuses.get(status, 0) for status in ENDS)
    note = f"{number(failed)} of {number(ended)}" if ended else "nothing ended"
    return Tile("Failure rate", percent(failed, ended), note, "bad" if failed else "")


def _worker_tile(overview: Overview) -> Tile:
    healthy, count = overview.healthy_count, overview.worker_count
    moods = {_worker_line(each, overview.now).mood for each in overview.workers}
    mood = "bad" if "bad" in moods else "good" if count and healthy == count else ""
    note = f"of {number(count)} registered" if count else "none registered"
    return Tile("Healthy workers", number(healthy), note, mood)


def _throughput(overview: Overview, grid: Grid) -> Chart:
    values = fill(grid, overview.executions)
    return bar_chart(
        grid,
        Plan(
            name="throughput",
            title="Throughput",
            summary=f"Executions requested per {grid.unit}",
            series=(Series("executions", "Executions", values, number(sum(values))),),
        ),
    )


def _transitions(overview: Overview, grid: Grid) -> Chart:
    by_status = fill_by_kind(grid, overview.transitions)
    known = [status for status in STATUS_ORDER if status in by_status]
    others = [status for status in by_status if status not in STATUS_ORDER]
    return bar_chart(
        grid,
        Plan(
            name="transitions",
            title="Status over time",
            summary=f"Executions that reached a status, per {grid.unit}",
            series=tuple(
                Series(
                    f"status-{status}" if status in STATUS_ORDER else "status-other",
                    status or "none",
                    by_status[status],
                    number(sum(by_status[status])),
                )
                for status in [*known, *others]
            ),
        ),
    )


def _failures(overview: Overview, grid: Grid) -> Chart:
    by_status = fill_by_kind(grid, overview.transitions)
    rates = failure_rates(by_status, grid.count)
    statuses = totals_by_kind(overview.transitions)
    return line_chart(
        grid,
        Plan(
            name="failures",
            title="Failure rate",
            summary=f"Failed or timed out, of all that ended, per {grid.unit}",
            series=(Series("failures", "Failure rate", rates),),
            on_axis=lambda value: f"{value:g}\N{NO-BREAK SPACE}%",
            in_text=lambda value: percent(value, 100),
            whole=False,
            note=f"Not counted: {number(statuses.get('cancelled', 0))} cancelled, "
            f"{number(statuses.get('abandoned', 0))} abandoned.",
        ),
    )


def _volume(overview: Overview, grid: Grid) -> Chart:
    events, enforcements = (
        fill(grid, overview.events),
        fill(grid, overview.enforcements),
    )
    return line_chart(
        grid,
        Plan(
            name="volume",
            title="Events and enforcements",
            summary=f"Created per {grid.unit}"
            + (", of all actions" if overview.action_ref else ""),
            series=(
                Series("events", "Events", events, number(sum(events))),
                Series(
                    "enforcements",
                    "Enforcements",
                    enforcements,
                    number(sum(enforcements)),
                ),
            ),
        ),
    )


def _worker_line(worker: WorkerHealth, now: datetime) -> WorkerLine:
    last = worker.last_heartbeat
    is_silent = last is None or now - last >= HEARTBEAT_LIMIT
    if worker.is_healthy:
        state, mood = "healthy", "good"
    elif worker.status == "inactive":
        state, mood = "inactive", ""
    elif is_silent and worker.status != "error":
        state, mood = f"silent, {worker.status}", "bad"
    else:
        state, mood = worker.status, "bad" if worker.status == "error" else ""
    return WorkerLine(
        id=worker.id,
        name=worker.name,
        role=worker.worker_role,
        type=worker.worker_type,
        state=state,
        mood=mood,
        heartbeat="never" if last is None else age(now - last),
    )


def _action_lines(actions: tuple[ActionTotals, ...]) -> tuple[ActionLine, ...]:
    most = max((each.executions for each in actions), default=0) or 1
    return tuple(
        ActionLine(
            action_ref=each.action_ref,
            executions=number(each.executions),
            share=f"{100 * each.executions / most:.1f}%",
            failure_rate=percent(
                each.failed + each.timeout,
                each.completed + each.failed + each.timeout,
            ),
            ended=number(each.completed + each.failed + each.timeout),
        )
        for each in actions
    )
