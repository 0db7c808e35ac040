"""Ways to remember too much, each of which somebody who edits must notice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datalayer import fingerprints, shape_cache
from datalayer.cli import watching
from datalayer.codegen.memo import Memo
from datalayer.codegen.reading import loader
from datalayer.codegen.rendering import writer
from datalayer.model import QuerySource
from datalayer.shape_cache import ShapeCache

_files = watching._files
_find = ShapeCache.find


@dataclass(frozen=True, slots=True)
class Mutant:
    """Something put in the place of a part of the code."""

    name: str
    owner: Any
    attribute: str
    replacement: object


def _overlooking(function: str, *overlooked: int) -> Callable[..., Any]:
    """Return a memo that overlooks some of the arguments of a function."""

    def make(self: Any, module: Any, made_by: Any, *arguments: Any) -> Any:  # noqa: ANN401 - as there
        drop = overlooked if made_by.__name__ == function else ()
        compared = [each for at, each in enumerate(arguments) if at not in drop]
        known = self._made.get(module)
        if known is None or known[0] != compared:
            known = self._made[module] = (compared, made_by(*arguments))
        return known[1]

    return make


def _used_alone(module: object, names: frozenset[str], everywhere: Any) -> Any:  # noqa: ANN401 - as there
    return tuple(
        (at, tuple(each for each in fragments if each[0] in names))
        for at, fragments in everywhere
    )


def _key_of_file(source: QuerySource) -> str:
    """Return a digest that overlooks the text of fragments."""
    lines = source.file_text.split("\n")[source.location.line - 1 :]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _first_of_name(self: Any, source: QuerySource) -> Any:  # noqa: ANN401 - as there
    known: dict[tuple[object, ...], Any] = _FIRST.setdefault(id(self), {})
    found = _find(self, source)
    return found and known.setdefault((*source.module, source.name), found)


_FIRST: dict[int, dict[tuple[object, ...], Any]] = {}


def _schema_of_code(config: object, profile: str) -> str:
    return fingerprints._code_fingerprint()


def _only(predicate: Callable[[Path], bool]) -> Callable[..., Any]:
    def files(config: Any) -> Any:  # noqa: ANN401 - as there
        found = _files(config)
        return {file: seen for file, seen in found.items() if predicate(file)}

    return files


def _names(config: Any) -> Any:  # noqa: ANN401 - as there
    return dict.fromkeys(_files(config))


MUTANTS = (
    Mutant("file is read once", Memo, "make", _overlooking("_read", 0)),
    Mutant("fragments are overlooked", Memo, "make", _overlooking("_read", 2)),
    Mutant("advice is about what is used", loader, "_usable", _used_alone),
    Mutant("fragments are read once", Memo, "make", _overlooking("_read_fragments", 0)),
    Mutant("queries are overlooked", Memo, "make", _overlooking("_render_file", 1, 2)),
    Mutant("comments are overlooked", Memo, "make", _overlooking("_render_file", 2)),
    Mutant("classes are overlooked", Memo, "make", _overlooking("_render_file", 3)),
    Mutant("fragments have no part in keys", shape_cache, "_key", _key_of_file),
    Mutant("shapes are kept by name", ShapeCache, "find", _first_of_name),
    Mutant("schemas are alike", shape_cache, "schema_fingerprint", _schema_of_code),
    Mutant(
        "migrations are not seen",
        watching,
        "_files",
        _only(lambda file: "migrations" not in file.parts),
    ),
    Mutant(
        "settings are not seen",
        watching,
        "_files",
        _only(lambda file: file.name != "pyproject.toml"),
    ),
    Mutant(
        "wrong names are not seen",
        watching,
        "_files",
        _only(lambda file: file.name != "queries"),
    ),
    Mutant("only names are seen", watching, "_files", _names),
    Mutant("nothing is removed", writer, "_superfluous", lambda *_: []),
)
