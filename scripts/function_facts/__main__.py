"""Attacks the functions of the servers that are named by their URLs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from datalayer.codegen.inference.facts import FILE
from datalayer.server import scratch_database
from function_facts.calls import open_attacked
from function_facts.report import Report, attack_server, render_facts

_FACTS = Path(__file__).parents[2] / "src/datalayer/codegen/inference" / FILE


def main() -> int:
    """Write the facts, and fail when the table of builtins.py is contradicted."""
    arguments = _arguments()
    report = Report()
    for url in arguments.urls:
        with scratch_database(url) as scratch, open_attacked(scratch) as connection:
            attack_server(connection, report, arguments.calls)
    text = "".join(f"{line}\n" for line in render_facts(report))
    is_new = text != _FACTS.read_text("utf-8")
    if not arguments.dry_run:
        _FACTS.write_text(text, "utf-8")
    for line in report.wrong:
        sys.stdout.write(f"contradicts builtins.py: {line}\n")
    for line in report.missing:
        sys.stdout.write(f"builtins.py could say: {line}\n")
    sys.stdout.write(f"{FILE} {'changed' if is_new else 'is the same'}\n")
    return 1 if report.wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/facts",
        description="Call PostgreSQL's strict functions with boundary values, and"
        " write which gave NULL. Name one server for each major version: a fact is"
        " what holds on all of them.",
    )
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument(
        "--calls", type=int, default=600, help="at most so many for a function"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only say what would change"
    )
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
