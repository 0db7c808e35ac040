"""A server of each PostgreSQL that the machine has, started when a test needs it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from datalayer.server import Server, create_database
from datalayer.server.binaries import choose_binaries
from server_processes import use_quick_server

MIGRATIONS = Path(__file__).parent.parent / "migrations"
#: The name of the migrated database on each server.
TEMPLATE = "migrated_template"


class NativeServers:
    """The servers of a session, one for each folder of binaries."""

    def __init__(self, stack: ExitStack) -> None:
        """Remember what ends the servers."""
        self._stack = stack
        self._running: dict[Path, Server] = {}
        self._migrated: set[int] = set()

    def start(self, folder: Path | None = None) -> Server:
        """Return the server of the binaries in a folder, or of the default ones."""
        folder = choose_binaries(folder).folder.resolve()
        if folder not in self._running:
            self._running[folder] = self._stack.enter_context(use_quick_server(folder))
        return self._running[folder]

    def migrated_template(self, server: Server) -> str:
        """Return the name of a database that all migrations of the repository built."""
        from datalayer.migrate import migrate  # noqa: PLC0415 (most tests need it not)

        if server.pid not in self._migrated:
            migrate(create_database(server.url(), TEMPLATE), MIGRATIONS)
            self._migrated.add(server.pid)
        return TEMPLATE
