"""`scripts/bench`: choose a measurement, run it, print what it found."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from benchmarks import (
    artifacts,
    conversations,
    history,
    loop,
    nullability,
    queries,
    queue,
)
from benchmarks.arguments import positive
from benchmarks.report import Report, as_data, print_report
from datalayer.errors import DataLayerError
from progress import telling

#: By name: what it measures, how many rows it takes by default, and how it runs.
BENCHMARKS: dict[str, tuple[str, int, Callable[..., Report]]] = {
    "artifacts": (
        "lookup by column against JSONB, chains, generation",
        1_000_000,
        artifacts.run,
    ),
    "conversations": (
        "storing requests, plans at millions of them, import, cost of indexes",
        5_000_000,
        conversations.run,
    ),
    "history": (
        "history triggers, reads, rollups, compression",
        10_000_000,
        history.run,
    ),
    "loop": (
        "from saving a query to its module, and a project in which nothing changed",
        200,
        loop.run,
    ),
    "nullability": (
        "conclusions about NULL against confirmed truth, on PostgreSQL 16, 17 and 18",
        100_000,
        nullability.run,
    ),
    "queries": (
        "optional filters, pages, nested results, many rows",
        1_000_000,
        queries.run,
    ),
    "queue": (
        "jobs a second, latency and growth of the queue",
        1_000_000,
        queue.run,
    ),
}
#: What a measurement understands beside that.
OPTIONS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "conversations": conversations.add_options,
    "history": history.add_options,
    "nullability": nullability.add_options,
    "queue": queue.add_options,
}
#: What is not timed in rounds.
_WITHOUT_ROUNDS = {"nullability"}
#: What all of them understand.
_COMMON = {"json", "name", "rows"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one measurement; return 0 unless it failed or could not be made."""
    options = _parser().parse_args(arguments)
    _, rows, run = BENCHMARKS[options.name]
    own = {k: v for k, v in vars(options).items() if k not in _COMMON}
    try:
        with telling() as say:
            report = run(rows=options.rows or rows, say=say, **own)
    except DataLayerError as error:
        sys.stderr.write(f"scripts/bench: {error}\n")
        return 1
    if options.json:
        sys.stdout.write(json.dumps(as_data(report), indent=2) + "\n")
    else:
        print_report(Console(highlight=False), report)
    return int(report.failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure on real data, in interleaved rounds.",
    )
    commands = parser.add_subparsers(dest="name", metavar="NAME", required=True)
    for name, (description, rows, _) in BENCHMARKS.items():
        command = commands.add_parser(name, help=description, description=description)
        command.add_argument(
            "--rows", type=positive, metavar="N", help=f"default: {rows:,}"
        )
        if name not in _WITHOUT_ROUNDS:
            command.add_argument(
                "--rounds", type=positive, default=15, metavar="N", help="default: 15"
            )
        command.add_argument("--json", action="store_true", help="print JSON")
        if name in OPTIONS:
            OPTIONS[name](command)
    return parser


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        raise SystemExit(130) from None
