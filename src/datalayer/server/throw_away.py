"""Folders for servers that are deleted with their last user."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shutil
import stat
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from datalayer.errors import NotEnoughRights
from datalayer.server.account import check_reachable, service_account
from datalayer.server.cluster import read_postmaster, stop_cluster
from datalayer.server.folder import (
    ServerFolder,
    explained,
    list_users,
    locked,
    prune_leases,
    take_lease,
)

if TYPE_CHECKING:
    from datalayer.server.account import Account
    from datalayer.server.cluster import Postmaster
    from datalayer.server.folder import Lease

#: `IPC_RMID` of <sys/ipc.h>, the same on Linux and macOS.
_REMOVE = 0


def make_throw_away() -> tuple[ServerFolder, Lease]:
    """Create a folder for one server, and delete those whose users all died."""
    account = service_account()
    shared = _shared_folder(account)
    # Under the lock, so that nobody takes the new folder for an abandoned one.
    with locked(shared / "lock"):
        for path in sorted(shared.iterdir()):
            if path.is_dir():
                _remove_abandoned(ServerFolder(path))
        folder = ServerFolder(shared / uuid.uuid4().hex[:8])
        folder.path.mkdir(mode=0o700)
        folder.path.chmod(0o711 if account else 0o700)
        folder.throw_away.touch()
        return folder, take_lease(folder)


def remove_folder(folder: ServerFolder) -> None:
    """Delete a server that was stopped."""
    shutil.rmtree(folder.path, ignore_errors=True)


def _shared_folder(account: Account | None) -> Path:
    """Return one's own folder for temporary servers, which others cannot change."""
    parents = dict.fromkeys(map(Path, (tempfile.gettempdir(), "/tmp", "/var/tmp")))
    refused = None
    for parent in parents:
        try:
            return _make_shared_folder(parent.resolve(), account)
        except NotEnoughRights as error:
            refused = refused or error
    assert refused is not None
    raise refused


def _make_shared_folder(parent: Path, account: Account | None) -> Path:
    path = parent / f"datalayer-{os.geteuid()}"
    with explained(path), contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise NotEnoughRights(
            f"{path} does not belong to you, and temporary servers go there",
            help="remove it, or name another folder in TMPDIR",
        )
    # Only a passage for the account that runs the servers of root.
    path.chmod(0o711 if account else 0o700)
    check_reachable(path, account)
    return path


def _remove_abandoned(folder: ServerFolder) -> None:
    if list_users(folder) or _is_locked(folder):
        return
    prune_leases(folder)
    postmaster = read_postmaster(folder.data)
    stop_cluster(folder)
    if postmaster is not None:
        _remove_shared_memory(postmaster)
    remove_folder(folder)


def _remove_shared_memory(postmaster: Postmaster) -> None:
    """Remove the segment of a killed server, which no start will ever reclaim."""
    try:
        table = Path("/proc/sysvipc/shm").read_text()
    except OSError:
        return
    for line in table.splitlines()[1:]:
        _, number, _, _, creator, _, attached, *_ = map(int, line.split())
        segment = (number, creator, attached)
        if segment == (postmaster.shared_memory, postmaster.pid, 0):
            ctypes.CDLL(None).shmctl(number, _REMOVE, None)


def _is_locked(folder: ServerFolder) -> bool:
    try:
        descriptor = os.open(folder.lock, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
