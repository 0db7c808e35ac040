"""How findings and problems are told: as text, as JSON, or for code hosts."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from datalayer.cli.output import messages, print_json, problems_as_data
from datalayer.errors import DataLayerError, LocatedError, ProblemsFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalayer.errors import Finding
    from datalayer.location import Location


class Format(StrEnum):
    """What the output is for."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        help="`github` prints findings and problems so that they are shown beside the "
        "lines of a pull request.",
    ),
]

# What the workflow commands of GitHub want escaped, in texts and in properties.
_IN_TEXT = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTY = {**_IN_TEXT, ":": "%3A", ",": "%2C"}


def findings_as_data(findings: Iterable[Finding]) -> list[dict[str, object]]:
    """Return findings for JSON."""
    return [
        {
            "rule": each.rule,
            "message": each.message,
            "help": each.help,
            **asdict(each.location),
        }
        for each in findings
    ]


def print_findings(findings: Iterable[Finding], form: Format) -> None:
    """Print findings for people, or for a code host; JSON holds them elsewhere."""
    for each in findings:
        if form is Format.GITHUB:
            annotate_place("warning", each.rule, each.location, each.message, each.help)
        elif form is Format.TEXT:
            text = f"{each.location}: note: {each.message} [{each.rule}]"
            messages.print(text, markup=False, style="yellow")
            if each.help:
                messages.print(f"  help: {each.help}", markup=False)


@contextmanager
def told_as(form: Format) -> Iterator[None]:
    """Tell the problems of a run in a format; text is left to the command line."""
    try:
        yield
    except DataLayerError as error:
        findings = error.findings if isinstance(error, ProblemsFound) else ()
        if form is Format.JSON:
            told = {"findings": findings_as_data(findings)}
            print_json({"problems": problems_as_data(error), **told})
            raise typer.Exit(1) from None
        print_findings(findings, form)
        if form is Format.TEXT:
            raise
        _annotate_problems(error)
        raise typer.Exit(1) from None


def _annotate_problems(error: DataLayerError) -> None:
    problems = error.problems if isinstance(error, ProblemsFound) else (error,)
    for each in problems:
        place = each.location if isinstance(each, LocatedError) else None
        annotate_place("error", type(each).__name__, place, each.message, each.help)


def annotate_place(
    level: str, title: str, place: Location | None, message: str, help: str | None
) -> None:
    """Print a workflow command, by which GitHub shows a message beside a line."""
    properties = {"title": title}
    if place is not None:
        properties = {
            "file": place.path,
            "line": str(place.line),
            "col": str(place.column),
            **properties,
        }
    written = ",".join(
        f"{k}={_escaped(v, _IN_PROPERTY)}" for k, v in properties.items()
    )
    text = message + (f"\nhelp: {help}" if help else "")
    sys.stdout.write(f"::{level} {written}::{_escaped(text, _IN_TEXT)}\n")


def _escaped(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(character, character) for character in text)
