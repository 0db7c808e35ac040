"""A scratch database on a TimescaleDB server that runs already."""

from __future__ import annotations

import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from datalayer.errors import TimescaleMissing
from datalayer.server.databases import create_database, database_url, drop_database
from datalayer.urls import describe_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STOP_JOBS = "SELECT _timescaledb_functions.stop_background_workers()"


@dataclass(frozen=True, slots=True)
class NativeServer:
    """A database of its own on a server for many connections."""

    server_url: str
    name: str

    @property
    def url(self) -> str:
        """Return the URL of the database, which stays the same."""
        return database_url(self.server_url, self.name)

    @property
    def is_single_connection(self) -> bool:
        """Tell that connections need not wait for each other."""
        return False

    def reset(self) -> None:
        """Empty the database, all but the extension; end the connections to it."""
        drop_database(self.server_url, self.name)
        create_database(self.server_url, self.name)
        with psycopg.connect(self.url, autocommit=True) as connection:
            try:
                connection.execute("CREATE EXTENSION timescaledb")
            except psycopg.Error as error:
                reason = error.diag.message_primary or str(error)
                raise TimescaleMissing(
                    f"{describe_target(self.server_url)} cannot create the extension "
                    f"`timescaledb`: {reason}",
                    help="install it there, or name no server: then one is started",
                ) from error
            # Jobs that run whenever they like would make results depend on time. Only
            # a superuser may stop them.
            with suppress(psycopg.errors.InsufficientPrivilege):
                connection.execute(_STOP_JOBS)

    def rebuild(self, name: str, build: Callable[[str], None]) -> None:
        """Build anew each time: who is killed would leave a template behind."""
        self.reset()
        build(self.url)


@contextmanager
def scratch_timescaledb(server_url: str) -> Iterator[NativeServer]:
    """Create a database with a random name, and drop it in the end."""
    server = NativeServer(server_url, f"scratch_{uuid.uuid4().hex[:16]}")
    try:
        server.reset()
        yield server
    finally:
        drop_database(server_url, server.name)
