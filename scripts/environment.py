"""How `.venv` is created and filled; runs on a bare Python, before any installation."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
#: The folder and the pyproject.toml of the installation that succeeded last.
STAMP = VENV / ".installed"
WORK = ROOT / ".datalayer"
LOG = WORK / "install.log"

#: Settings of pip that would send packages somewhere else than into `.venv`.
_MISLEADING = ("PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PIP_TARGET", "PIP_USER")


class InstallError(Exception):
    """The environment cannot be installed; the text says why and what to do."""


def main() -> int:
    """Install unless a process that held the lock before us did."""
    started = time.monotonic()
    try:
        with _locked():
            if STAMP.exists() and STAMP.read_bytes() == _stamp() and _works("pip"):
                return 0
            _create()
            _install()
            STAMP.write_bytes(_stamp())
    except InstallError as error:
        _say(f"scripts/install: {error}")
        return 1
    except KeyboardInterrupt:
        _say("interrupted: run it again to continue")
        return 130
    _say(f"installed in {time.monotonic() - started:.0f} s")
    return 0


@contextmanager
def _locked() -> Iterator[None]:
    """Let one process at a time install; the lock dies with its process."""
    try:
        WORK.mkdir(exist_ok=True)
        lock = (WORK / "install.lock").open("a")
    except OSError as error:
        raise InstallError(
            f"cannot write to {WORK}: {error.strerror}\n"
            "  help: work in a clone of your own: git clone <this folder> <a folder>"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another installation …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _create() -> None:
    """Create `.venv`, or again when an interrupted run or an upgrade broke it."""
    STAMP.unlink(missing_ok=True)
    if _works("pip"):
        return
    _say(f"creating .venv with Python {sys.version.split()[0]} …")
    # `--clear` empties what is there: half an environment cannot be repaired.
    result = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", VENV],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise InstallError(
            f"cannot create .venv:\n{result.stdout}{result.stderr}".rstrip()
            + "\n  help: on Debian and Ubuntu: apt install python3-venv"
        )


def _install() -> None:
    _say("installing datalayer and its tools (a minute or two the first time) …")
    environment = {k: v for k, v in os.environ.items() if k not in _MISLEADING}
    arguments = ("--disable-pip-version-check", "--no-input", "--editable", ".[dev]")
    with LOG.open("w") as log:
        status = subprocess.run(
            [PYTHON, "-m", "pip", "install", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if status:
        raise InstallError(_explain(LOG.read_text(errors="replace")))


def _explain(output: str) -> str:
    """Show the end of what pip said, with the likeliest remedy."""
    lines = ["pip failed; the end of its output:", *output.splitlines()[-20:]]
    if "No matching distribution" in output:
        lines.append(
            "  help: pip needs the package index:"
            " https://pypi.org, or what PIP_INDEX_URL names"
        )
    return "\n".join([*lines, f"  help: all of it is in {LOG.relative_to(ROOT)}"])


def _works(module: str) -> bool:
    """Tell whether `.venv` has a Python that is new enough and has a module."""
    code = f"import sys, {module}; sys.exit(sys.version_info < (3, 11))"
    try:
        return not subprocess.run(
            [PYTHON, "-c", code], capture_output=True, check=False
        ).returncode
    except OSError:
        return False


def _stamp() -> bytes:
    return f"{ROOT}\n".encode() + (ROOT / "pyproject.toml").read_bytes()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
