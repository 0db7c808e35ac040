"""`datalayer dashboard`: show in a browser what automation does."""

from __future__ import annotations

import importlib.util
import threading
import webbrowser
from typing import Annotated

import typer

from datalayer.cli.output import console, messages
from datalayer.dashboard.errors import DashboardExtraMissing
from datalayer.server import acquire_server

_NEEDED = ("jinja2", "starlette", "uvicorn")


def dashboard(
    database_url: Annotated[
        str | None,
        typer.Option(
            envvar="DATABASE_URL", help="Default: the embedded server's database."
        ),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Take on a role, as SET ROLE does."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Listen on this address. There is no password.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="0 takes any that is free.")
    ] = 8321,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A further name of this machine in URLs; repeatable."
        ),
    ] = None,
    hours: Annotated[
        int, typer.Option(min=1, max=8760, help="The range that is shown at first.")
    ] = 24,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open it in the browser.")
    ] = False,
) -> None:
    """Serve a page on this machine that shows what automation does; it only reads.

    Throughput, status over time, failures, events, workers, and the history of every
    execution and worker. Ctrl-C stops it, with exit code 130.
    """
    if any(importlib.util.find_spec(name) is None for name in _NEEDED):
        raise DashboardExtraMissing(
            "the dashboard is not installed",
            help="pip install 'datalayer[tools,dashboard]'",
        )
    from datalayer.dashboard.serving import (  # noqa: PLC0415 (needs the extra)
        ServeOptions,
        is_loopback,
        serve,
    )
    from datalayer.dashboard.source import (  # noqa: PLC0415 (as above)
        SourceSettings,
    )

    if not is_loopback(host):
        messages.print(
            f"warning: everyone who reaches {host} can read this, without a password",
            markup=False,
            style="yellow",
        )
    handle = acquire_server(database_url)
    try:
        serve(
            SourceSettings(handle.url, role),
            ServeOptions(host, port, hours, tuple(allow_host or ())),
            on_ready=lambda address: _announce(address, opens=open_browser),
        )
    finally:
        handle.close()


def _announce(address: str, *, opens: bool) -> None:
    console.print(address, markup=False)
    messages.print("Ctrl-C stops the dashboard")
    if opens:
        # Some browsers keep their caller waiting, and wait for the page themselves.
        threading.Thread(target=_open, args=[address], daemon=True).start()


def _open(address: str) -> None:
    if not webbrowser.open(address):
        messages.print("note: no browser was found, open the address yourself")
