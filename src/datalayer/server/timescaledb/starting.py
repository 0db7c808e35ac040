"""Which TimescaleDB is used: one that the environment names, or one that is started."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from datalayer.server.timescaledb.native import scratch_timescaledb
from datalayer.server.timescaledb.wasm import start_wasm_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Names a server that has the extension to offer.
URL_VARIABLE = "DATALAYER_TIMESCALEDB_URL"


class TimescaleServer(Protocol):
    """A database with the extension `timescaledb`, which nobody else uses."""

    @property
    def url(self) -> str:
        """Return the URL of the database, which stays the same."""
        ...

    @property
    def is_single_connection(self) -> bool:
        """Tell whether a second connection has to wait until the first one ends."""
        ...

    def reset(self) -> None:
        """Empty the database, all but the extension; end the connections to it."""

    def rebuild(self, name: str, build: Callable[[str], None]) -> None:
        """Bring the database to what `build` makes of an empty one, given its URL.

        What was built under a name need not be built again where it can be kept.
        """


@contextmanager
def use_timescaledb(server_url: str | None = None) -> Iterator[TimescaleServer]:
    """Yield a database on a server, or on that of `DATALAYER_TIMESCALEDB_URL`.

    Without either it is on a new one, PostgreSQL 17 compiled to WebAssembly. That needs
    Node.js, and once for each user the npm registry. It takes one connection at a time
    and has no background workers, so that jobs run by `CALL run_job(…)`.
    """
    url = server_url or os.environ.get(URL_VARIABLE)
    with scratch_timescaledb(url) if url else start_wasm_server() as server:
        yield server
