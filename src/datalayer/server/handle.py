"""The server that is meant when nobody says which: a URL, or the embedded one."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import conninfo_to_dict

from datalayer.errors import ServerError, WrongUrl
from datalayer.server.binaries import choose_binaries
from datalayer.server.sharing import join_server

if TYPE_CHECKING:
    from datalayer.server.sharing import Membership, Server


@dataclass(frozen=True, slots=True)
class ServerHandle:
    """A server that somebody uses until it is closed."""

    url: str
    membership: Membership | None = None

    @property
    def server(self) -> Server | None:
        """Return the server that this package runs, or None for a URL."""
        return self.membership.server if self.membership else None

    def close(self) -> None:
        """Leave the server; it may be called again, and happens at exit anyway."""
        if self.membership is not None:
            self.membership.close()


def acquire_server(
    url: str | None = None, *, folder: Path | None = None
) -> ServerHandle:
    """Return the server at a URL, or join or start the one in a folder.

    The first of: `url`, `folder`, `DATABASE_URL`, the server in `default_folder()`.
    Nothing is connected to: a wrong URL shows with the first connection.
    """
    if url is not None and folder is not None:
        raise ServerError("`url` and `folder` exclude each other", help="give one")
    if url is not None:
        return ServerHandle(_checked(url, "the URL"))
    named = os.environ.get("DATABASE_URL")
    if named and folder is None:
        return ServerHandle(_checked(named, "DATABASE_URL"))
    membership = join_server(folder or default_folder())
    return ServerHandle(membership.server.url(), membership)


def _checked(url: str, origin: str) -> str:
    with contextlib.suppress(psycopg.ProgrammingError):
        if url.strip() and conninfo_to_dict(url):
            return url
    # Without the URL and what libpq says of it: both may show a password.
    raise WrongUrl(
        f"{origin} does not name a PostgreSQL database",
        help="for example postgresql://user:password@host:5432/database",
    )


def default_folder() -> Path:
    """Return the folder of the server that is used when none is named.

    `DATALAYER_FOLDER`, else one for each major version: of the machine for root, of
    the user for others.
    """
    named = os.environ.get("DATALAYER_FOLDER")
    if named:
        return Path(named)
    name = f"pg{choose_binaries().major}"
    if os.geteuid() == 0:
        return Path("/var/lib/datalayer") / name
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "datalayer" / name
