"""The folder of migrations as components with their files, read and checked."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datalayer.errors import (
    EmptyMigrationError,
    LocatedError,
    MigrationEncodingError,
    MigrationFolderError,
    MigrationNameError,
)
from datalayer.lexer import significant_tokens
from datalayer.location import Location
from datalayer.migrate.header import Header, read_header
from datalayer.migrate.statements import check_statements, runs_outside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.lexer import Statement

#: What a database can be; a version has one plain file, or a variant for each.
PROFILES = ("native", "timescaledb")
#: The component of files that lie directly in the folder.
FLAT_COMPONENT = "default"

_NAME = re.compile(
    r"(?P<version>[0-9]{3,18})_(?P<name>[A-Za-z0-9_-]+)(?:\.(?P<variant>[^.]+))?\.sql"
)
_COMPONENT = re.compile(r"[A-Za-z0-9_-]+")
_NAME_HELP = "call it `NNN_name.sql`, as in `007_add_account_closed_at.sql`"


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One file, read, with its two fingerprints and its statements."""

    component: str
    #: The digits as they are written; what counts is their number.
    version: str
    name: str
    variant: str | None
    #: For people, as in `Location.path`.
    path: str
    #: Without a byte order mark, and with plain new lines.
    text: str
    header: Header
    statements: tuple[Statement, ...]
    bytes_hash: str
    tokens_hash: str

    @property
    def number(self) -> int:
        """Return the version as the number that orders files."""
        return int(self.version)

    @property
    def inside(self) -> int:
        """Return how many statements, from the first on, are one transaction."""
        return sum(not runs_outside(self.header, each) for each in self.statements)

    def statement_text(self, number: int) -> str:
        """Return a statement as it is written; the first has number 0."""
        statement = self.statements[number]
        return self.text[statement.start : statement.end]


@dataclass(frozen=True, slots=True)
class Component:
    """The files of one history, ordered by number and variant."""

    name: str
    path: str
    files: tuple[MigrationFile, ...]
    problems: tuple[LocatedError, ...] = ()

    @property
    def requires(self) -> tuple[str, ...]:
        """Return the components that any of the files requires."""
        return tuple(sorted({r for file in self.files for r in file.header.requires}))


def read_components(folder: Path) -> tuple[Component, ...]:
    """Read all components of a folder, sorted by name, each with its problems."""
    if not folder.is_dir():
        raise MigrationFolderError(
            f"no folder `{folder}`",
            help="name the folder of the migrations with `--folder`, or in "
            "`[tool.datalayer]` as `migrations`",
        )
    with _reading():
        found = _read_folder(folder)
    return tuple(sorted(found, key=lambda component: component.name))


def has_variants(folder: Path) -> bool:
    """Tell by the names of the files alone whether any is a variant."""
    with _reading():
        entries = _shown(folder)
        inside = [file for each in entries if each.is_dir() for file in _shown(each)]
    names = (_NAME.fullmatch(file.name) for file in (*entries, *inside))
    return any(name is not None and name["variant"] in PROFILES for name in names)


def tokens_hash(text: str) -> str:
    """Return a hash that comments and white space between tokens do not change."""
    digest = hashlib.sha256()
    for token in significant_tokens(text):
        digest.update(token.text.encode() + b"\0")
    return digest.hexdigest()


def display_path(path: Path) -> str:
    """Return a path as people write it: relative to the working folder if inside."""
    absolute = path.absolute()
    folder = Path.cwd()
    if absolute.is_relative_to(folder):
        return absolute.relative_to(folder).as_posix()
    return absolute.as_posix()


@contextmanager
def _reading() -> Iterator[None]:
    """Say what cannot be read, and what to do about it."""
    try:
        yield
    except OSError as error:
        raise MigrationFolderError(
            f"cannot read `{error.filename}`: {error.strerror}",
            help="let this user read the folder and its files",
        ) from error


def _shown(folder: Path) -> list[Path]:
    return sorted(e for e in folder.iterdir() if not e.name.startswith("."))


def _read_folder(folder: Path) -> list[Component]:
    entries = _shown(folder)
    components = [_read_component(e, e.name) for e in entries if e.is_dir()]
    found = [c for c in components if c.files or c.problems]
    if any(_is_sql(entry) for entry in entries):
        flat = _read_component(folder, FLAT_COMPONENT, is_flat=True)
        found.append(_refuse_mixture(flat, found[0].name) if found else flat)
    return found


def _is_sql(path: Path) -> bool:
    return path.suffix.lower() == ".sql" and path.is_file()


def _read_component(folder: Path, name: str, *, is_flat: bool = False) -> Component:
    files: list[MigrationFile] = []
    problems: list[LocatedError] = []
    for path in _sql_files(folder, is_flat=is_flat):
        file, found = _read_file(path, name, folder)
        problems.extend(found)
        if file is not None:
            files.append(file)
    if (files or problems) and not _COMPONENT.fullmatch(name):
        problems.append(
            MigrationNameError(
                f"a component cannot be called `{name}`",
                location=Location(display_path(folder)),
                help="name the folder with letters, digits, `_` and `-`",
            )
        )
    files.sort(key=lambda file: (file.number, file.variant or "", file.name))
    return Component(name, display_path(folder), tuple(files), tuple(problems))


def _sql_files(folder: Path, *, is_flat: bool) -> Iterator[Path]:
    for entry in _shown(folder):
        if _is_sql(entry):
            yield entry
        elif entry.is_dir() and not is_flat:
            # Not read, and so reported as misplaced.
            yield from (path for path in sorted(entry.rglob("*")) if _is_sql(path))


def _read_file(
    path: Path, component: str, folder: Path
) -> tuple[MigrationFile | None, tuple[LocatedError, ...]]:
    shown = display_path(path)
    misnamed = _check_name(path, shown, folder)
    if misnamed:
        return None, (misnamed,)
    content = path.read_bytes()
    text = _decode(content, shown)
    if isinstance(text, LocatedError):
        return None, (text,)
    named = _NAME.fullmatch(path.name)
    assert named is not None  # `_check_name` saw to it
    header, wrong_header = read_header(shown, text)
    statements, wrong_statements = check_statements(shown, text, header)
    file = MigrationFile(
        component=component,
        version=named["version"],
        name=named["name"],
        variant=named["variant"],
        path=shown,
        text=text,
        header=header,
        statements=statements,
        bytes_hash=hashlib.sha256(content).hexdigest(),
        tokens_hash=tokens_hash(text),
    )
    return file, (*wrong_header, *wrong_statements)


def _check_name(path: Path, shown: str, folder: Path) -> LocatedError | None:
    if path.parent != folder:
        return MigrationNameError(
            "a migration in a folder inside a component",
            location=Location(shown),
            help=f"move it up into `{display_path(folder)}`",
        )
    named = _NAME.fullmatch(path.name)
    if named is None:
        return MigrationNameError(
            f"`{path.name}` is not the name of a migration",
            location=Location(shown),
            help=_NAME_HELP,
        )
    if named["variant"] is not None and named["variant"] not in PROFILES:
        return MigrationNameError(
            f"unknown variant `{named['variant']}`",
            location=Location(shown),
            help=f"the variants are {', '.join(f'`{p}`' for p in PROFILES)}",
        )
    return None


def _decode(content: bytes, shown: str) -> str | LocatedError:
    """Return the text without byte order mark and carriage returns, or what is wrong.

    Git may check a file out with either line end; a function must not differ by that.
    """
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", "replace")
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        return MigrationEncodingError(
            f"not UTF-8: byte 0x{content[error.start]:02x}",
            location=Location(shown, line, column),
            help="save the file as UTF-8",
        )
    if "\0" in text:
        return MigrationEncodingError(
            "a zero byte",
            location=Location(shown, text[: text.index("\0")].count("\n") + 1),
            help="save the file as UTF-8 (this may be UTF-16)",
        )
    if not text.strip():
        return EmptyMigrationError(
            "an empty migration",
            location=Location(shown),
            help="if there is nothing to do, write a comment that says why",
        )
    return text


def _refuse_mixture(flat: Component, other: str) -> Component:
    """Return the flat component with the problem that folders lie beside its files."""
    place = flat.files[0].path if flat.files else flat.path
    problem = MigrationNameError(
        f"a migration beside the folder of a component, `{other}`",
        location=Location(place),
        help="move it into a component, or keep all files directly in the folder",
    )
    return Component(flat.name, flat.path, flat.files, (*flat.problems, problem))
