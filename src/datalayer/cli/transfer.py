"""`datalayer migrate transfer`: move a database to another server or profile."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datalayer.cli.output import (
    console,
    messages,
    print_error,
    print_json,
    problems_as_data,
    show_moment,
)
from datalayer.config import migrations_folder
from datalayer.errors import DataLayerError
from datalayer.migrate.transfer import (
    Copying,
    Refreshing,
    RelationTransferred,
    TableTransferred,
)
from datalayer.migrate.transfer import transfer as run_transfer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.status import Status

    from datalayer.migrate.transfer import TransferEvent, TransferReport

DONE, PROBLEM, INTERRUPTED = 0, 1, 130
EXIT_CODES = (
    "Exit codes: 0 all arrived; 1 an error; 130 interrupted by Ctrl-C: run it again. "
    "The source is never written."
)


def transfer(
    source: Annotated[
        str, typer.Option("--from", metavar="URL", help="The database to leave.")
    ],
    target: Annotated[
        str, typer.Option("--to", metavar="URL", help="The database to move to.")
    ],
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Default: `migrations` of the project, else those this package ships."
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="native or timescaledb, for an empty target. Default: by its server."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Copy every row to another database, which may have another profile.

    An empty target is migrated first. The tables arrive in one transaction, compared
    by count and checksum; then the hourly relations are completed.
    """
    with _exit_code(as_json), _progress(silent=as_json) as show:
        report = run_transfer(
            source, target, migrations_folder(folder), profile=profile, report=show
        )
    if as_json:
        print_json({"exit_code": DONE, **asdict(report), "problems": []})
        return
    console.print(_summary(report))


@contextmanager
def _exit_code(as_json: bool) -> Iterator[None]:
    """Print an error, and end with the exit code that tells its kind."""
    try:
        yield
    except DataLayerError as error:
        if as_json:
            problems = problems_as_data(error)
            print_json({"exit_code": PROBLEM, "problems": problems})
        else:
            print_error(error)
        raise typer.Exit(PROBLEM) from None
    except KeyboardInterrupt:
        messages.print("interrupted: run it again; the source is as it was")
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def _progress(*, silent: bool) -> Iterator[Callable[[TransferEvent], None]]:
    """Yield what shows events: nothing, a moving line on a terminal, or plain lines."""
    if silent:
        yield lambda _: None
        return
    is_terminal = console.is_terminal
    with console.status("comparing") if is_terminal else nullcontext() as line:
        yield lambda event: _show(event, line)


def _show(event: TransferEvent, line: Status | None) -> None:
    match event:
        case Copying(table, rows):
            show_moment(f"copying {table}: {rows:,} rows", line)
        case Refreshing(relation):
            show_moment(f"computing {relation}", line)
        case TableTransferred(table, rows, checksum, was_there):
            text = "was there" if was_there else "copied"
            console.print(
                f"{text} {table}: {rows:,} rows, checksum {checksum}", markup=False
            )
        case RelationTransferred(relation, kept):
            console.print(
                f"completed {relation}: {kept:,} buckets without raw rows", markup=False
            )


def _summary(report: TransferReport) -> str:
    rows = sum(table.rows for table in report.tables)
    return (
        f"{rows:,} rows of {len(report.tables)} tables are in the target "
        f"({report.source_profile} to {report.target_profile})"
    )
