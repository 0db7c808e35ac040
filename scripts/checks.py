"""The checks of this repository and how they are run and reported."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Check:
    """A command that exits with 0 when all is well."""

    name: str
    #: A module and its arguments, or the path of a program.
    command: tuple[str, ...]
    remedy: str = ""
    needs_server: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check said."""

    check: Check
    passed: bool
    output: str
    seconds: float


#: The slowest first, so that the quick ones fill the gaps.
CHECKS = (
    Check("mypy", ("mypy",)),
    Check("pyright", ("pyright",)),
    Check(
        "stale",
        ("datalayer", "check"),
        remedy="scripts/regen",
        needs_server=True,
    ),
    Check(
        "sqlfluff",
        ("sqlfluff", "lint", "queries", "migrations"),
        remedy=".venv/bin/sqlfluff fix queries migrations",
    ),
    Check("docs", ("pytest", "-q", "-p", "no:randomly", "tests/unit/test_docs.py")),
    # Its cache remembers modules that were new when it looked.
    Check("imports", (f"{BIN}/lint-imports", "--no-cache")),
    Check(
        "twins",
        ("scripts/async_to_sync.py", "--check"),
        remedy="scripts/regen",
    ),
    Check("ruff", ("ruff", "check"), remedy=".venv/bin/ruff check --fix"),
    Check("format", ("ruff", "format", "--check"), remedy=".venv/bin/ruff format"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks that the command line asks for; return 1 when one fails."""
    options = _parser().parse_args(arguments)
    chosen = [
        check
        for check in CHECKS
        if (not options.names or check.name in options.names)
        and not (options.fast and check.needs_server)
    ]
    started = time.monotonic()
    console = Console(highlight=False, soft_wrap=True)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        outcomes = list(pool.map(_run, chosen))
    _report(console, outcomes, time.monotonic() - started)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/check", description=__doc__)
    parser.add_argument(
        "--fast", action="store_true", help="only the checks that need no server"
    )
    names = [check.name for check in CHECKS]
    parser.add_argument(
        "names",
        nargs="*",
        # argparse would compare the default, an empty list, with the choices.
        choices=[*names, []],
        metavar="NAME",
        help=f"of {', '.join(names)}; default: all",
    )
    return parser


def _run(check: Check) -> Outcome:
    started = time.monotonic()
    result = subprocess.run(
        _command_line(check),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    seconds = time.monotonic() - started
    return Outcome(check, result.returncode == 0, result.stdout, seconds)


def _command_line(check: Check) -> list[str]:
    program, *arguments = check.command
    if program.startswith(str(BIN)):
        return [program, *arguments]
    if program.endswith(".py"):
        return [sys.executable, program, *arguments]
    return [sys.executable, "-m", program, *arguments]


def _report(console: Console, outcomes: Sequence[Outcome], seconds: float) -> None:
    failed = [outcome for outcome in outcomes if not outcome.passed]
    for outcome in failed:
        console.rule(f"[bold red]{outcome.check.name}", align="left")
        console.print(outcome.output.strip(), markup=False)
        if outcome.check.remedy:
            console.print(f"  help: {outcome.check.remedy}", markup=False)
        console.print()
    table = Table("check", "result", "seconds", box=None)
    table.columns[2].justify = "right"
    for outcome in outcomes:
        result = "[green]passed" if outcome.passed else "[bold red]failed"
        table.add_row(outcome.check.name, result, f"{outcome.seconds:.1f}")
    console.print(table)
    verdict = f"{len(failed)} of {len(outcomes)} failed" if failed else "all passed"
    console.print(f"{verdict} in {seconds:.0f} s")


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
