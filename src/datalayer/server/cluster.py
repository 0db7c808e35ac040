"""How one cluster is created, started, found running, and stopped."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datalayer.errors import FolderInUse, NotEnoughRights, ServerStartFailed
from datalayer.server.account import program_environment
from datalayer.server.failures import explain_failure
from datalayer.server.folder import give_to_owner, write_atomically
from datalayer.server.processes import (
    find_process,
    is_alive,
    list_processes,
    send,
    wait_until,
    working_folder,
)
from datalayer.server.socket_folder import make_socket_folder, remove_socket_folder

if TYPE_CHECKING:
    from datalayer.server.account import Account
    from datalayer.server.binaries import Binaries
    from datalayer.server.folder import ServerFolder

SUPERUSER = "postgres"
DEFAULT_PORT = 5432
_LARGE_LOG = 10_000_000
_STOP_TIMEOUT = 60.0
#: What a folder that is deleted in the end need not be protected from.
_THROW_AWAY_SETTINGS = {
    # In the folder, so that deleting it leaves nothing in /dev/shm.
    "dynamic_shared_memory_type": "mmap",
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_senders": "0",
    "synchronous_commit": "off",
    "wal_level": "minimal",
}


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What a running server wrote into its `postmaster.pid`."""

    pid: int
    port: int
    socket_folder: str
    #: The address it listens on, or empty.
    address: str
    #: The number of its segment of System V shared memory, or -1.
    shared_memory: int
    status: str


def read_postmaster(data: Path) -> Postmaster | None:
    """Return the content of `postmaster.pid`, which may be stale or incomplete."""
    # https://www.postgresql.org/docs/current/storage-file-layout.html
    try:
        lines = (data / "postmaster.pid").read_text(errors="surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None
    fields = [line.strip() for line in lines.splitlines()] + [""] * 8
    if not fields[0].lstrip("-").isdigit():
        return None
    return Postmaster(
        pid=abs(int(fields[0])),
        port=int(fields[3]) if fields[3].isdigit() else 0,
        socket_folder=fields[4],
        address=fields[5],
        shared_memory=int(fields[6].split()[-1]) if fields[6] else -1,
        status=fields[7],
    )


def find_running(folder: ServerFolder) -> Postmaster | None:
    """Return the server that runs in a folder, whatever its status."""
    postmaster = read_postmaster(folder.data)
    if postmaster is None or not _serves(postmaster.pid, folder):
        return None
    return postmaster


def create_cluster(
    folder: ServerFolder, binaries: Binaries, account: Account | None
) -> None:
    """Create the data of a server: as a whole or, when interrupted, not at all."""
    _remove_unfinished(folder)
    data = folder.path / f".data-{uuid.uuid4().hex[:12]}"
    password = secrets.token_urlsafe(24)
    write_atomically(folder.password, password + "\n")
    data.mkdir(mode=0o700)
    _give(data, account)
    _give(folder.password, account)
    command = [
        *(binaries.program("initdb"), "-D", str(data)),
        *("-U", SUPERUSER, "--pwfile", str(folder.password)),
        *("--auth-local", "trust", "--auth-host", "scram-sha-256"),
        *("--encoding", "UTF8", "--locale", "C"),
        *(["--no-sync"] if folder.throw_away.exists() else []),
    ]
    try:
        _run_initdb(command, folder, account)
        data.rename(folder.data)
    except BaseException:
        _remove_unfinished(folder)
        raise


def start_cluster(
    folder: ServerFolder,
    binaries: Binaries,
    account: Account | None,
    *,
    port: int | None,
    timeout: float,
) -> Postmaster:
    """Start the server of a folder and wait until it answers."""
    number = port or DEFAULT_PORT
    socket_folder = make_socket_folder(folder, number, account)
    settings = {
        "cluster_name": folder.tag,
        "listen_addresses": "127.0.0.1" if port else "",
        "port": str(number),
        "unix_socket_directories": str(socket_folder),
        "unix_socket_permissions": "0700",
        **(_THROW_AWAY_SETTINGS if folder.throw_away.exists() else {}),
    }
    command = [binaries.program("postgres"), "-D", str(folder.data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    _limit_log(folder.log)
    logged = folder.log.stat().st_size if folder.log.exists() else 0
    try:
        pid = _launch(command, folder, account)
        _await_ready(pid, folder, port=port, logged=logged, timeout=timeout)
    except BaseException:
        end_processes(folder, signal.SIGQUIT)
        raise
    postmaster = read_postmaster(folder.data)
    assert postmaster is not None
    return postmaster


def stop_cluster(folder: ServerFolder) -> None:
    """Stop the server of a folder and all that is left of one."""
    postmaster = find_running(folder)
    if postmaster is not None:
        # Fast, with a checkpoint; for what is deleted anyway immediately.
        number = signal.SIGQUIT if folder.throw_away.exists() else signal.SIGINT
        send(postmaster.pid, number)
        wait_until(lambda: not is_alive(postmaster.pid), timeout=_STOP_TIMEOUT)
    end_processes(folder, signal.SIGQUIT)
    remove_socket_folder(folder)


def end_processes(folder: ServerFolder, number: signal.Signals) -> None:
    """End what still runs for a folder, such as servers that lost their data folder.

    Processes that outlive a killed server keep its shared memory, and the next start
    fails until they are gone.
    """
    pids = [p.pid for p in list_processes() if _belongs(p.pid, p.command, folder)]
    if not pids:
        return
    for pid in pids:
        send(pid, number)
    if not wait_until(lambda: not any(map(is_alive, pids)), timeout=2):
        for pid in filter(is_alive, pids):
            send(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, pids)), timeout=5)


def clear_remains(folder: ServerFolder) -> None:
    """Remove what a killed server left, so that the next one can start."""
    end_processes(folder, signal.SIGQUIT)
    # PostgreSQL would take another process with the same number for the old server.
    (folder.data / "postmaster.pid").unlink(missing_ok=True)


def await_settled(folder: ServerFolder, *, timeout: float) -> Postmaster | None:
    """Return the running server, once one that starts or stops has done so."""

    def is_settled() -> bool:
        postmaster = find_running(folder)
        return postmaster is None or postmaster.status in {"ready", "standby"}

    if not wait_until(is_settled, timeout=timeout):
        raise ServerStartFailed(
            f"the server in {folder.path} neither became ready nor ended "
            f"within {timeout:g} s",
            help=f"see {folder.log}, or run `datalayer db stop --force`",
        )
    return find_running(folder)


def _serves(pid: int, folder: ServerFolder) -> bool:
    """Tell whether a process is the server of a folder and not one that got its number.

    Raises `FolderInUse` for a server that somebody else started there.
    """
    process = find_process(pid)
    if process is None or not process.is_postgres:
        return False
    if folder.tag in process.command:
        return True
    place = working_folder(pid)
    if place is not None and Path(place) != folder.data:
        return False
    raise FolderInUse(
        f"a server that was started otherwise runs in {folder.data} (process {pid})",
        help=f"stop it with `pg_ctl -D {folder.data} stop`, or name another folder",
    )


def _belongs(pid: int, command: str, folder: ServerFolder) -> bool:
    if folder.tag not in command or "postgres" not in command:
        return False
    place = working_folder(pid)
    # Another container may have the same path, and its processes may be visible.
    # In "/" is a server that has only just been started.
    places = {None, "/", str(folder.data), f"{folder.data} (deleted)"}
    return place in places


def _remove_unfinished(folder: ServerFolder) -> None:
    """Remove data that were never completed, and end an `initdb` that nobody awaits."""
    unfinished = str(folder.path / ".data-")
    for process in list_processes():
        if unfinished in process.command and "initdb" in process.command:
            _kill_group(process.pid)
    for left in folder.path.glob(".data-*"):

        def is_removed(left: Path = left) -> bool:
            # Processes that were just killed may still write.
            shutil.rmtree(left, ignore_errors=True)
            return not left.exists()

        wait_until(is_removed, timeout=5)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _run_initdb(
    command: list[str], folder: ServerFolder, account: Account | None
) -> None:
    # In a group of its own, so that an interruption ends its children as well.
    process = _spawn(command, account, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output, _ = process.communicate()
    except BaseException:
        _kill_group(process.pid)
        process.communicate()
        raise
    if process.returncode:
        text = output.decode(errors="replace")
        raise explain_failure(text, action="`initdb`", folder=folder.path)


def _launch(command: list[str], folder: ServerFolder, account: Account | None) -> int:
    """Start a program that nobody waits for; return its number."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    log = os.open(folder.log, flags, 0o600)
    try:
        give_to_owner(folder.log)
        # A child of the shell, which ends: it would stay a zombie as a child of ours.
        script = '"$@" >&2 & echo $!'
        process = _spawn(
            ["/bin/sh", "-c", script, "sh", *command],
            account,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        output, _ = process.communicate()
    finally:
        os.close(log)
    return int(output)


def _spawn(
    command: list[str], account: Account | None, *, stdout: int, stderr: int
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd="/",
            env=program_environment(),
            start_new_session=True,
            umask=0o077,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except PermissionError as error:
        raise NotEnoughRights(
            f"cannot run `{command[0]}`"
            + (f" as the account `{account.name}`" if account else "")
            + f": {error.strerror}",
            help="run as an ordinary user",
        ) from error


def _await_ready(
    pid: int, folder: ServerFolder, *, port: int | None, logged: int, timeout: float
) -> None:
    def is_decided() -> bool:
        return not is_alive(pid) or _is_ready(folder, pid)

    decided = wait_until(is_decided, timeout=timeout)
    if _is_ready(folder, pid) and is_alive(pid):
        return
    with folder.log.open("rb") as log:
        log.seek(logged)
        output = log.read().decode(errors="replace")
    action = "starting the server"
    if not decided:
        action = f"starting the server took more than {timeout:g} s and"
    raise explain_failure(output, action=action, folder=folder.path, port=port)


def _is_ready(folder: ServerFolder, pid: int) -> bool:
    postmaster = read_postmaster(folder.data)
    return (
        postmaster is not None
        and postmaster.pid == pid
        and postmaster.status in {"ready", "standby"}
    )


def _limit_log(log: Path) -> None:
    """Keep one old log when the log has grown large."""
    if log.exists() and log.stat().st_size > _LARGE_LOG:
        log.rename(log.with_name(log.name + ".old"))


def _give(path: Path, account: Account | None) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
