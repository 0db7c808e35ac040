"""What earlier runs found out about the queries of a project.

A shape depends on the text of its query, on the migrations, on the settings and on the
code that found it, and on nothing else: while all of these are the same, no server has
to be asked again.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalayer.codegen.shape_text import NotAShape, shape_of_plain, shape_to_plain
from datalayer.fingerprints import digest, schema_fingerprint
from datalayer.kept_files import FOLDER, keep_file

if TYPE_CHECKING:
    from pathlib import Path

    from datalayer.config import Config
    from datalayer.model import QueryShape, QuerySource


@dataclass(frozen=True, slots=True)
class _Found:
    """A shape that was read or found in this process."""

    key: str
    shape: QueryShape


@dataclass(slots=True)
class ShapeCache:
    """The shapes of a project's queries under one profile, on disk and in memory."""

    #: None for in memory alone.
    file: Path | None
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
        if self.file is None:
            return
        keys = dict.fromkeys(found.key for found in self._used.values())
        lines = [self.schema, *(f"{key} {self._kept[key]}" for key in keys)]
        # Whoever cannot write here generates more slowly, and is not disturbed.
        with suppress(OSError):
            keep_file(self.file, "\n".join(lines))

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
    return digest([".".join(source.module), section, source.sql])
