"""What a measurement found, as a report for people or as JSON."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from benchmarks.measure import Timing

#: From this width on a table with the names of the contenders fits.
_WIDE = 76


@dataclass(frozen=True, slots=True)
class Goal:
    """What was hoped for, and whether it was reached."""

    text: str
    reached: bool
    #: Whether the run fails where it is missed.
    required: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a contender's query."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Contenders for the same work; the last one is the peer of the others."""

    title: str
    timings: tuple[Timing, ...]
    plans: tuple[Plan, ...] = ()
    goal: Goal | None = None
    #: What a reader should know before believing the ratio.
    note: str = ""

    @property
    def peer(self) -> Timing:
        """Return what the others are compared with."""
        return self.timings[-1]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of seconds (`s`), bytes (`B`), anything (`#`), of it a second (`/s`),
    a share (`%`), or a ratio.
    """

    value: float
    unit: str = "x"

    def __str__(self) -> str:
        """Return it with three significant digits and a fitting unit."""
        if self.unit == "s":
            return duration(self.value)
        if self.unit == "B":
            return size(self.value)
        if self.unit in ("#", "/s"):
            return f"{self.value:,.0f}{self.unit.removeprefix('#')}"
        if self.unit == "%":
            return f"{self.value:.1f}%"
        return f"{_significant(self.value)}x"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: what was measured, in the order of the columns."""

    name: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Several kinds of work (rows) by several contenders (columns)."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    goals: tuple[Goal, ...] = ()
    note: str = ""
    plans: tuple[Plan, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one run found."""

    title: str
    #: What was measured on: sizes and versions, by name.
    conditions: tuple[tuple[str, str], ...]
    sections: tuple[Section | Table, ...]
    #: The command that repeats it.
    command: str
    #: How to take the figures.
    closing: str = (
        "Medians of interleaved rounds; only the ratios mean anything elsewhere."
    )

    @property
    def failed(self) -> bool:
        """Return whether a goal was missed that is required."""
        return any(
            goal.required and not goal.reached
            for section in self.sections
            if isinstance(section, Table)
            for goal in section.goals
        )


def as_data(report: Report) -> dict[str, object]:
    """Return a report as JSON can hold it, with the ratios worked out."""
    data = dataclasses.asdict(report) | {"conditions": dict(report.conditions)}
    for section, target in zip(report.sections, data["sections"], strict=True):
        if isinstance(section, Table):
            continue
        for timing, entry in zip(section.timings, target["timings"], strict=True):
            entry["times_faster_than_peer"] = section.peer.median / timing.median
    return data


def print_report(console: Console, report: Report) -> None:
    """Print a report with its plans; narrow terminals get wrapped cells."""
    console.print(Text(report.title, style="bold"))
    for name, value in report.conditions:
        console.print(Text(f"  {name}: {value}"))
    for section in report.sections:
        console.print()
        if isinstance(section, Table):
            _print_table(console, section)
        else:
            _print_section(console, section)
    console.print(f"\n{report.closing}")
    console.print(Text(f"Again: {report.command}"))


def _print_section(console: Console, section: Section) -> None:
    console.print(Text(section.title, style="bold"))
    if console.width < _WIDE:
        for timing in section.timings:
            console.print(
                Text(f"{timing.name}\n    {'  '.join(_cells(section, timing))}")
            )
    else:
        table = Grid(box=None, pad_edge=False, header_style="dim")
        table.add_column("")
        for header in ("median", "range", "faster"):
            table.add_column(header, justify="right", no_wrap=True)
        for timing in section.timings:
            table.add_row(timing.name, *_cells(section, timing))
        console.print(table)
    if section.note:
        console.print(Text(section.note, style="dim"))
    if section.goal is not None:
        _print_goal(console, section.goal)
    _print_plans(console, section.plans)


def _print_plans(console: Console, plans: Sequence[Plan]) -> None:
    # Indentation is half of a plan.
    folded = _has_edge(console)
    for plan in plans:
        console.print(Text(f"plan of {plan.name}:", style="dim"))
        console.print(
            Text("\n".join(f"  {line}" for line in plan.lines)),
            overflow="fold" if folded else "ignore",
            soft_wrap=not folded,
        )


def _print_table(console: Console, section: Table) -> None:
    console.print(Text(section.title, style="bold"))
    table = Grid(box=None, pad_edge=False, header_style="dim")
    table.add_column("")
    for column in section.columns:
        table.add_column(column, justify="right", no_wrap=True)
    for row in section.rows:
        table.add_row(row.name, *map(str, row.figures))
    _print_grid(console, table, section)
    if section.note:
        note = Text(section.note, style="dim")
        console.print(note, soft_wrap=not _has_edge(console))
    for goal in section.goals:
        _print_goal(console, goal)
    _print_plans(console, section.plans)


def _print_grid(console: Console, grid: Grid, table: Table) -> None:
    unbounded = console.options.update(max_width=1_000_000)
    width = console.measure(grid, options=unbounded).maximum
    if width <= console.width:
        console.print(grid)
    elif not _has_edge(console):
        Console(file=console.file, width=width, highlight=False).print(grid)
    else:
        for row in table.rows:
            console.print(Text(row.name))
            for column, figure in zip(table.columns, row.figures, strict=True):
                console.print(Text(f"    {column}: {figure}"))


def _has_edge(console: Console) -> bool:
    """Return whether lines end somewhere: in a pipe only where COLUMNS says so."""
    return console.is_terminal or "COLUMNS" in os.environ


def _print_goal(console: Console, goal: Goal) -> None:
    console.print(
        Text(
            f"goal: {goal.text}: {'reached' if goal.reached else 'missed'}",
            style="green" if goal.reached else "bold red",
        )
    )


def _cells(section: Section, timing: Timing) -> tuple[str, str, str]:
    ratio = f"{_significant(section.peer.median / timing.median)}x"
    return (
        duration(timing.median),
        f"{duration(timing.fastest)}-{duration(timing.slowest)}",
        "peer" if timing is section.peer else ratio,
    )


def duration(seconds: float) -> str:
    """Return a time with three significant digits and a fitting unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if abs(seconds) * factor >= 1:
            return f"{_significant(seconds * factor)} {unit}"
    return f"{_significant(seconds * 1e6)} µs"


def size(amount: float) -> str:
    """Return a number of bytes with three significant digits and a fitting unit."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if amount >= factor:
            return f"{_significant(amount / factor)} {unit}"
    return f"{_significant(amount)} B"


def _significant(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.3g}".rstrip(".")
