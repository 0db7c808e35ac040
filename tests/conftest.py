"""A PostgreSQL for the tests that ask for one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from datalayer.errors import (
    AnalysisServerTooOld,
    NodeNotFound,
    NodeTooOld,
    PackagesNotInstalled,
)
from datalayer.server import (
    Server,
    scratch_database,
    use_server,
)
from datalayer.server.timescaledb import (
    TimescaleServer,
    WasmServer,
    use_timescaledb,
    wasm,
)
from datalayer.server.timescaledb.starting import URL_VARIABLE
from native_servers import NativeServers
from server_processes import open_folder

# A busy machine is no failure: nothing here is timed. Examples are new in each run, in
# continuous integration too.
settings.register_profile(
    "datalayer",
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("datalayer")

# What starts in the background of a script inherits that Ctrl-C is ignored; with a
# handler here, the programs that tests interrupt begin with the default again.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

MIGRATIONS = Path(__file__).parent.parent / "migrations"
_NEED_SERVER = {
    "native_servers",
    "server",
    "empty_database",
    "database_url",
    "connection",
}
_NEED_TIMESCALEDB = {"timescaledb", "wasm_timescaledb"}
_ANALYSING_VERSION = 160000
_NO_TIMESCALEDB = (NodeNotFound, NodeTooOld, PackagesNotInstalled)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use a server."""
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        if _NEED_SERVER & used:
            item.add_marker("postgres")
        if _NEED_TIMESCALEDB & used:
            item.add_marker("timescaledb")


@pytest.fixture(scope="session")
def native_servers() -> Iterator[NativeServers]:
    """The servers of each PostgreSQL of the machine, for the tests of a worker."""
    with ExitStack() as stack:
        yield NativeServers(stack)


@pytest.fixture(scope="session")
def server(native_servers: NativeServers) -> Server:
    """A running embedded server, shared by the tests of a worker."""
    return native_servers.start()


@pytest.fixture(scope="session")
def prepared_server() -> Iterator[Path]:
    """The folder of a server that was created and stopped, to be copied."""
    with open_folder() as parent:
        with use_server(parent / "server"):
            pass
        yield parent / "server"


@pytest.fixture
def empty_database(server: Server) -> Iterator[str]:
    """The URL of a new empty database."""
    with scratch_database(server.url()) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(native_servers: NativeServers, server: Server) -> str:
    """The name of a database that all migrations of the repository built."""
    return native_servers.migrated_template(server)


@pytest.fixture
def database_url(server: Server, migrated_template: str) -> Iterator[str]:
    """The URL of a new database that all migrations of the repository built."""
    with scratch_database(server.url(), template=migrated_template) as url:
        yield url


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """A connection to a new migrated database."""
    with psycopg.connect(database_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def wasm_timescaledb() -> Iterator[WasmServer]:
    """A running TimescaleDB of ours, whichever server the environment names."""
    try:
        with wasm.start_wasm_server() as running:
            yield running
    except _NO_TIMESCALEDB as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def timescaledb(request: pytest.FixtureRequest) -> Iterator[TimescaleServer]:
    """A running TimescaleDB with one database, shared by the tests of a worker."""
    if not os.environ.get(URL_VARIABLE):
        own: WasmServer = request.getfixturevalue("wasm_timescaledb")
        yield own
        return
    with use_timescaledb() as running:
        yield running


@pytest.fixture
def empty_timescaledb(timescaledb: TimescaleServer) -> str:
    """The URL of an empty database with the extension, for one connection at a time."""
    timescaledb.reset()
    return timescaledb.url


@pytest.fixture
def analysing_timescaledb(empty_timescaledb: str) -> str:
    """The URL of an empty database whose server can analyse queries."""
    with psycopg.connect(empty_timescaledb) as connection:
        version = connection.info.server_version
    if version < _ANALYSING_VERSION:
        pytest.skip(str(AnalysisServerTooOld(version)))
    return empty_timescaledb


@pytest.fixture
def timescaledb_url(timescaledb: TimescaleServer) -> str:
    """The URL of a database that all migrations built, for one connection at a time."""

    def build(url: str) -> None:
        from datalayer.migrate import migrate  # noqa: PLC0415 (most tests need it not)

        migrate(url, MIGRATIONS, profile="timescaledb")

    timescaledb.rebuild("migrated", build)
    return timescaledb.url
