"""`scripts/chaos`: let workers and their server fail, and judge what came of it."""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from datalayer.errors import DataLayerError
from fault_injection.judge import judge
from fault_injection.mutants import MUTANTS
from fault_injection.plan import Settings, make_plan
from fault_injection.report import Report, as_data, print_report
from fault_injection.running import run
from fault_injection.server import work_folder
from progress import telling

_TERMINATED = 143


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once; return 0 when no law was broken."""
    options = _parser().parse_args(arguments)
    settings = Settings(
        seconds=options.seconds,
        workers=options.workers,
        jobs=options.jobs,
        seed=secrets.randbits(31) if options.seed is None else options.seed,
        mutant=options.mutant,
    )
    # Known before anything can go wrong.
    sys.stderr.write(f"seed {settings.seed}\n")
    try:
        report = try_out(settings, options.keep)
    except DataLayerError as error:
        sys.stderr.write(f"scripts/chaos: {error}\n")
        return 1
    if options.json:
        sys.stdout.write(json.dumps(as_data(report), indent=2) + "\n")
    else:
        print_report(Console(highlight=False), report)
    return 1 if report.violations else 0


def try_out(settings: Settings, keep: Path | None = None) -> Report:
    """Make the plan of a seed, run it, and judge it; keep the logs of all processes."""
    with telling() as say, work_folder(keep) as folder:
        found = run(settings, make_plan(settings), folder, say)
        return Report(settings, found, tuple(judge(found.evidence)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/chaos",
        description="Let workers do jobs while they are killed and stopped, their "
        "connections ended and the server restarted; then check that every job was "
        "done exactly once in effect.",
        epilog="Exit code: 0 no law was broken; 1 one was, or the run could not be "
        "made; 2 wrong usage; 130 interrupted.",
    )
    parser.add_argument(
        "--seconds",
        type=_positive,
        default=30,
        metavar="N",
        help="for how long faults are injected; default: 30",
    )
    parser.add_argument(
        "--workers", type=_positive, default=4, metavar="N", help="default: 4"
    )
    parser.add_argument(
        "--jobs", type=_positive, default=2000, metavar="N", help="default: 2000"
    )
    parser.add_argument(
        "--seed",
        type=int,
        metavar="S",
        help="repeats the plan of a run, which its first line names",
    )
    parser.add_argument(
        "--mutant",
        choices=sorted(MUTANTS),
        default="",
        metavar="NAME",
        help=f"break it, to see that it is noticed: {', '.join(sorted(MUTANTS))}",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep the logs of the workers and of the server in a folder",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return int(text)


def _end(_number: int, _frame: object) -> None:
    # As an exception, so that no process is left behind.
    raise SystemExit(_TERMINATED)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, _end)
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: its server and its workers are gone\n")
        raise SystemExit(130) from None
