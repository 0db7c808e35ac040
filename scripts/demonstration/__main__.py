"""`scripts/demo`: show everything at work on the history of a JSON or TOML file."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

import datalayer
from datalayer.domains.artifacts import DEFAULT_MAX_DEPTH
from datalayer.server import use_server
from demonstration import acts
from demonstration.errors import DemoError
from demonstration.history import History, read_history
from demonstration.importing import import_history
from demonstration.report import Report, as_data, print_report

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a demo: a line of progress, and the time that each takes."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Callable[[], None]]:
        """Show and time a step; what it yields tells of one thing done."""
        task = self.progress.add_task(name, total=total)
        started = time.perf_counter()
        yield lambda: self.progress.advance(task)
        self.seconds[name] = time.perf_counter() - started
        self.progress.remove_task(task)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return 1 for bad input or a wrong document."""
    options = _parser().parse_args(arguments)
    with _progress() as progress:
        try:
            report = run(
                Steps(progress),
                repository=options.repo,
                file=options.file,
                max_depth=options.max_depth,
            )
        except (DemoError, datalayer.DataLayerError) as error:
            progress.stop()
            sys.stderr.write(f"scripts/demo: {error}\n")
            return 1
    if options.json:
        sys.stdout.write(json.dumps(as_data(report), indent=2) + "\n")
    else:
        print_report(Console(highlight=False), report)
    return 0 if report.passed else 1


def run(steps: Steps, *, repository: Path, file: str | None, max_depth: int) -> Report:
    """Put a history into a throw-away server, and look at it from all sides."""
    with steps.step("read"):
        history = read_history(repository, file)
    with ExitStack() as stack:
        with steps.step("server"):
            server = stack.enter_context(use_server())
            database = stack.enter_context(datalayer.open(server.url()))
        name = f"PostgreSQL {server.version}"
        return _show(steps, database, history, name, max_depth)


def _show(
    steps: Steps,
    database: datalayer.Database,
    history: History,
    server: str,
    max_depth: int,
) -> Report:
    with steps.step("migrate"):
        migrations = len(database.migrate().applied)
    with steps.step("import", len(history.revisions)) as advance:
        imported = import_history(
            database, history, max_depth=max_depth, advance=advance
        )
    with steps.step("verify", len(imported.stored)) as advance:
        wrong = acts.verify(database, imported.stored, advance)
    with steps.step("compact"):
        compacted = acts.compact_newest(database, imported)
    lookup = None
    if compacted is not None:
        with steps.step("lookup"):
            lookup = acts.look_up(database, compacted)
    with steps.step("tag"):
        tag_steps = acts.walk_tag(database, imported)
    return Report(
        history,
        server,
        migrations,
        imported,
        tuple(wrong),
        compacted,
        lookup,
        tuple(tag_steps),
        steps.seconds,
    )


def _progress() -> Progress:
    """Return a progress bar on standard error, which in a pipe shows nothing."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Import the git history of a JSON or TOML file into the artifacts "
        "domain on a throw-away PostgreSQL, check every revision against git, compact "
        "the chain, and move, undo and redo a tag.",
        epilog="Exit code: 0 all documents are what git has; 1 they are not, or the "
        "input is bad; 2 wrong usage; 130 interrupted.",
    )
    parser.add_argument(
        "--repo",
        type=Path,
        default=ROOT,
        metavar="PATH",
        help="a git repository, or a folder in one; default: this one",
    )
    parser.add_argument(
        "--file",
        metavar="FILE",
        help="a file in it; default: pyproject.toml, package.json, composer.json or "
        "Cargo.toml",
    )
    parser.add_argument(
        "--max-depth",
        type=_positive,
        default=DEFAULT_MAX_DEPTH,
        metavar="N",
        help=f"compact a chain of N patches before it grows; default: "
        f"{DEFAULT_MAX_DEPTH}",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return int(text)


def _guarded() -> int:
    """Run `main`; leave quietly when interrupted, or when nobody reads the output."""
    try:
        status = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: the throw-away server is gone\n")
        return 130
    except BrokenPipeError:
        # As rich does it; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


if __name__ == "__main__":
    raise SystemExit(_guarded())
