"""What earlier runs found out about the queries of a project.

A shape depends on the text of its query, on the migrations, on the settings and on the
code that found it, and on nothing else: while all of these are the same, no server has
to be asked again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from datalayer.codegen.shape_text import (
    NotAShape,
    plain_of,
    shape_of_plain,
    shape_to_plain,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalayer.config import Config
    from datalayer.model import Finding, QueryShape, QuerySource

#: Below the folder of the project; it ignores itself.
FOLDER = ".datalayer"
#: What finds shapes: below the folder of the package.
_CODE = (
    "codegen",
    "json_shapes.py",
    "lexer.py",
    "location.py",
    "model.py",
    "nesting.py",
)


@dataclass(frozen=True, slots=True)
class _Found:
    """A shape that was read or found in this process."""

    key: str
    shape: QueryShape


@dataclass(slots=True)
class ShapeCache:
    """The shapes of a project's queries under one profile, on disk and in memory."""

    file: Path
    #: What all of them depend on.
    schema: str
    #: As they are written down, each by the digest of its query.
    _kept: dict[str, str] = field(default_factory=dict)
    #: By the identity of their sources, which they hold: the last time, and now.
    _before: dict[int, _Found] = field(default_factory=dict)
    _used: dict[int, _Found] = field(default_factory=dict)

    def begin(self) -> None:
        """Forget what was used so far, once the queries are looked at again."""
        self._before, self._used = self._used, {}

    def find(self, source: QuerySource) -> QueryShape | None:
        """Return the shape of a query, if it is known."""
        found = self._before.get(id(source)) or self._read(source)
        if found is None:
            return None
        self._used[id(source)] = found
        return found.shape

    def keep(self, shape: QueryShape) -> None:
        """Remember the shape of a query."""
        key = _key(shape.source)
        self._kept[key] = json.dumps(shape_to_plain(shape))
        self._used[id(shape.source)] = _Found(key, shape)

    def save(self) -> None:
        """Write down what is used now, and nothing else."""
        keys = dict.fromkeys(found.key for found in self._used.values())
        lines = [self.schema, *(f"{key} {self._kept[key]}" for key in keys)]
        # Whoever cannot write here generates more slowly, and is not disturbed.
        with suppress(OSError):
            _replace(self.file, "\n".join(lines))

    def _read(self, source: QuerySource) -> _Found | None:
        key = _key(source)
        with suppress(KeyError, ValueError, NotAShape):
            return _Found(key, shape_of_plain(json.loads(self._kept[key]), source))
        return None


def open_cache(config: Config, profile: str) -> ShapeCache:
    """Open the cache of a project; what it holds of another schema is forgotten."""
    file = config.root / FOLDER / f"shapes-{profile}.txt"
    opened = ShapeCache(file, schema_fingerprint(config, profile))
    with suppress(OSError, ValueError):
        schema, *lines = file.read_text("utf-8").split("\n")
        if schema == opened.schema:
            parted = (line.partition(" ") for line in lines)
            opened._kept = {key: text for key, _, text in parted}
    return opened


def _key(source: QuerySource) -> str:
    lines = source.file_text.split("\n")
    last = source.sql_location.line + source.sql.count("\n")
    section = "\n".join(lines[source.location.line - 1 : last])
    return _digest([".".join(source.module), section, source.sql])


def schema_fingerprint(config: Config, profile: str) -> str:
    """Return a digest of what the shapes of a project depend on besides the queries."""
    settings = [profile, str(config.new_types), *map(str, sorted(config.types.items()))]
    return _digest([_code_fingerprint(), *settings, _tree([config.migrations])])


@dataclass(frozen=True, slots=True)
class Summary:
    """What the last run said, which holds as long as no file changes."""

    queries: int
    modules: int
    findings: tuple[Finding, ...]
    #: Those under which the modules were found to be the same; none when only one was
    #: tried, and `("",)` when there is only one.
    profiles: tuple[str, ...] = ()


def remember(config: Config, summary: Summary) -> None:
    """Write down what a run said about the files as they are now."""
    told = {"tree": _tree_fingerprint(config), "said": plain_of(summary)}
    with suppress(OSError):
        _replace(config.root / FOLDER / "summary.json", json.dumps(told))


def remembered(config: Config) -> Summary | None:
    """Return what the last run said, if no file has changed since."""
    with suppress(OSError, ValueError, KeyError, NotAShape):
        text = (config.root / FOLDER / "summary.json").read_text("utf-8")
        told = json.loads(text)
        if told["tree"] == _tree_fingerprint(config):
            return value_of(told["said"], Summary)
    return None


def _tree_fingerprint(config: Config) -> str:
    """Return a digest of all that a project's modules are made from, and of them."""
    schema = schema_fingerprint(config, "")
    return _digest([schema, config.package, _tree([config.queries, config.output])])


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


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _replace(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    file.parent.mkdir(exist_ok=True)
    ignored = file.parent / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", "utf-8")
    handle, beside = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(beside).replace(file)
    except BaseException:
        Path(beside).unlink()
        raise
