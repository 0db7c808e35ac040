"""How several processes share one server: who starts it, joins it and stops it."""

from __future__ import annotations

import atexit
import json
import os
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from datalayer.errors import PortInUse, ServerError, ServerInUse
from datalayer.server.account import (
    check_reachable,
    reachable_binaries,
    service_account,
)
from datalayer.server.binaries import Binaries, choose_binaries
from datalayer.server.claim import check_major, claim_folder
from datalayer.server.cluster import (
    SUPERUSER,
    Postmaster,
    await_settled,
    clear_remains,
    create_cluster,
    find_running,
    start_cluster,
    stop_cluster,
)
from datalayer.server.folder import (
    Lease,
    ServerFolder,
    ServerUser,
    end_lease,
    explained,
    list_users,
    locked,
    prune_leases,
    server_folder,
    take_lease,
    write_atomically,
)
from datalayer.server.throw_away import make_throw_away, remove_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

START_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    folder: Path
    #: The folder of its socket.
    host: str
    port: int
    major: int
    version: str
    pid: int
    #: The programs that it was started from, `psql` among them.
    binaries: Path
    #: Whether it listens on 127.0.0.1 as well.
    listens: bool = False

    def url(self, database: str = SUPERUSER) -> str:
        """Return the URL of a database for any client of this OS account."""
        host = quote(self.host, safe="/")
        return f"postgresql://{SUPERUSER}@/{quote(database, safe='')}" + (
            f"?host={host}&port={self.port}"
        )

    def tcp_url(self, database: str = SUPERUSER) -> str:
        """Return the URL, with the password, for clients that know no sockets."""
        if not self.listens:
            raise ServerError(
                f"the server in {self.folder} listens on no port",
                help="stop it, and start it with `datalayer db start --port 5433`",
            )
        with explained(self.folder):
            password = ServerFolder(self.folder).password.read_text().strip()
        name = quote(database, safe="")
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.port}/{name}"


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What is known about the server of a folder."""

    folder: Path
    #: `running`, `starting`, `stopping`, `stopped`, or `absent` when there is no data.
    state: str
    server: Server | None = None
    major: int | None = None
    users: tuple[ServerUser, ...] = ()
    keep_running: bool = False
    size: int = 0


class Membership:
    """The use of a server by this process; closing it leaves, and the last one stops.

    A process that ends without closing it leaves as well.
    """

    def __init__(self, server: Server, folder: ServerFolder, lease: Lease) -> None:
        """Leave at the latest when the interpreter ends."""
        self.server = server
        self._folder = folder
        self._lease = lease
        self._process = os.getpid()
        self._closed = threading.Lock()
        atexit.register(self.close)

    def close(self) -> None:
        """Leave, once; in a forked child do nothing, since the parent is the user."""
        if self._process != os.getpid() or not self._closed.acquire(blocking=False):
            return
        atexit.unregister(self.close)
        leave(self._folder, self._lease)


@contextmanager
def use_server(
    folder: Path | None = None,
    *,
    binaries: Path | None = None,
    port: int | None = None,
    keep_running: bool = False,
    timeout: float = START_TIMEOUT,
) -> Iterator[Server]:
    """Join the server of a folder, or start it; the last process to leave stops it.

    Without a folder the server is a new one of its own, deleted in the end.
    """
    membership = join_server(
        folder,
        binaries=binaries,
        port=port,
        keep_running=keep_running,
        timeout=timeout,
    )
    try:
        yield membership.server
    finally:
        membership.close()


def join_server(
    folder: Path | None = None,
    *,
    binaries: Path | None = None,
    port: int | None = None,
    keep_running: bool = False,
    timeout: float = START_TIMEOUT,
) -> Membership:
    """Join or start a server as `use_server` does, until the result is closed."""
    chosen = choose_binaries(binaries)
    with explained(folder or Path("/tmp")), ExitStack() as undo:
        if folder is None:
            place, lease = make_throw_away()
            undo.callback(leave, place, lease)
            with locked(place.lock):
                server, _ = _running(place, chosen, port=port, timeout=timeout)
        else:
            place = server_folder(folder)
            claim_folder(place, chosen)
            with locked(place.lock):
                prune_leases(place)
                lease = take_lease(place)
                undo.callback(leave, place, lease)
                server, _ = _running(place, chosen, port=port, timeout=timeout)
                if keep_running:
                    place.keep.touch()
        membership = Membership(server, place, lease)
        undo.pop_all()
    return membership


def start_server(
    folder: Path,
    *,
    binaries: Path | None = None,
    port: int | None = None,
    timeout: float = START_TIMEOUT,
) -> tuple[Server, bool]:
    """Let a server run until `stop_server`; tell whether it had to be started."""
    chosen = choose_binaries(binaries)
    place = server_folder(folder)
    with explained(place.path):
        claim_folder(place, chosen)
        with locked(place.lock):
            prune_leases(place)
            server, started = _running(place, chosen, port=port, timeout=timeout)
            place.keep.touch()
    return server, started


def stop_server(folder: Path, *, force: bool = False) -> bool:
    """Stop the server of a folder; return whether one ran.

    Raises `ServerInUse` when processes use it, unless forced.
    """
    place = server_folder(folder)
    with explained(place.path):
        if not place.lock.exists():
            return False
        with locked(place.lock):
            prune_leases(place)
            users = list_users(place)
            if users and not force:
                raise _in_use(place, users)
            ran = find_running(place) is not None
            place.keep.unlink(missing_ok=True)
            stop_cluster(place)
    return ran


def server_status(folder: Path) -> ServerStatus:
    """Return what is known about the server of a folder; change nothing."""
    place = server_folder(folder)
    with explained(place.path):
        major = place.major
        postmaster = find_running(place)
        state = "absent" if major is None else "stopped"
        server = None
        if postmaster is not None:
            state = _STATES.get(postmaster.status, postmaster.status)
            server = _describe(place, postmaster)
        return ServerStatus(
            folder=place.path,
            state=state,
            server=server,
            major=major,
            users=list_users(place),
            keep_running=place.keep.exists(),
            size=_size(place.path),
        )


_STATES = {"ready": "running", "standby": "running"}


def leave(folder: ServerFolder, lease: Lease) -> None:
    """Stop being a user; the last one stops the server unless it keeps running."""
    try:
        with locked(folder.lock):
            _leave_unlocked(folder, lease)
    except FileNotFoundError:
        # Somebody removed the folder below us: end what still runs for it.
        end_lease(lease)
        stop_cluster(folder)


def _leave_unlocked(folder: ServerFolder, lease: Lease) -> None:
    end_lease(lease)
    prune_leases(folder)
    if list_users(folder) or folder.keep.exists():
        return
    stop_cluster(folder)
    if folder.throw_away.exists():
        remove_folder(folder)


def _running(
    folder: ServerFolder, binaries: Binaries, *, port: int | None, timeout: float
) -> tuple[Server, bool]:
    """Return the server of a folder, started if need be. The lock must be held."""
    check_major(folder, binaries)
    postmaster = await_settled(folder, timeout=timeout)
    if postmaster is not None:
        _check_port(folder, postmaster, port)
        return _describe(folder, postmaster), False
    account = service_account(folder.data, folder.path)
    check_reachable(folder.path, account)
    runnable = reachable_binaries(binaries, account)
    clear_remains(folder)
    if folder.major is None:
        create_cluster(folder, runnable, account)
    postmaster = start_cluster(folder, runnable, account, port=port, timeout=timeout)
    facts = {"binaries": str(runnable.folder), "version": runnable.version}
    write_atomically(folder.facts, json.dumps(facts))
    return _describe(folder, postmaster), True


def _check_port(folder: ServerFolder, postmaster: Postmaster, port: int | None) -> None:
    if port is None or (postmaster.port == port and postmaster.address):
        return
    has = f"on port {postmaster.port}" if postmaster.address else "without a port"
    raise PortInUse(
        f"the server in {folder.path} runs already, {has}, not on port {port}",
        help="stop it first with `datalayer db stop`, or leave the port out",
    )


def _describe(folder: ServerFolder, postmaster: Postmaster) -> Server:
    try:
        facts = json.loads(folder.facts.read_text())
    except (OSError, ValueError):
        facts = {}
    major = folder.major or 0
    return Server(
        folder=folder.path,
        host=postmaster.socket_folder,
        port=postmaster.port,
        major=major,
        version=str(facts.get("version", major)),
        pid=postmaster.pid,
        binaries=Path(str(facts.get("binaries", ""))),
        listens=bool(postmaster.address),
    )


def _in_use(folder: ServerFolder, users: tuple[ServerUser, ...]) -> ServerInUse:
    listed = "".join(f"\n    {user.pid}  {user.program}" for user in users)
    count = len(users)
    return ServerInUse(
        f"{count} process{' uses' if count == 1 else 'es use'} the server in "
        f"{folder.path}:{listed}",
        help="wait until they end, or stop it with `--force`",
    )


def _size(path: Path) -> int:
    total = 0
    for root, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:
                continue
    return total
