"""`datalayer generate` and `datalayer check`."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datalayer.cli.findings import (
    Format,
    FormatOption,
    findings_as_data,
    print_findings,
    told_as,
)
from datalayer.cli.output import console, count_queries, messages, print_json
from datalayer.config import load_config
from datalayer.last_run import Summary, remembered

if TYPE_CHECKING:
    from types import ModuleType

    from datalayer.codegen.rendering.writer import WriteReport
    from datalayer.config import Config
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
Offline = Annotated[
    bool,
    typer.Option(
        "--offline",
        help="Ask no server; what the folder `.datalayer` does not know is an error.",
    ),
]
Watched = Annotated[
    bool,
    typer.Option("--watch", help="Stay, and generate again whenever a file is saved."),
]
Json = Annotated[bool, typer.Option("--json", help="Same as `--format json`.")]


def generate(
    folder: ProjectFolder = None,
    server_url: ServerUrl = None,
    form: FormatOption = Format.TEXT,
    as_json: Json = False,
    watched: Watched = False,
) -> None:
    """Write the typed modules of a project's query files.

    Builds a scratch database with the project's migrations, lets it judge the queries
    that are not known from an earlier run, and writes the modules that changed. Writes
    nothing when anything is wrong: exit 1.
    """
    form = Format.JSON if as_json else form
    if watched:
        _watch(folder, server_url, form)
        return
    with told_as(form):
        config = load_config(folder)
        known = remembered(config) if server_url is None else None
        if known is not None:
            _print_generated(config, known, None, form)
            return
        with messages.status("generating"):
            generated, report = _project().generate(config, server_url=server_url)
    findings = generated.findings
    summary = Summary(len(generated.shapes), len(generated.modules), findings)
    _print_generated(config, summary, report, form)


def _project() -> ModuleType:
    """Import what an unchanged project does without."""
    from datalayer import project  # noqa: PLC0415 - half a second

    return project


def _watch(folder: Path | None, server_url: str | None, form: Format) -> None:
    from datalayer.cli.watching import watch  # noqa: PLC0415 - needed here alone

    if form is not Format.TEXT:
        raise typer.BadParameter("`--watch` tells what it does as text")
    watch(folder, server_url)


def _print_generated(
    config: Config, summary: Summary, report: WriteReport | None, form: Format
) -> None:
    written = report.written if report else ()
    removed = report.removed if report else ()
    if form is Format.JSON:
        print_json(
            {
                "queries": summary.queries,
                "written": written,
                "removed": removed,
                "findings": findings_as_data(summary.findings),
            }
        )
        return
    print_findings(summary.findings, form)
    output = os.path.relpath(config.output, config.root)
    for path in written:
        console.print(f"wrote {output}/{path}", markup=False)
    for path in removed:
        console.print(f"removed {output}/{path}", markup=False)
    changed = len(written) + len(removed)
    queries = count_queries(summary.queries)
    console.print(f"{queries}, {summary.modules} modules, {changed} changed")


def check(
    folder: ProjectFolder = None,
    server_url: ServerUrl = None,
    profiles: Profiles = None,
    form: FormatOption = Format.TEXT,
    as_json: Json = False,
    offline: Offline = False,
) -> None:
    """Fail with a diff when a generated module is stale; write nothing.

    Where migrations have variants, each profile must generate the same modules.
    Exit 0: all is as generated. Exit 1: something is stale, or a query is wrong.
    """
    form = Format.JSON if as_json else form
    chosen = list(dict.fromkeys(str(profile) for profile in profiles or ()))
    with told_as(form):
        config = load_config(folder)
        known = remembered(config) if server_url is None and not chosen else None
        if known is not None and known.profiles:
            _print_known(known, form)
            return
        with messages.status("checking"):
            report = _project().check(
                config, server_url=server_url, profiles=chosen or None, offline=offline
            )
    if form is Format.JSON:
        print_json(_check_as_data(report))
    else:
        _print_check(report, form)
    if not report.is_clean:
        _print_remedy(report)
        raise typer.Exit(1)


def _print_known(summary: Summary, form: Format) -> None:
    """Print what the last run said of the same files."""
    profiles = [profile for profile in summary.profiles if profile]
    if form is Format.JSON:
        print_json(
            {
                "queries": summary.queries,
                "profiles": profiles or [str(ProfileName.NATIVE)],
                "stale": [],
                "differing": {},
                "findings": findings_as_data(summary.findings),
            }
        )
        return
    print_findings(summary.findings, form)
    shown = f" ({', '.join(profiles)})" if profiles else ""
    console.print(f"up to date: {count_queries(summary.queries)}{shown}")


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
        console.print(
            f"up to date: {count_queries(len(report.generated.shapes))}{shown}"
        )


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
