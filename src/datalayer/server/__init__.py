"""A PostgreSQL to work with."""

from datalayer.server.binaries import Binaries, find_binaries
from datalayer.server.clients import find_client
from datalayer.server.databases import (
    create_database,
    database_url,
    drop_database,
    scratch_database,
)
from datalayer.server.folder import ServerUser
from datalayer.server.handle import ServerHandle, acquire_server, default_folder
from datalayer.server.sharing import (
    Membership,
    Server,
    ServerStatus,
    join_server,
    server_status,
    start_server,
    stop_server,
    use_server,
)

__all__ = [
    "Binaries",
    "Membership",
    "Server",
    "ServerHandle",
    "ServerStatus",
    "ServerUser",
    "acquire_server",
    "create_database",
    "database_url",
    "default_folder",
    "drop_database",
    "find_binaries",
    "find_client",
    "join_server",
    "scratch_database",
    "server_status",
    "start_server",
    "stop_server",
    "use_server",
]
