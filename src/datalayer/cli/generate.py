"""`datalayer generate` and `datalayer check`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datalayer import project
from datalayer.cli.output import console, messages, print_json
from datalayer.config import load_config

if TYPE_CHECKING:
    from datalayer.codegen.pipeline import Generated

ProjectFolder = Annotated[
    Path | None,
    typer.Option(
        "--project",
        help="A folder of the project. Default: the working folder.",
        exists=True,
        file_okay=False,
    ),
]
ServerUrl = Annotated[
    str | None,
    typer.Option(
        "--server-url",
        envvar="DATALAYER_SCRATCH_URL",
        help="A PostgreSQL 16 or newer to make a scratch database on. "
        "Default: a throw-away embedded server.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def generate(
    folder: ProjectFolder = None,
    server_url: ServerUrl = None,
    as_json: Json = False,
) -> None:
    """Write the typed modules of a project's query files.

    Builds a scratch database with the project's migrations, lets it judge every query,
    and writes the modules that changed. Writes nothing when anything is wrong: exit 1.
    """
    config = load_config(folder)
    with messages.status("generating"):
        generated, report = project.generate(config, server_url=server_url)
    if as_json:
        print_json(
            {
                "queries": len(generated.shapes),
                "written": report.written,
                "removed": report.removed,
                "findings": _findings(generated),
            }
        )
        return
    _print_findings(generated)
    output = os.path.relpath(config.output, config.root)
    for path in report.written:
        console.print(f"wrote {output}/{path}", markup=False)
    for path in report.removed:
        console.print(f"removed {output}/{path}", markup=False)
    changed = len(report.written) + len(report.removed)
    console.print(
        f"{_count(generated)}, {len(generated.modules)} modules, {changed} changed"
    )


def check(
    folder: ProjectFolder = None,
    server_url: ServerUrl = None,
    as_json: Json = False,
) -> None:
    """Fail with a diff when a generated module is stale; write nothing.

    Exit 0: all is as generated. Exit 1: something is stale, or a query is wrong.
    """
    config = load_config(folder)
    with messages.status("checking"):
        generated, report = project.check(config, server_url=server_url)
    if as_json:
        print_json(
            {
                "queries": len(generated.shapes),
                "stale": report.paths,
                "findings": _findings(generated),
            }
        )
    else:
        _print_findings(generated)
        console.print(report.diff, markup=False, end="")
    if report.paths:
        count = len(report.paths)
        messages.print(
            f"{count} stale module{'' if count == 1 else 's'}: "
            "run `datalayer generate`",
            style="red",
        )
        raise typer.Exit(1)
    if not as_json:
        console.print(f"up to date: {_count(generated)}")


def _count(generated: Generated) -> str:
    count = len(generated.shapes)
    return f"{count} {'query' if count == 1 else 'queries'}"


def _findings(generated: Generated) -> list[dict[str, object]]:
    return [
        {"location": str(f.location), "message": f.message, "help": f.help}
        for f in generated.findings
    ]


def _print_findings(generated: Generated) -> None:
    for finding in generated.findings:
        messages.print(
            f"{finding.location}: note: {finding.message}", markup=False, style="yellow"
        )
        if finding.help:
            messages.print(f"  help: {finding.help}", markup=False)
