"""`datalayer db`: start, stop and look at the server that runs on this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datalayer.cli.output import console, messages, print_error, print_json
from datalayer.errors import ServerNotRunning
from datalayer.server import (
    acquire_server,
    database_url,
    default_folder,
    find_client,
    server_status,
    start_server,
    stop_server,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.server import Server, ServerStatus

#: As `systemctl status` and `pg_ctl status` have it.
NOT_RUNNING = 3

app = typer.Typer(
    help="Run PostgreSQL on this machine: the embedded one, or an installed one.",
    no_args_is_help=True,
    epilog="The embedded PostgreSQL is used unless DATALAYER_PG_BIN names a folder "
    "with other programs. As root the server runs under the OS account in "
    "DATALAYER_PG_OS_USER, else `postgres`.",
)

Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        "-f",
        metavar="FOLDER",
        help="The server's folder. Default: DATALAYER_FOLDER, else "
        "~/.local/share/datalayer/pg18, or /var/lib/datalayer/pg18 for root.",
        show_default=False,
        # Why a folder cannot be used is said by the server, with what to do.
        readable=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        "-d",
        metavar="NAME",
        help="A database of the server. Default: `postgres`.",
        show_default=False,
    ),
]


@app.command()
def start(
    folder: Folder = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            "-p",
            min=1,
            max=65535,
            metavar="PORT",
            help="Listen on 127.0.0.1 too, with a password. Default: a socket only.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option("--timeout", min=0.1, help="Seconds to wait until it is ready."),
    ] = 60.0,
    as_json: Json = False,
) -> None:
    """Start a server and let it run until `datalayer db stop`.

    Creates the folder the first time. When the server runs already, keeps it running.

    Exit 0: it runs. Exit 1: it does not, and the message says why.
    """
    server, started = start_server(
        folder or default_folder(), port=port, timeout=timeout
    )
    if as_json:
        print_json({"started": started, **_facts(server)})
        return
    verb = "started" if started else "running already:"
    messages.print(
        f"{verb} PostgreSQL {server.version} in {server.folder} (process {server.pid})",
        markup=False,
    )
    console.print(server.url(), markup=False)


@app.command()
def stop(
    folder: Folder = None,
    force: Annotated[
        bool, typer.Option("--force", help="Even if processes use it.")
    ] = False,
) -> None:
    """Stop the server.

    Exit 0: it is stopped, or was not running. Exit 1: other processes use it.
    """
    place = folder or default_folder()
    ran = stop_server(place, force=force)
    messages.print(
        f"stopped the server in {place}" if ran else f"no server runs in {place}",
        markup=False,
    )


@app.command()
def status(folder: Folder = None, as_json: Json = False) -> None:
    """Show whether the server runs, where, and who uses it.

    Exit 0: it runs. Exit 3: it does not.
    """
    found = server_status(folder or default_folder())
    if as_json:
        print_json(_status_data(found))
    else:
        _print_status(found)
    if found.server is None:
        raise typer.Exit(NOT_RUNNING)


@app.command()
def url(
    folder: Folder = None,
    database: Database = None,
    tcp: Annotated[
        bool,
        typer.Option(
            "--tcp",
            help="For clients that know no sockets: with 127.0.0.1 and the password.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the URL that applications use.

    It is DATABASE_URL if that is set and no folder is named.
    Else it is the URL of the server that runs in the folder.

    Exit 0: printed. Exit 3: no server runs.
    """
    try:
        text = _url(folder, database, tcp=tcp)
    except ServerNotRunning as error:
        print_error(error)
        raise typer.Exit(NOT_RUNNING) from error
    if as_json:
        print_json({"url": text})
    else:
        console.print(text, markup=False)


@app.command()
def psql(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="Arguments of psql, after `--`.", show_default=False),
    ] = None,
    folder: Folder = None,
    database: Database = None,
) -> None:
    """Open psql on the database that applications use.

    It is DATABASE_URL if that is set and no folder is named.
    Else it is the server in the folder, started and stopped if need be.

    Exit: what psql exits with.
    """
    handle = acquire_server(folder=folder)
    try:
        target = database_url(handle.url, database) if database else handle.url
        program = find_client("psql", handle.server)
        status = _run([program, target, *(arguments or [])])
    finally:
        handle.close()
    raise typer.Exit(status)


def _url(folder: Path | None, database: str | None, *, tcp: bool) -> str:
    given = os.environ.get("DATABASE_URL")
    if folder is None and given:
        return database_url(given, database) if database else given
    found = server_status(folder or default_folder())
    if found.server is None:
        raise ServerNotRunning(
            f"no server runs in {found.folder}", help="`datalayer db start` starts it"
        )
    name = database or "postgres"
    return found.server.tcp_url(name) if tcp else found.server.url(name)


def _run(command: Sequence[str]) -> int:
    """Run a program in the foreground; interruptions are for it alone."""
    with subprocess.Popen(command) as process:
        while True:
            try:
                status = process.wait()
            except KeyboardInterrupt:
                continue
            return status if status >= 0 else 128 - status


def _facts(server: Server) -> dict[str, object]:
    return {
        "folder": server.folder,
        "url": server.url(),
        "version": server.version,
        "major": server.major,
        "pid": server.pid,
        "socket_folder": server.host,
        "port": server.port,
        "listens_on": "127.0.0.1" if server.listens else None,
    }


def _status_data(found: ServerStatus) -> dict[str, object]:
    return {
        "folder": found.folder,
        "state": found.state,
        "major": found.major,
        **(_facts(found.server) if found.server else {}),
        "keep_running": found.keep_running,
        "users": [
            {"pid": user.pid, "program": user.program, "since": user.since}
            for user in found.users
        ],
        "size_bytes": found.size,
    }


def _print_status(found: ServerStatus) -> None:
    for name, value in _status_lines(found):
        console.print(f"{name:<8} {value}", markup=False)
    if os.environ.get("DATABASE_URL"):
        messages.print("note: DATABASE_URL is set and counts more than this server")


def _status_lines(found: ServerStatus) -> list[tuple[str, str]]:
    lines = [("folder", str(found.folder)), ("state", _state(found))]
    server = found.server
    if server is not None:
        lines += [
            ("version", server.version),
            ("process", str(server.pid)),
            ("socket", f"{server.host}, port {server.port}"),
        ]
        if server.listens:
            lines.append(("address", f"127.0.0.1:{server.port}"))
    elif found.major is not None:
        lines.append(("version", str(found.major)))
    for user in found.users:
        lines.append(("user", f"{user.pid} since {user.since}: {user.program}"))
    if found.major is not None:
        lines.append(("size", f"{found.size / 1_000_000:.0f} MB"))
    return lines


def _state(found: ServerStatus) -> str:
    if found.state == "running" and found.keep_running:
        return "running, until `datalayer db stop`"
    if found.state == "running" and not found.users:
        return "running, left by users that were killed; `datalayer db stop` stops it"
    if found.state == "running":
        return "running, until its last user leaves"
    if found.state == "absent":
        return "absent: no server was ever started here"
    return found.state
