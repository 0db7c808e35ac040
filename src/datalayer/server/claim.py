"""Whether a folder may hold a server of ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from datalayer.errors import FolderInUse, FolderVersionMismatch, ServerError
from datalayer.server.account import check_reachable, service_account
from datalayer.server.binaries import Binaries, find_binaries
from datalayer.server.folder import read_major

if TYPE_CHECKING:
    from datalayer.server.folder import ServerFolder


def claim_folder(folder: ServerFolder, binaries: Binaries) -> None:
    """Create the folder, or make sure that it is one of ours or empty."""
    path = folder.path
    if path.exists() and not path.is_dir():
        raise FolderInUse(
            f"{path} is a file, not a folder", help="name a folder, new or empty"
        )
    if not path.exists():
        # Before anything is made that nobody could use.
        above = next(folder for folder in path.parents if folder.exists())
        check_reachable(above, service_account())
        _make_folders(path)
    names = os.listdir(path)
    if folder.lock.name in names:
        return
    if names:
        raise _foreign(path, binaries)
    if os.geteuid() == 0 and path.stat().st_uid == 0:
        # Others may only pass through, to what belongs to the server's account.
        path.chmod(0o711)


def _make_folders(path: Path) -> None:
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            if os.geteuid() == 0:
                folder.chmod(0o755)


def _foreign(path: Path, binaries: Binaries) -> ServerError:
    major = read_major(path)
    if major is not None and major != binaries.major:
        return _other_major(path, major, binaries)
    if major is not None:
        return FolderInUse(
            f"{path} is the data of a server that was not created by datalayer",
            help="start it yourself and set DATABASE_URL, or name another folder",
        )
    return FolderInUse(
        f"{path} is not empty, and nothing in it is a PostgreSQL server",
        help="name a new or an empty folder",
    )


def check_major(folder: ServerFolder, binaries: Binaries) -> None:
    """Raise `FolderVersionMismatch` when the data is of another major version."""
    major = folder.major
    if major is not None and major != binaries.major:
        raise _other_major(folder.path, major, binaries)


def _other_major(path: Path, major: int, binaries: Binaries) -> FolderVersionMismatch:
    fitting = [b.folder for b in find_binaries() if b.major == major]
    other = "or name another folder"
    return FolderVersionMismatch(
        f"{path} holds data of PostgreSQL {major}, and {binaries.folder} "
        f"is PostgreSQL {binaries.version}",
        help=f"set DATALAYER_PG_BIN={fitting[0]}, {other}"
        if fitting
        else f"name the programs of PostgreSQL {major} in DATALAYER_PG_BIN, {other}",
    )
