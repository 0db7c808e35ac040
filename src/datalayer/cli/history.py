"""`datalayer history`: begin the history of a table, or check those there are."""

from __future__ import annotations

import os
import textwrap
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from datalayer.cli.generate import Json, ProjectFolder, ServerUrl
from datalayer.cli.migrate import DatabaseUrl
from datalayer.cli.output import console, messages, print_json
from datalayer.config import load_config
from datalayer.history import (
    HistoryOptions,
    check_histories,
    plan_history,
    write_history,
)
from datalayer.server import acquire_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from datalayer.history import AddedHistory, CheckedHistory, HistoryReport

app = typer.Typer(
    help="Keep the history of tables, field by field, and check that it is true.",
    no_args_is_help=True,
)

Columns = list[str] | None


@app.command()
def add(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="May name a schema.")],
    track: Annotated[
        Columns,
        typer.Option(metavar="A,B", help="Columns whose changes are recorded."),
    ] = None,
    digest: Annotated[
        Columns,
        typer.Option(
            metavar="C", help="Tracked columns of which only a digest is recorded."
        ),
    ] = None,
    initial: Annotated[
        Columns,
        typer.Option(metavar="D", help="Columns that are recorded at INSERT only."),
    ] = None,
    ignore: Annotated[
        Columns, typer.Option(metavar="E,F", help="Columns that are not recorded.")
    ] = None,
    ref: Annotated[
        str | None,
        typer.Option(metavar="G", help="The column by which people name a row."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="H", help="The column that tells rows apart. Default: primary key."
        ),
    ] = None,
    retain: Annotated[
        str | None,
        typer.Option(
            metavar="'90 days'", help="How long history is kept. Default: for ever."
        ),
    ] = None,
    step: Annotated[
        str,
        typer.Option(
            metavar="'1 day'", help="How much time one partition or chunk is about."
        ),
    ] = "1 day",
    profile: Annotated[
        str | None,
        typer.Option(help="native, timescaledb or both. Default: as the project has."),
    ] = None,
    component: Annotated[
        str | None,
        typer.Option(help="For the migration. Default: the one that has the table."),
    ] = None,
    grant: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE", help="Let a role read the history; repeatable."),
    ] = None,
    folder: ProjectFolder = None,
    server_url: ServerUrl = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the migration, write nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the migration that records every change of a table, field by field.

    Every column must be named: tracked, recorded at INSERT, or ignored. Names are
    separated by commas, or the option is repeated. The project's migrations build a
    scratch database, where the table is looked at and the new migration is tried.
    """
    if profile not in (None, "native", "timescaledb", "both"):
        raise typer.BadParameter(
            "it is native, timescaledb or both", param_hint="--profile"
        )
    config = load_config(folder)
    options = HistoryOptions(
        table=table,
        track=tuple(track or ()),
        digest=tuple(digest or ()),
        initial=tuple(initial or ()),
        ignore=tuple(ignore or ()),
        ref=ref,
        key=key,
        retain=retain,
        step=step,
        profile=profile,
        component=component,
        grants=tuple(grant or ()),
    )
    with messages.status("looking at the table"):
        added = plan_history(config.migrations, options, server_url=server_url)
    if not dry_run:
        write_history(added)
    if as_json:
        print_json(_added_as_data(added, config.root))
    else:
        _print_added(added, config.root, dry_run=dry_run)


@app.command()
def check(
    tables: Annotated[
        list[str] | None,
        typer.Argument(metavar="TABLE", help="Only the histories of these tables."),
    ] = None,
    database_url: DatabaseUrl = None,
    sample: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Compare N random rows of each table, not all."
        ),
    ] = None,
    trust: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE", help="Let a role be able to forge; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Find what makes the histories of a database untrue, or could; change nothing.

    Columns that nobody declared, triggers that are missing, disabled or late, a
    function that was changed, roles that can forge, and rows that differ from their
    history.

    Exit 0: nothing is wrong. Exit 1: something is. Exit 2: wrong usage.
    """
    handle = acquire_server(database_url)
    try:
        with _progress(as_json) as show:
            report = check_histories(
                handle.url,
                tables=tuple(tables or ()),
                sample=sample,
                trusted=frozenset(trust or ()),
                report=show,
            )
    finally:
        handle.close()
    if as_json:
        print_json(_report_as_data(report))
    else:
        _print_report(report)
    raise typer.Exit(0 if report.is_clean else 1)


@contextmanager
def _progress(as_json: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Yield what shows how far the comparison is, on a terminal only."""
    if as_json or not messages.is_terminal:
        yield lambda table, done, total: None
        return
    with messages.status("reading the catalog") as line:
        yield lambda table, done, total: line.update(
            f"comparing {table}: {done:,} of about {total:,} rows"
        )


def _print_report(report: HistoryReport) -> None:
    if not report.histories:
        console.print("no history: begin one with `datalayer history add`")
    for history in report.histories:
        _print_history(history)


def _print_history(history: CheckedHistory) -> None:
    wrong = sum(not finding.is_note for finding in history.findings)
    found = f"{wrong} finding{'' if wrong == 1 else 's'}" if wrong else "clean"
    rows = f"{history.compared:,} row{'' if history.compared == 1 else 's'} compared"
    console.print(f"{history.table}: {found}, {rows}", markup=False)
    for finding in history.findings:
        label = f"note {finding.kind}" if finding.is_note else finding.kind
        _print_wrapped(f"  {label}: ", finding.message, "    ")
        if finding.help:
            _print_wrapped("    help: ", finding.help, "      ")


def _print_wrapped(label: str, text: str, indent: str) -> None:
    """Print whole lines into a pipe, and as wide as the terminal is elsewhere."""
    lines = [label + text]
    if console.is_terminal:
        lines = textwrap.wrap(
            label + text,
            max(console.width, 20),
            subsequent_indent=indent,
            break_on_hyphens=False,
        )
    for line in lines:
        console.print(line, markup=False)


def _report_as_data(report: HistoryReport) -> dict[str, object]:
    return {
        "is_clean": report.is_clean,
        "histories": [asdict(history) for history in report.histories],
    }


def _print_added(added: AddedHistory, root: Path, *, dry_run: bool) -> None:
    if dry_run:
        for file in added.migrations:
            if len(added.migrations) > 1:
                messages.print(f"{_shown(file.path, root)}:", markup=False)
            console.print(file.text, markup=False, end="")
        return
    if added.maintenance:
        console.print(
            "the history needs the component `maintenance`, which was missing",
            markup=False,
        )
    for file in (*added.maintenance, *added.migrations):
        console.print(f"wrote {_shown(file.path, root)}", markup=False)
    if len(added.migrations) > 1:
        found = "a hypertable" if added.is_hypertable else "no hypertable"
        console.print(f"under timescaledb the table is taken for {found}")
    console.print("read it, then apply it: datalayer migrate up", markup=False)


def _added_as_data(added: AddedHistory, root: Path) -> dict[str, object]:
    return {
        "migrations": [
            {"path": _shown(file.path, root), "text": file.text}
            for file in added.migrations
        ],
        "maintenance": [_shown(file.path, root) for file in added.maintenance],
        "is_hypertable": added.is_hypertable,
    }


def _shown(path: Path, root: Path) -> str:
    return os.path.relpath(path, root)
