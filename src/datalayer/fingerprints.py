"""What shapes and modules are made from, as digests."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalayer.config import Config

#: What finds shapes: below the folder of the package.
_CODE = (
    "codegen",
    "json_shapes.py",
    "lexer.py",
    "location.py",
    "model",
    "nesting.py",
    "runtime/placeholders.py",
)


def schema_fingerprint(config: Config, profile: str) -> str:
    """Return a digest of what the shapes of a project depend on besides the queries."""
    settings = [profile, str(config.new_types), *map(str, sorted(config.types.items()))]
    return digest([_code_fingerprint(), *settings, _tree([config.migrations])])


def tree_fingerprint(config: Config) -> str:
    """Return a digest of all that a project's modules are made from, and of them."""
    schema = schema_fingerprint(config, "")
    return digest([schema, config.package, _tree([config.queries, config.output])])


@cache
def _code_fingerprint() -> str:
    package = Path(__file__).parent
    return _tree([package / name for name in _CODE])


def _tree(paths: Iterable[Path]) -> str:
    """Return a digest of the names and the contents of files and folders."""
    digest = hashlib.sha256()
    for path in paths:
        files = [path] if path.is_file() else sorted(_files(path))
        for file in files:
            name = file.relative_to(path.parent).as_posix()
            digest.update(f"{name}\0".encode())
            with suppress(OSError):
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _files(folder: Path) -> Iterable[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if each != "__pycache__"]
        yield from (Path(root, name) for name in names if not name.endswith(".pyc"))


def digest(texts: Iterable[str]) -> str:
    """Return a digest of texts in their order."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
