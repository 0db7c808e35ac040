"""How the command line speaks: tables, JSON, errors and exit codes."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from datalayer.errors import LocatedError, ProblemsFound

if TYPE_CHECKING:
    from rich.status import Status
    from rich.table import Table

    from datalayer.errors import DataLayerError

#: Results go to standard output, everything else to standard error.
console = Console(highlight=False, soft_wrap=True)
messages = Console(stderr=True, highlight=False, soft_wrap=True)


def print_table(table: Table) -> bool:
    """Print a table with whole lines; return False where a terminal is too narrow.

    Whatever reads a pipe gets every line whole.
    """
    unbounded = console.options.update(max_width=1_000_000)
    width = max(1, console.measure(table, options=unbounded).maximum)
    if not console.is_terminal:
        Console(width=width, highlight=False).print(table)
        return True
    if width > console.width:
        return False
    console.print(table)
    return True


def print_json(value: object) -> None:
    """Print a value as JSON, with unknown types as text."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def print_error(error: DataLayerError) -> None:
    """Print an error as it is, without markup, to standard error."""
    # A place comes first on its line, so that editors can jump to it.
    located = isinstance(error, LocatedError | ProblemsFound)
    text = str(error) if located else f"error: {error}"
    messages.print(text, markup=False, style="red")


def show_moment(text: str, line: Status | None) -> None:
    """Show what goes on now: it may be overwritten where that is possible."""
    if line is None:
        messages.print(text, markup=False)
    else:
        line.update(Text(text))


def problems_as_data(error: DataLayerError | None) -> list[dict[str, object]]:
    """Return an error, or each of those it holds, for JSON; nothing for None."""
    if error is None:
        return []
    problems = error.problems if isinstance(error, ProblemsFound) else (error,)
    return [problem_as_data(problem) for problem in problems]


def problem_as_data(error: DataLayerError) -> dict[str, object]:
    """Return what an error says, and where, for JSON."""
    data: dict[str, object] = {
        "kind": type(error).__name__,
        "message": error.message,
        "help": error.help,
    }
    if isinstance(error, LocatedError):
        data |= asdict(error.location) | {"excerpt": error.excerpt}
        if error.used_by:
            data["used_by"] = error.used_by
    return data


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 step`, `2 steps`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def count_queries(number: int) -> str:
    """Return `1 query`, `2 queries`."""
    return f"{number} {'query' if number == 1 else 'queries'}"
