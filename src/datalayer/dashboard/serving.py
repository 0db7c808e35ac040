"""Serves the dashboard until somebody stops it."""

from __future__ import annotations

import ipaddress
import signal
import socket
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import uvicorn

from datalayer.dashboard.application import create_application
from datalayer.dashboard.errors import DashboardAddressInUse
from datalayer.dashboard.readiness import check_database
from datalayer.dashboard.source import SourceSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

#: Seconds that pages under way get at the end.
_FAREWELL = 2


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where the dashboard listens, and what it shows at first."""

    host: str = "127.0.0.1"
    port: int = 8321
    default_hours: int = 24
    #: Further names by which requests may call this machine.
    allowed_hosts: tuple[str, ...] = ()


def serve(
    settings: SourceSettings,
    options: ServeOptions,
    *,
    on_ready: Callable[[str], None],
) -> None:
    """Serve until a signal comes; `on_ready` gets the address of the first page.

    Raises what `check_database` raises, and `DashboardAddressInUse`.
    """
    few = check_database(settings.url, role=settings.role)
    if few:
        settings = replace(settings, connections=few)
    application = create_application(
        settings,
        default_hours=options.default_hours,
        allowed_hosts=[_bracketed(options.host), *options.allowed_hosts],
    )
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            access_log=False,
            lifespan="on",
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_FAREWELL,
        )
    )
    with _listening(options.host, options.port) as listener, _ended_by_sigterm():
        on_ready(f"http://{_bracketed(options.host)}:{listener.getsockname()[1]}/")
        server.run(sockets=[listener])


def is_loopback(host: str) -> bool:
    """Return whether a host can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen()
        except OSError as error:
            raise DashboardAddressInUse(
                f"cannot listen on {_bracketed(host)}:{port}: "
                f"{(error.strerror or str(error)).lower()}",
                help="choose another one with `--port`, or 0 for any that is free",
            ) from error
        yield listener


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the program in order; uvicorn hands it on when it is done."""
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
