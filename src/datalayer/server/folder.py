"""What lies in a server's folder, who may touch it, and who uses it."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shlex
import sys
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from datalayer.errors import DiskFull, NotEnoughRights, ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_NO_RIGHTS = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True, slots=True)
class ServerFolder:
    """A folder with one server: its data, and what its users agree by."""

    path: Path

    @property
    def data(self) -> Path:
        """Return the data folder proper, which belongs to PostgreSQL alone."""
        return self.path / "data"

    @property
    def lock(self) -> Path:
        """Return the file whose lock is held while anything starts, stops or joins."""
        return self.path / "datalayer.lock"

    @property
    def users(self) -> Path:
        """Return the folder with one locked file for each user of the server."""
        return self.path / "users"

    @property
    def log(self) -> Path:
        """Return the server's log."""
        return self.path / "postgresql.log"

    @property
    def facts(self) -> Path:
        """Return the file that says how the server was started."""
        return self.path / "server.json"

    @property
    def password(self) -> Path:
        """Return the file with the password for connections by TCP."""
        return self.path / "password"

    @property
    def keep(self) -> Path:
        """Return the file that says: keep running without users."""
        return self.path / "keep-running"

    @property
    def throw_away(self) -> Path:
        """Return the file that says: delete the folder after its last user."""
        return self.path / "throw-away"

    @property
    def tag(self) -> str:
        """Return a word in the command line of all processes of this server."""
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()
        return f"datalayer-{digest[:12]}"

    @property
    def major(self) -> int | None:
        """Return the major version that created the data, if there is any."""
        return read_major(self.data)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one user to a running server; it ends with its process.

    A lease is a file that its process holds a lock on. The kernel frees the lock when
    the process ends, however it ends, so that no list of process numbers goes stale.
    """

    file: Path
    descriptor: int


@dataclass(frozen=True, slots=True)
class ServerUser:
    """A process that uses a server."""

    pid: int
    program: str
    since: str


def server_folder(path: Path) -> ServerFolder:
    """Return the folder at a path, of which links have been followed."""
    resolved = path.expanduser().resolve()
    if any(ord(character) < 32 for character in str(resolved)):
        raise ServerError(
            f"the folder {str(resolved)!r} has a control character in its name",
            help="PostgreSQL cannot work in it: name another one",
        )
    return ServerFolder(resolved)


def read_major(data: Path) -> int | None:
    """Return the major version in a data folder's `PG_VERSION`."""
    try:
        return int((data / "PG_VERSION").read_text().strip())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an error of the operating system into one that says what to do."""
    try:
        yield
    except OSError as error:
        place = error.filename or path
        if error.errno in _NO_SPACE:
            raise DiskFull(
                f"no space left for {place}",
                help="free some, or name a folder on another disk",
            ) from error
        if error.errno in _NO_RIGHTS:
            raise NotEnoughRights(
                f"cannot use {place}: {error.strerror or error}",
                help="name a folder that is yours, for example in DATALAYER_FOLDER",
            ) from error
        raise ServerError(f"cannot use {place}: {error.strerror or error}") from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file; wait for whoever holds it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            give_to_owner(path)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # The folder may have been removed, and made again, while we waited.
            if not _is_file(descriptor, path):
                continue
            yield
            return
        finally:
            # A child that was forked meanwhile shares the lock: closing is not enough.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


def take_lease(folder: ServerFolder) -> Lease:
    """Register this process as a user. The folder's lock must be held."""
    folder.users.mkdir(mode=0o700, exist_ok=True)
    give_to_owner(folder.users)
    file = folder.users / f"{os.getpid()}-{uuid.uuid4().hex[:12]}.json"
    # Hidden until it is locked and complete, for those who only look.
    hidden = folder.users / f".{file.name}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(hidden, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, json.dumps(_this_process()).encode())
        give_to_owner(hidden)
        hidden.rename(file)
    except BaseException:
        os.close(descriptor)
        hidden.unlink(missing_ok=True)
        raise
    return Lease(file, descriptor)


def end_lease(lease: Lease) -> None:
    """Stop being a user."""
    lease.file.unlink(missing_ok=True)
    fcntl.flock(lease.descriptor, fcntl.LOCK_UN)
    os.close(lease.descriptor)


def prune_leases(folder: ServerFolder) -> None:
    """Remove the leases of processes that are gone. The lock must be held."""
    for file in _lease_files(folder, hidden=True):
        if not _is_held(file):
            file.unlink(missing_ok=True)


def list_users(folder: ServerFolder) -> tuple[ServerUser, ...]:
    """Return the processes that use the server now."""
    users = []
    for file in _lease_files(folder):
        if _is_held(file):
            user = _read_user(file)
            if user is not None:
                users.append(user)
    return tuple(users)


def write_atomically(path: Path, text: str) -> None:
    """Write a small file as a whole or not at all."""
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(unfinished, flags, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        give_to_owner(unfinished)
        unfinished.rename(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def give_to_owner(path: Path) -> None:
    """Let what root makes in a user's folder belong to the user."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        if owner.st_uid != 0:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _lease_files(folder: ServerFolder, *, hidden: bool = False) -> list[Path]:
    try:
        files = sorted(folder.users.iterdir())
    except FileNotFoundError:
        return []
    return [f for f in files if hidden or not f.name.startswith(".")]


def _is_held(lease: Path) -> bool:
    try:
        descriptor = os.open(lease, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _is_file(descriptor: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)


def _this_process() -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "program": shlex.join(sys.orig_argv),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _read_user(file: Path) -> ServerUser | None:
    try:
        content = json.loads(file.read_text())
        return ServerUser(
            int(content["pid"]), str(content["program"]), str(content["since"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
