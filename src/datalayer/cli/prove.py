"""`datalayer prove`: attack what the generated functions promise."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from datalayer.ad_hoc import find_query
from datalayer.cli.findings import (
    Format,
    FormatOption,
    annotate_place,
    told_as,
)
from datalayer.cli.generate import Json, ProfileName, ProjectFolder, ServerUrl
from datalayer.cli.output import console, count, messages, print_json, show_moment
from datalayer.config import load_config
from datalayer.errors import QueryNotFound
from datalayer.location import Location

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.status import Status

    from datalayer.model import QueryShape
    from datalayer.proving import Lie, Proof, Prover, QueryProof

_SHOWN = 10
_INTERRUPTED = 130

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[QUERY]...", help="Their names, with or without folders. Default: all."
    ),
]
Examples = Annotated[
    int, typer.Option(min=1, help="How many fillings of the tables to try a query on.")
]
Seed = Annotated[
    int, typer.Option(help="What chance begins with: the same seed tries the same.")
]
Seconds = Annotated[
    float | None,
    typer.Option(
        min=0, help="Stop after so many seconds, of which each has its share."
    ),
]
Profile = Annotated[
    ProfileName, typer.Option("--profile", help="Whose migrations build the tables.")
]


def prove(
    context: typer.Context,
    names: Names = None,
    folder: ProjectFolder = None,
    server_url: ServerUrl = None,
    profile: Profile = ProfileName.NATIVE,
    examples: Examples = 100,
    seed: Seed = 0,
    seconds: Seconds = None,
    form: FormatOption = Format.TEXT,
    as_json: Json = False,
) -> None:
    """Look for rows and arguments that show a generated function's types untrue.

    Fills a scratch database with hostile rows that its constraints let in, calls each
    function, sync and async, and compares what comes back with the annotations.
    Exit 0: nothing untrue was found. Exit 1: something was. Exit 2: wrong usage.
    Exit 130: interrupted by Ctrl-C; what was found until then is told.
    """
    from datalayer.proving import Proof, open_prover  # noqa: PLC0415 - slow to import

    form = Format.JSON if as_json else form
    proof = Proof()
    with told_as(form), messages.status("building the tables") as line:
        config = load_config(folder)
        status = line if messages.is_terminal else None
        url = None if _is_for_others(context, profile) else server_url
        with open_prover(config, seed=seed, server_url=url, profile=profile) as prover:
            shapes = _chosen(prover, names)
            interrupted = _prove(prover, shapes, proof, examples, seconds, status)
            proof.empty_tables = prover.scout.empty_tables()
    _print(proof, form)
    if not shapes:
        folder_name = os.path.relpath(config.queries, config.root)
        messages.print(
            f"there is no query in `{folder_name}`: nothing was proven\n"
            "  help: write one, and run `datalayer generate`",
            markup=False,
        )
    if interrupted:
        raise typer.Exit(_INTERRUPTED)
    if proof.lies:
        raise typer.Exit(1)


def _is_for_others(context: typer.Context, profile: ProfileName) -> bool:
    """Tell whether a server was named for everything, which may lack TimescaleDB."""
    given = context.get_parameter_source("server_url")
    is_variable = given is not None and given.name == "ENVIRONMENT"
    return is_variable and profile is ProfileName.TIMESCALEDB


def _chosen(prover: Prover, names: Sequence[str] | None) -> list[QueryShape]:
    shapes = sorted(prover.shapes, key=lambda shape: shape.source.location)
    if not names:
        return shapes
    sources = [shape.source for shape in shapes]
    try:
        wanted = {find_query(sources, name).qualified_name for name in names}
    except QueryNotFound as error:
        raise typer.BadParameter(str(error)) from None
    return [shape for shape in shapes if shape.source.qualified_name in wanted]


def _prove(
    prover: Prover,
    shapes: Sequence[QueryShape],
    proof: Proof,
    examples: int,
    seconds: float | None,
    line: Status | None,
) -> bool:
    """Note what is found of each query; return whether Ctrl-C ended it."""
    from datalayer.proving import prove_all  # noqa: PLC0415 - slow to import

    _show(shapes, 0, line)
    try:
        for query in prove_all(prover, shapes, examples=examples, seconds=seconds):
            proof.queries.append(query)
            _show(shapes, len(proof.queries), line)
    except KeyboardInterrupt:
        return True
    finally:
        done_names = {query.name for query in proof.queries}
        every = [shape.source.qualified_name for shape in shapes]
        proof.left = tuple(name for name in every if name not in done_names)
    return False


def _show(shapes: Sequence[QueryShape], done: int, line: Status | None) -> None:
    """Show which query is under way, on a terminal."""
    if line is not None and done < len(shapes):
        name = shapes[done].source.qualified_name
        told = f"{done + 1} of {_number(len(shapes), 'query')}: {name}"
        show_moment(told, line)


def _print(proof: Proof, form: Format) -> None:
    if form is Format.JSON:
        print_json(_as_data(proof))
        return
    for query, lie in proof.lies:
        if form is Format.GITHUB:
            place = _place(query)
            annotate_place("error", "untrue", place, _told(query, lie), lie.sql)
        else:
            console.print(f"{query.source}: {_told(query, lie)}", markup=False)
            console.print(_indented(lie.sql) + "\n", markup=False)
    _print_coverage(proof)


def _told(query: QueryProof, lie: Lie) -> str:
    return f"`{query.name}` ({lie.flavour}): {lie.message}"


def _place(query: QueryProof) -> Location:
    path, _, line = query.source.rpartition(":")
    return Location(path, int(line), 1)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _print_coverage(proof: Proof) -> None:
    """Print how far the search went, so that nobody takes it for more than it is."""
    _list("took no row", "table", proof.empty_tables)
    _list("not exercised, no row came back", "query", not_exercised(proof))
    _list("not tried", "query", proof.left)
    seen = sum(len(query.seen_null) for query in proof.queries)
    nullable = sum(len(query.nullable) for query in proof.queries)
    console.print(
        f"{_number(len(proof.queries), 'query')}, {_runs(proof)}: "
        f"{len(proof.lies)} untrue; NULL came back in {seen} of "
        f"{_number(nullable, 'column')} that may have it",
        markup=False,
    )


def _runs(proof: Proof) -> str:
    runs = sum(query.runs for query in proof.queries)
    refused = sum(query.refused for query in proof.queries)
    rows = sum(query.rows for query in proof.queries)
    refusals = f" ({refused} refused by the database)" if refused else ""
    return f"{_number(runs, 'run')}{refusals}, {_number(rows, 'row')}"


def not_exercised(proof: Proof) -> tuple[str, ...]:
    """Return the queries of which nothing came back that could be looked at."""
    return tuple(
        query.name
        for query in proof.queries
        if query.skipped is None and not query.is_exercised
    )


def _list(what: str, noun: str, names: Sequence[str]) -> None:
    if names:
        rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        shown = ", ".join(names[:_SHOWN])
        text = f"{_number(len(names), noun)} {what}: {shown}{rest}"
        console.print(text, markup=False, style="yellow")


def _number(number: int, noun: str) -> str:
    if noun == "query" and number != 1:
        return f"{number} queries"
    return count(number, noun)


def _as_data(proof: Proof) -> dict[str, object]:
    return {
        "queries": [
            {
                **asdict(query),
                "nullable": sorted(query.nullable),
                "seen_null": sorted(query.seen_null),
                "unchecked": sorted(query.unchecked),
                "exercised": query.is_exercised,
            }
            for query in proof.queries
        ],
        "empty_tables": proof.empty_tables,
        "not_exercised": not_exercised(proof),
        "left": proof.left,
        "untrue": len(proof.lies),
    }
