"""Databases with the automation domain, in each profile, on each server there is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from datalayer.server import find_binaries, scratch_database
from datalayer.server.timescaledb.starting import URL_VARIABLE
from native_servers import NativeServers

_NATIVE = {f"postgresql-{found.major}": found.folder for found in find_binaries()}


@contextmanager
def open_native(native_servers: NativeServers, name: str) -> Iterator[str]:
    """Give the URL of a new migrated database on one of the servers."""
    server = native_servers.start(_NATIVE[name])
    template = native_servers.migrated_template(server)
    with scratch_database(server.url(), template=template) as url:
        yield url


@pytest.fixture(params=sorted(_NATIVE))
def native_url(
    request: pytest.FixtureRequest, native_servers: NativeServers
) -> Iterator[str]:
    """The URL of a new database of the native profile, on each server there is."""
    with open_native(native_servers, request.param) as url:
        yield url


# The TimescaleDB that is started here takes one connection at a time.
_TAKES_TWO = ["timescaledb"] if os.environ.get(URL_VARIABLE) else []


@pytest.fixture(params=[*sorted(_NATIVE), *_TAKES_TWO])
def racing_url(
    request: pytest.FixtureRequest, native_servers: NativeServers
) -> Iterator[str]:
    """The URL of a new database that takes two connections, in both profiles."""
    if request.param == "timescaledb":
        yield request.getfixturevalue("timescaledb_url")
        return
    with open_native(native_servers, request.param) as url:
        yield url


@pytest.fixture(params=[*sorted(_NATIVE), "timescaledb"])
def automation_url(
    request: pytest.FixtureRequest, native_servers: NativeServers
) -> Iterator[str]:
    """The URL of a new database, in both profiles; for one connection at a time."""
    if request.param == "timescaledb":
        yield request.getfixturevalue("timescaledb_url")
        return
    with open_native(native_servers, request.param) as url:
        yield url


@pytest.fixture
def session(automation_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection, in autocommit, to a database of either profile."""
    with psycopg.connect(automation_url, autocommit=True) as connection:
        yield connection
