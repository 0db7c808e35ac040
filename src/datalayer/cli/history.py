"""`datalayer history`: begin the history of a table, or check those there are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from datalayer.cli.generate import Json, ProjectFolder, ServerUrl
from datalayer.cli.output import console, messages, print_json
from datalayer.config import load_config
from datalayer.history import HistoryOptions, plan_history, write_history

if TYPE_CHECKING:
    from pathlib import Path

    from datalayer.history import AddedHistory

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
