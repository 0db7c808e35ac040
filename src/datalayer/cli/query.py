"""`datalayer query`: list the queries, show one, run one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer
from rich.table import Column, Table
from rich.text import Text

from datalayer.ad_hoc import QueryResult, find_query, list_queries, run_query
from datalayer.ad_hoc_pages import own_arguments
from datalayer.cli.output import console, messages, print_json, print_table
from datalayer.cli.query_show import show_query
from datalayer.config import bundled_folder, load_config
from datalayer.errors import ArgumentError, ConfigurationError, QueryFailed
from datalayer.server import acquire_server
from datalayer.urls import unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.model import QuerySource


def query(
    name: Annotated[
        str | None,
        typer.Argument(help="Its name, with or without folders. Default: list all."),
    ] = None,
    arg: Annotated[
        list[str] | None,
        typer.Option("--arg", metavar="NAME=VALUE", help="An argument; repeatable."),
    ] = None,
    null: Annotated[
        list[str] | None,
        typer.Option("--null", metavar="NAME", help="Pass NULL; repeatable."),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            envvar="DATABASE_URL", help="Default: the embedded server's database."
        ),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print the SQL that is sent; run nothing.")
    ] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Take back what it changed.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run one query of the project and print its rows as a table.

    Values are written as in SQL between quotes: 7, 2026-01-31, {a,b}, {"json": 1}.
    What is optional, [name] in the list, is left out where no value is given.
    """
    sources = _load()
    if name is None:
        _print_list(sources, as_json=as_json)
        return
    source = find_query(sources, name)
    if show:
        show_query(source, as_json=as_json)
        return
    result, milliseconds = _run(
        source, _arguments(arg or [], null or []), database_url, rollback=rollback
    )
    if as_json:
        print_json(_as_data(result))
    else:
        _print_result(result)
        messages.print(f"{_count(result)}, {milliseconds:.1f} ms")
        if result.next is not None:
            messages.print(f"next page: --arg cursor={result.next}", soft_wrap=True)


def _load() -> tuple[QuerySource, ...]:
    try:
        config = load_config()
    except ConfigurationError:
        folder = bundled_folder("queries")
        return list_queries(folder, root=folder.parent)
    return list_queries(config.queries, root=config.root)


def _arguments(given: Sequence[str], nulls: Sequence[str]) -> dict[str, str | None]:
    arguments: dict[str, str | None] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ArgumentError(
                f"`--arg {text}` is not `NAME=VALUE`",
                help="for example `--arg row_limit=10`",
            )
        _add(arguments, name, value)
    for name in nulls:
        _add(arguments, name, None)
    return arguments


def _add(arguments: dict[str, str | None], name: str, value: str | None) -> None:
    if name in arguments:
        raise ArgumentError(f"`{name}` is given twice")
    arguments[name] = value


def _run(
    source: QuerySource,
    arguments: dict[str, str | None],
    url: str | None,
    *,
    rollback: bool,
) -> tuple[QueryResult, float]:
    handle = acquire_server(url)
    try:
        with _connect(handle.url) as connection:
            started = time.perf_counter()
            try:
                result = run_query(connection, source, arguments)
            except psycopg.Error as error:
                raise QueryFailed(
                    f"`{source.qualified_name}` failed: {str(error).strip()}"
                ) from error
            milliseconds = (time.perf_counter() - started) * 1000
            if rollback:
                connection.rollback()
        return result, milliseconds
    finally:
        handle.close()


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    try:
        return psycopg.connect(url)
    except psycopg.Error as error:
        raise unreachable(url, error) from error


def _count(result: QueryResult) -> str:
    if result.columns:
        return f"{len(result.rows)} row{'' if len(result.rows) == 1 else 's'}"
    return "done" if result.affected is None else f"{result.affected} affected"


def _as_data(result: QueryResult) -> object:
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    if result.is_page:
        return {"items": rows, "next": result.next}
    if result.columns:
        return rows
    return {"affected": result.affected}


def _print_result(result: QueryResult) -> None:
    if not result.columns:
        return
    table = Table(*map(_heading, result.columns), box=None, pad_edge=False)
    for row in result.rows:
        table.add_row(*map(_cell, row))
    if not print_table(table):
        _print_records(result)


def _print_records(result: QueryResult) -> None:
    """Print a line for each value, as psql does when a table is too wide."""
    names = max(map(len, result.columns))
    for number, row in enumerate(result.rows, 1):
        console.print(Text(f"row {number}", style="bold"))
        for name, value in zip(result.columns, row, strict=True):
            console.print(Text(f"  {name:{names}}  ") + _cell(value))


def _heading(name: str) -> Column:
    return Column(Text(name), no_wrap=True)


def _cell(value: object) -> Text:
    return Text("NULL", style="dim") if value is None else Text(str(value))


def _print_list(sources: Sequence[QuerySource], *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    "name": source.qualified_name,
                    "operation": source.operation.name.lower(),
                    "parameters": source.parameters,
                    "optional": (*source.optional_parameters, *own_arguments(source)),
                    "source": str(source.location),
                    "documentation": source.documentation,
                }
                for source in sources
            ]
        )
        return
    for source in sources:
        optional = source.optional_parameters
        names = [f"[{n}]" if n in optional else n for n in source.parameters]
        names += (f"[{name}]" for name in own_arguments(source))
        call = f"{source.qualified_name}({', '.join(names)})"
        console.print(Text(call, style="bold"))
        for line in source.documentation.splitlines():
            console.print(Text(f"    {line}"))
