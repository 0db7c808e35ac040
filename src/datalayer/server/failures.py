"""What the output of `initdb` and `postgres` means for a user."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from datalayer.errors import (
    DiskFull,
    FolderInUse,
    NotEnoughRights,
    PortInUse,
    ServerError,
    ServerStartFailed,
)

if TYPE_CHECKING:
    from pathlib import Path

_LINES = 15
_ALMOST_NOTHING = 1_000_000


def explain_failure(
    output: str, *, action: str, folder: Path, port: int | None = None
) -> ServerError:
    """Return the error for a program that failed, from what it printed."""
    if _has(output, "could not create shared memory segment", "semaphores: No space"):
        return ServerStartFailed(
            _message(f"{action} failed: the machine has no shared memory left", output),
            help="`ipcs -m` lists segments; raise kernel.shmmni or remove old ones",
        )
    if _has(output, "No space left on device", "Disk quota exceeded") or (
        # Then the log has no room for the reason either.
        not output.strip() and _is_full(folder)
    ):
        return DiskFull(
            _message(f"{action} failed: no space left on the disk of {folder}", output),
            help="free some, or name a folder on another disk",
        )
    if port is not None and _has(output, "Address already in use"):
        return PortInUse(
            f"port {port} is in use by another program",
            help="choose another one, or none: a socket needs no port",
        )
    if port is not None and re.search(r"could not bind .*: Permission denied", output):
        return NotEnoughRights(
            f"port {port} is reserved for privileged programs",
            help="choose one from 1024 up",
        )
    if _has(output, "Permission denied", "Operation not permitted", "Read-only file"):
        return NotEnoughRights(
            _message(f"{action} failed: the operating system refuses", output),
            help=f"see who may write to {folder}, or name another folder",
        )
    if _has(output, "is another postmaster", "is another server"):
        return FolderInUse(
            _message(f"a server that was started otherwise runs in {folder}", output),
            help="stop it, or name another folder",
        )
    return ServerStartFailed(_message(f"{action} failed", output))


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _ALMOST_NOTHING
    except OSError:
        return False


def _has(output: str, *phrases: str) -> bool:
    lowered = output.lower()
    return any(phrase.lower() in lowered for phrase in phrases)


def _message(text: str, output: str) -> str:
    lines = [line for line in output.strip().splitlines() if line.strip()][-_LINES:]
    return "\n    ".join([text + (":" if lines else ""), *lines])
