"""`datalayer conversations isolation`: who sees one train at a time."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from datalayer.cli.operations import (
    DONE,
    PROBLEM,
    DatabaseUrl,
    Json,
    connect,
    document,
    exit_code,
)
from datalayer.cli.output import console, messages, print_json
from datalayer.domains.conversations.errors import ConversationsUnusable
from datalayer.domains.conversations.isolation import (
    disable_train_isolation,
    enable_train_isolation,
)
from datalayer.queries.conversations.isolation import list_isolated_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    import psycopg

    from datalayer.queries.conversations.isolation import IsolatedTable

CHANGING_CODES = (
    "Exit codes: 0 done; 1 an error, such as a role that policies do not bind, and "
    "nothing has changed; 2 wrong usage."
)
STATUS_CODES = (
    "Exit codes: 0 on everywhere, or off; 1 an error, or on for some tables only."
)

app = typer.Typer(
    help="Let roles see one train at a time, by row-level security.",
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """Let roles see one train at a time, by row-level security."""


@app.command(epilog=CHANGING_CODES)
def on(
    role: Annotated[str, typer.Argument(help="Who is to see one train at a time.")],
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Isolate a role: it gets the privileges it needs, and sees one train at a time.

    Needs the owner of the tables, and locks them for a moment. Others see what they saw
    before.
    """
    with _exit_code(as_json), _connection(database_url) as connection:
        roles = enable_train_isolation(connection, role=role)
    _print_roles(roles, as_json=as_json)


@app.command(epilog=CHANGING_CODES)
def off(
    role: Annotated[
        str | None, typer.Argument(help="Who is to leave.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every isolated role.")] = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Take a role out of isolation, with its privileges on the tables.

    Without policies it would see all trains: grant it what it shall have afterwards.
    """
    if (role is None) != every:
        raise typer.BadParameter("name a role, or pass --all")
    with _exit_code(as_json), _connection(database_url) as connection:
        roles = disable_train_isolation(connection, role=role)
    _print_roles(roles, as_json=as_json)


@app.command(epilog=STATUS_CODES)
def status(database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Show which tables are isolated, and for which roles."""
    with _exit_code(as_json), _connection(database_url) as connection:
        tables = list_isolated_tables(connection)
    is_whole = len({(table.is_on, *table.isolated_roles) for table in tables}) == 1
    code = DONE if is_whole else PROBLEM
    if as_json:
        data: dict[str, object] = {"tables": [asdict(table) for table in tables]}
        print_json(document(data, code, []))
    else:
        for line in _table_lines(tables):
            console.print(line, markup=False, emoji=False)
    if not is_whole:
        messages.print("isolation is not whole: turn it on again")
        raise typer.Exit(code)


def _table_lines(tables: Sequence[IsolatedTable]) -> Iterator[str]:
    width = max(len(table.relation) for table in tables)
    for table in tables:
        state = "on " if table.is_on else "off"
        roles = ", ".join(table.isolated_roles)
        yield f"{table.relation:<{width}}  {state}  {roles}".rstrip()


def _print_roles(roles: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json(document({"isolated_roles": roles}, DONE, []))
    else:
        console.print(
            f"isolated: {', '.join(roles) or 'nobody'}", markup=False, emoji=False
        )


def _connection(url: str | None) -> AbstractContextManager[psycopg.Connection]:
    return connect(
        url, "isolation", domain="conversations", unusable=ConversationsUnusable
    )


def _exit_code(as_json: bool) -> AbstractContextManager[None]:
    return exit_code(dict if as_json else None, lambda: "interrupted")
