"""Databases with the automation domain, in each profile, on each server there is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from datalayer.migrate import migrate
from datalayer.server import (
    create_database,
    find_binaries,
    scratch_database,
)
from datalayer.server.timescaledb.starting import URL_VARIABLE
from server_processes import use_quick_server

_MIGRATIONS = Path(__file__).parents[2] / "migrations"
_TEMPLATE = "template_automation"
_NATIVE = {f"postgresql-{found.major}": found.folder for found in find_binaries()}


@pytest.fixture(scope="session")
def start_native() -> Iterator[Callable[[str], str]]:
    """A function that returns the URL of a server with a template, started once."""
    urls: dict[str, str] = {}
    with ExitStack() as running:

        def start(name: str) -> str:
            if name not in urls:
                server = running.enter_context(use_quick_server(_NATIVE[name]))
                migrate(create_database(server.url(), _TEMPLATE), _MIGRATIONS)
                urls[name] = server.url()
            return urls[name]

        yield start


@pytest.fixture(params=sorted(_NATIVE))
def native_url(
    request: pytest.FixtureRequest, start_native: Callable[[str], str]
) -> Iterator[str]:
    """The URL of a new database of the native profile, on each server there is."""
    with scratch_database(start_native(request.param), template=_TEMPLATE) as url:
        yield url


# The TimescaleDB that is started here takes one connection at a time.
_TAKES_TWO = ["timescaledb"] if os.environ.get(URL_VARIABLE) else []


@pytest.fixture(params=[*sorted(_NATIVE), *_TAKES_TWO])
def racing_url(
    request: pytest.FixtureRequest, start_native: Callable[[str], str]
) -> Iterator[str]:
    """The URL of a new database that takes two connections, in both profiles."""
    if request.param == "timescaledb":
        yield request.getfixturevalue("timescaledb_url")
        return
    with scratch_database(start_native(request.param), template=_TEMPLATE) as url:
        yield url


@pytest.fixture(params=[*sorted(_NATIVE), "timescaledb"])
def automation_url(
    request: pytest.FixtureRequest, start_native: Callable[[str], str]
) -> Iterator[str]:
    """The URL of a new database, in both profiles; for one connection at a time."""
    if request.param == "timescaledb":
        yield request.getfixturevalue("timescaledb_url")
        return
    with scratch_database(start_native(request.param), template=_TEMPLATE) as url:
        yield url


@pytest.fixture
def session(automation_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection, in autocommit, to a database of either profile."""
    with psycopg.connect(automation_url, autocommit=True) as connection:
        yield connection
