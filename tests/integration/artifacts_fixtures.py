"""Databases on every PostgreSQL that the machine has, for the artifacts domain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from datalayer.migrate import migrate
from datalayer.server import (
    Server,
    create_database,
    find_binaries,
    scratch_database,
    use_server,
)
from datalayer.server.binaries import Binaries

_MIGRATIONS = Path(__file__).parents[2] / "migrations"
_TEMPLATE = "template_artifacts"


@pytest.fixture(
    scope="session",
    params=find_binaries(),
    ids=lambda binaries: f"postgresql-{binaries.major}",
)
def any_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of each PostgreSQL that is found."""
    binaries: Binaries = request.param
    with use_server(binaries=binaries.folder) as running:
        yield running


@pytest.fixture(scope="session")
def any_template(any_server: Server) -> str:
    """A database with the artifacts domain, to clone."""
    migrate(create_database(any_server.url(), _TEMPLATE), _MIGRATIONS)
    return _TEMPLATE


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
