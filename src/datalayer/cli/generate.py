"""`datalayer generate` and `datalayer check`."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datalayer import project
from datalayer.cli.findings import (
    Format,
    FormatOption,
    findings_as_data,
    print_findings,
    told_as,
)
from datalayer.cli.output import console, messages, print_json
from datalayer.config import load_config

if TYPE_CHECKING:
    from datalayer.codegen.pipeline import Generated
    from datalayer.project import CheckReport

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


class ProfileName(StrEnum):
    """A profile that can be checked."""

    NATIVE = "native"
    TIMESCALEDB = "timescaledb"


Profiles = Annotated[
    list[ProfileName] | None,
    typer.Option(
        "--profile",
        help="Check under this profile; repeatable. Default: each that the migrations "
        "have variants for.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Same as `--format json`.")]


def generate(
    folder: ProjectFolder = None,
    server_url: ServerUrl = None,
    form: FormatOption = Format.TEXT,
    as_json: Json = False,
) -> None:
    """Write the typed modules of a project's query files.

    Builds a scratch database with the project's migrations, lets it judge every query,
    and writes the modules that changed. Writes nothing when anything is wrong: exit 1.
    """
    form = Format.JSON if as_json else form
    with told_as(form), messages.status("generating"):
        config = load_config(folder)
        generated, report = project.generate(config, server_url=server_url)
    if form is Format.JSON:
        print_json(
            {
                "queries": len(generated.shapes),
                "written": report.written,
                "removed": report.removed,
                "findings": findings_as_data(generated.findings),
            }
        )
        return
    print_findings(generated.findings, form)
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
    profiles: Profiles = None,
    form: FormatOption = Format.TEXT,
    as_json: Json = False,
) -> None:
    """Fail with a diff when a generated module is stale; write nothing.

    Where migrations have variants, each profile must generate the same modules.
    Exit 0: all is as generated. Exit 1: something is stale, or a query is wrong.
    """
    form = Format.JSON if as_json else form
    chosen = list(dict.fromkeys(str(profile) for profile in profiles or ()))
    with told_as(form), messages.status("checking"):
        config = load_config(folder)
        report = project.check(config, server_url=server_url, profiles=chosen)
    if form is Format.JSON:
        print_json(_check_as_data(report))
    else:
        _print_check(report, form)
    if not report.is_clean:
        _print_remedy(report)
        raise typer.Exit(1)


def _check_as_data(report: CheckReport) -> dict[str, object]:
    return {
        "queries": len(report.generated.shapes),
        "profiles": report.profiles,
        "stale": report.stale.paths,
        "differing": {name: d.paths for name, d in report.differences.items()},
        "findings": findings_as_data(report.findings),
    }


def _print_check(report: CheckReport, form: Format) -> None:
    print_findings(report.findings, form)
    for diff in (report.stale.diff, *(d.diff for d in report.differences.values())):
        if diff:
            console.print(diff.removesuffix("\n"), markup=False)
    if report.is_clean:
        shown = f" ({', '.join(report.profiles)})" if report.has_variants else ""
        console.print(f"up to date: {_count(report.generated)}{shown}")


def _print_remedy(report: CheckReport) -> None:
    count = len(report.stale.paths)
    if count:
        # Modules come from the first profile, `native` unless it was left out.
        first = report.profiles[0]
        where = "" if first == ProfileName.NATIVE else f" under profile {first}"
        messages.print(
            f"{count} stale module{'' if count == 1 else 's'}{where}: "
            "run `datalayer generate`",
            style="red",
        )
    for profile, difference in report.differences.items():
        for path in difference.paths:
            messages.print(f"{path} differs under profile {profile}", style="red")
        if difference.paths:
            messages.print(
                "  help: make the migrations of both profiles agree, or say in the "
                "query what holds under both, as `-- @column name not null`"
            )


def _count(generated: Generated) -> str:
    count = len(generated.shapes)
    return f"{count} {'query' if count == 1 else 'queries'}"
