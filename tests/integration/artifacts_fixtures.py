"""Databases on every PostgreSQL that the machine has, for the artifacts domain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from datalayer.server import Server, find_binaries, scratch_database
from datalayer.server.binaries import Binaries
from native_servers import NativeServers


@pytest.fixture(
    scope="session",
    params=find_binaries(),
    ids=lambda binaries: f"postgresql-{binaries.major}",
)
def any_server(request: pytest.FixtureRequest, native_servers: NativeServers) -> Server:
    """A server of each PostgreSQL that is found."""
    binaries: Binaries = request.param
    return native_servers.start(binaries.folder)


@pytest.fixture
def any_template(any_server: Server, native_servers: NativeServers) -> str:
    """A database with the artifacts domain, to clone."""
    return native_servers.migrated_template(any_server)


@pytest.fixture
def any_database(any_server: Server, any_template: str) -> Iterator[str]:
    """The URL of a new database with the artifacts domain."""
    with scratch_database(any_server.url(), template=any_template) as url:
        yield url


@pytest.fixture
def any_empty_database(any_server: Server) -> Iterator[str]:
    """The URL of a new empty database."""
    with scratch_database(any_server.url()) as url:
        yield url


@pytest.fixture
def session(any_database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection, in autocommit, to a database with the artifacts domain."""
    with psycopg.connect(any_database, autocommit=True) as connection:
        yield connection
