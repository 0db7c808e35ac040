"""What a measurement found, as a report for people or as JSON."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.measure import Timing

#: From this width on a table with the names of the contenders fits.
_WIDE = 76


@dataclass(frozen=True, slots=True)
class Goal:
    """What was hoped for, and whether it was reached."""

    text: str
    reached: bool


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
class Report:
    """Everything one run found."""

    title: str
    #: What was measured on: sizes and versions, by name.
    conditions: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    #: The command that repeats it.
    command: str


def as_data(report: Report) -> dict[str, object]:
    """Return a report as JSON can hold it, with the ratios worked out."""
    data = dataclasses.asdict(report) | {"conditions": dict(report.conditions)}
    for section, target in zip(report.sections, data["sections"], strict=True):
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
        _print_section(console, section)
    console.print(
        "\nMedians of interleaved rounds; only the ratios mean anything elsewhere."
    )
    console.print(Text(f"Again: {report.command}"))


def _print_section(console: Console, section: Section) -> None:
    console.print(Text(section.title, style="bold"))
    if console.width < _WIDE:
        for timing in section.timings:
            console.print(
                Text(f"{timing.name}\n    {'  '.join(_cells(section, timing))}")
            )
    else:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("")
        for header in ("median", "range", "faster"):
            table.add_column(header, justify="right", no_wrap=True)
        for timing in section.timings:
            table.add_row(timing.name, *_cells(section, timing))
        console.print(table)
    if section.note:
        console.print(Text(section.note, style="dim"))
    if section.goal is not None:
        reached = section.goal.reached
        console.print(
            Text(
                f"goal: {section.goal.text}: {'reached' if reached else 'missed'}",
                style="green" if reached else "bold red",
            )
        )
    for plan in section.plans:
        console.print(Text(f"plan of {plan.name}:", style="dim"))
        # A plan is read by its indentation: cut lines would be worse than long ones.
        console.print(
            Text("\n".join(f"  {line}" for line in plan.lines)), soft_wrap=True
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
        if seconds * factor >= 1:
            return f"{_significant(seconds * factor)} {unit}"
    return f"{_significant(seconds * 1e6)} µs"


def _significant(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:#.3g}".rstrip(".")
