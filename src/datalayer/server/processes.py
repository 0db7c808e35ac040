"""Which processes run, and how to end them; with `/proc`, and without it by `ps`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PROC = Path("/proc")
_POLL = 0.005
_POSTGRES = re.compile(r"(\S*/)?postgres(:|\s|$)")


@dataclass(frozen=True, slots=True)
class Process:
    """A process and its command line."""

    pid: int
    command: str

    @property
    def is_postgres(self) -> bool:
        """Tell whether it is a PostgreSQL server process, by its own account."""
        return _POSTGRES.match(self.command) is not None or "/postgres -D" in (
            self.command
        )


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended but was not collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return True
    # The name stands in parentheses and may contain anything; the state follows.
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def find_process(pid: int) -> Process | None:
    """Return a process by its number, or None when it does not run."""
    if not is_alive(pid):
        return None
    if _has_proc():
        return Process(pid, _proc_command(pid))
    return next((p for p in _ps("-p", str(pid)) if p.pid == pid), None)


def list_processes() -> Iterator[Process]:
    """Yield all processes of the machine that can be seen."""
    if not _has_proc():
        yield from _ps("-ax")
        return
    for entry in sorted(_PROC.iterdir()):
        if entry.name.isdigit():
            pid = int(entry.name)
            command = _proc_command(pid)
            if command and is_alive(pid):
                yield Process(pid, command)


def working_folder(pid: int) -> str | None:
    """Return where a process works, or None when that cannot be known.

    A PostgreSQL process works in its data folder; Linux appends ` (deleted)`.
    """
    try:
        return os.readlink(_PROC / str(pid) / "cwd")
    except OSError:
        return None


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal; a process that is gone already is fine."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def wait_until(condition: Callable[[], bool], *, timeout: float) -> bool:
    """Poll a condition; return whether it held in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def _has_proc() -> bool:
    return (_PROC / "self" / "cmdline").exists()


def _proc_command(pid: int) -> str:
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ""
    return os.fsdecode(raw.replace(b"\0", b" ")).strip()


def _ps(*selection: str) -> Iterator[Process]:
    output = subprocess.run(
        ["ps", *selection, "-ww", "-o", "pid=", "-o", "command="],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
    ).stdout
    for line in output.splitlines():
        pid, _, command = line.strip().partition(" ")
        if pid.isdigit():
            yield Process(int(pid), command.strip())
