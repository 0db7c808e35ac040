"""The query files of a folder, their texts, and the modules they become."""

from __future__ import annotations

import keyword
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.codegen.reading.source_text import SourceText
from datalayer.errors import (
    LocatedError,
    ModuleNameError,
    QueryFileEncodingError,
    QueryFileUnreadable,
)
from datalayer.location import Location

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_MODULE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: What the generator itself writes at the top of its output.
_RESERVED = {"aio": "the async twins", "enums": "the enums of the database"}
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class QueryFile:
    """One file: where it is, how messages name it, and its module."""

    file: Path
    path: str
    module: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueryFolder:
    """The files of a folder in a fixed order, and what is wrong with their names."""

    files: tuple[QueryFile, ...]
    problems: tuple[LocatedError, ...]


def find_query_files(folder: Path, *, root: Path) -> QueryFolder:
    """Find `**/*.sql`; names with a leading dot are passed over."""
    problems: list[LocatedError] = []
    top = _Folder(folder, shown_path(folder, root), ())
    found = list(_walk(top, problems, frozenset()))
    files = [each for each in found if each.file.suffix == ".sql"]
    problems += _suffix_problems(found)
    problems += _name_problems(files, folder, root)
    problems += _clashes(files)
    return QueryFolder(tuple(sorted(files, key=lambda f: f.path)), tuple(problems))


def read_source(query_file: QueryFile) -> SourceText:
    """Read a file as UTF-8 with any line ends; raise a `LocatedError` if it is not."""
    try:
        data = query_file.file.read_bytes()
    except OSError as error:
        raise _unreadable(query_file.path, error) from None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(query_file.path, data, error.start) from None
    plain = _plain(text)
    if "\0" in plain:
        # No terminal shows the character, so the excerpt has another.
        raise SourceText(query_file.path, plain.replace("\0", "\ufffd")).error(
            QueryFileEncodingError,
            "a character that PostgreSQL cannot store: NUL",
            start=plain.index("\0"),
            help="remove it",
        )
    return SourceText(query_file.path, plain)


def shown_path(file: Path, root: Path) -> str:
    """Return a path below `root` with `/`, fit to be printed."""
    return _printable(os.path.relpath(file, root).replace(os.sep, "/"))


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _plain(text: str) -> str:
    """Remove a byte order mark; end lines as PostgreSQL's other platforms do."""
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _not_utf8(path: str, data: bytes, start: int) -> QueryFileEncodingError:
    if data.startswith(_BYTE_ORDER_MARKS):
        return QueryFileEncodingError(
            "the file is UTF-16, not UTF-8",
            location=Location(path),
            help="save it as UTF-8",
        )
    before = _plain(data[:start].decode("utf-8"))
    source = SourceText(path, before + _plain(data[start:].decode("utf-8", "replace")))
    return source.error(
        QueryFileEncodingError,
        f"the byte 0x{data[start]:02X} is not UTF-8",
        start=len(before),
        help="save the file as UTF-8",
    )


def _unreadable(path: str, error: OSError) -> QueryFileUnreadable:
    reason = (error.strerror or type(error).__name__).lower()
    missing = isinstance(error, FileNotFoundError)
    return QueryFileUnreadable(
        f"cannot be read: {reason}",
        location=Location(path),
        help="create it, or name another folder in `[tool.datalayer]`"
        if missing
        else None,
    )


@dataclass(frozen=True, slots=True)
class _Folder:
    """Where it is, how messages name it, and the beginning of its modules."""

    path: Path
    shown: str
    module: tuple[str, ...]


def _walk(
    folder: _Folder, problems: list[LocatedError], above: frozenset[str]
) -> Iterator[QueryFile]:
    real = os.path.realpath(folder.path)
    if real in above:  # a symbolic link that leads back up
        return
    try:
        with os.scandir(folder.path) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        problems.append(_unreadable(folder.shown, error))
        return
    prefix = "" if folder.shown == "." else f"{folder.shown}/"
    for entry in entries:
        name = entry.name
        if name.startswith("."):
            continue
        path, shown = folder.path / name, prefix + _printable(name)
        stem, suffix = os.path.splitext(name)
        if os.path.isdir(entry):  # for a link to itself `entry.is_dir` raises
            inside = _Folder(path, shown, (*folder.module, name))
            yield from _walk(inside, problems, above | {real})
        elif suffix.lower() == ".sql":
            yield QueryFile(path, shown, (*folder.module, stem))


def _suffix_problems(files: Iterable[QueryFile]) -> Iterator[ModuleNameError]:
    for each in files:
        if each.file.suffix != ".sql":
            yield ModuleNameError(
                f"the file ends in `{each.file.suffix}`",
                location=Location(each.path),
                help="aiosql reads `.sql` alone: rename it",
            )


def _name_problems(
    files: Iterable[QueryFile], folder: Path, root: Path
) -> Iterator[ModuleNameError]:
    """Look at the name of each file, and once at that of each folder."""
    seen: set[tuple[str, ...]] = set()
    for each in files:
        for depth in range(1, len(each.module) + 1):
            module = each.module[:depth]
            if module in seen:
                continue
            seen.add(module)
            fault = _fault(module)
            if fault is not None:
                whole = depth == len(each.module)
                place = (
                    each.path if whole else shown_path(folder.joinpath(*module), root)
                )
                message, help = fault
                yield ModuleNameError(message, location=Location(place), help=help)


def _fault(module: tuple[str, ...]) -> tuple[str, str] | None:
    name = module[-1]
    shown = _printable(name)
    if not _MODULE_NAME.fullmatch(name):
        proposal = re.sub(r"\W+", "_", shown, flags=re.ASCII).strip("_").lower()
        fits = _MODULE_NAME.fullmatch(proposal) and not keyword.iskeyword(proposal)
        return (
            f"`{shown}` cannot be the name of a Python module",
            f"rename it, for example to `{proposal}`"
            if fits
            else "use ASCII letters, digits and `_`, and begin with a letter",
        )
    if keyword.iskeyword(name):
        return (
            f"`{name}` is a keyword of Python",
            f"rename it, for example to `{name}_queries`",
        )
    if name.startswith("__"):
        return f"`{name}` is reserved by Python", "rename it without `__`"
    if len(module) == 1 and name.lower() in _RESERVED:
        return (
            f"`{name}` is where {_RESERVED[name.lower()]} are generated",
            "rename it",
        )
    return None


def _clashes(files: Iterable[QueryFile]) -> Iterator[ModuleNameError]:
    """Find a file and a folder, or two files, that would be one module."""
    owners: dict[tuple[str, ...], tuple[tuple[str, ...], bool, str]] = {}
    for each in files:
        for depth in range(1, len(each.module) + 1):
            module, is_file = each.module[:depth], depth == len(each.module)
            key = tuple(part.lower() for part in module)
            owner, owner_is_file, path = owners.setdefault(
                key, (module, is_file, each.path)
            )
            if owner == module and owner_is_file == is_file:
                continue
            this, other = "/".join(module), "/".join(owner)
            yield ModuleNameError(
                f"`{this}` is a module and a package: see {path}"
                if owner == module
                else f"`{this}` and `{other}` ({path}) differ only in letter case",
                location=Location(each.path),
                help="rename one of the two",
            )
            break
