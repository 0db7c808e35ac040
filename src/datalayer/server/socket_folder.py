"""Where the socket of a server is: in its folder, or in a shorter one."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalayer.server.account import Account
    from datalayer.server.folder import ServerFolder

#: The shortest limit of the systems that we know (macOS), less the final zero.
_LONGEST = 103
#: Separators of PostgreSQL's list of socket folders, or of libpq's list of hosts.
_SPECIAL = set(",\"'\\")


def make_socket_folder(
    folder: ServerFolder, port: int, account: Account | None
) -> Path:
    """Create the folder for a server's socket, which only its account may enter.

    The server must not run: what a killed one left there is removed. PostgreSQL would
    take a process that has its number now, or that nobody collected, for a running one.
    """
    own = folder.path / "socket"
    if _suits(own, port):
        own.mkdir(mode=0o700, exist_ok=True)
        _give(own, account)
        chosen = own
    else:
        chosen = _make_short(folder, account)
    for left in chosen.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)
    return chosen


def _make_short(folder: ServerFolder, account: Account | None) -> Path:
    short = _short(folder)
    try:
        short.mkdir(mode=0o700)
        _give(short, account)
    except FileExistsError:
        if not _is_ours(short, account):
            # Somebody took the name: the server gets one that nobody can guess.
            short = Path(tempfile.mkdtemp(prefix="datalayer-", dir="/tmp"))
            _give(short, account)
    return short


def remove_socket_folder(folder: ServerFolder) -> None:
    """Remove the short folder of a server that was stopped, if it has one."""
    short = _short(folder)
    if short.is_dir() and not short.is_symlink():
        shutil.rmtree(short, ignore_errors=True)


def _suits(path: Path, port: int) -> bool:
    socket = os.fsencode(path / f".s.PGSQL.{port}")
    return len(socket) <= _LONGEST and not _SPECIAL & set(str(path))


def _short(folder: ServerFolder) -> Path:
    return Path("/tmp") / f"{folder.tag}-{os.geteuid()}"


def _is_ours(path: Path, account: Account | None) -> bool:
    found = path.lstat()
    owner = account.uid if account else os.geteuid()
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == owner
        and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    )


def _give(path: Path, account: Account | None) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
