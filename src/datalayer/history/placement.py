"""Where in the migrations of a project a history belongs, and what it needs there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.config import bundled_folder
from datalayer.history.errors import HistoryComponentError
from datalayer.history.naming import unquote_name
from datalayer.lexer import TokenKind, significant_tokens
from datalayer.migrate.files import FLAT_COMPONENT, PROFILES, read_components

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from datalayer.history.options import HistoryOptions
    from datalayer.lexer import Token
    from datalayer.migrate.files import Component, MigrationFile

MAINTENANCE = "maintenance"
_NAMES = frozenset({TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER})


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file to write."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the migration of one history goes."""

    folder: Path
    version: str
    profiles: tuple[str, ...]
    #: Whether each profile has a file of its own.
    has_variants: bool
    requires: tuple[str, ...]
    #: What is copied first, because the history uses it.
    maintenance: tuple[PlannedFile, ...]
    is_hypertable: bool

    def path(self, name: str, profile: str) -> Path:
        """Return the file for a profile."""
        variant = f".{profile}" if self.has_variants else ""
        return self.folder / f"{self.version}_add_{name}_history{variant}.sql"


def place(
    folder: Path, options: HistoryOptions, table: str, *, has_maintenance: bool
) -> Placement:
    """Return where the history of a table goes.

    Raises `HistoryComponentError` when several components could be meant.
    """
    components = read_components(folder)
    is_flat = [each.name for each in components] == [FLAT_COMPONENT]
    own = _component(components, options.component, table, is_flat=is_flat)
    target = folder if is_flat else folder / own
    files = next((c.files for c in components if c.name == own), ())
    copied = () if has_maintenance else _maintenance(folder, components, files)
    in_place = len(copied) if is_flat else 0
    creator = None if is_flat else _creator(components, table)
    required = {MAINTENANCE, creator} - {own, None}
    profiles = _profiles(components, options.profile)
    return Placement(
        folder=target,
        version=_next_version(files, 1 + in_place),
        profiles=profiles,
        has_variants=len(profiles) > 1,
        requires=() if is_flat else tuple(sorted(str(name) for name in required)),
        maintenance=copied,
        is_hypertable=any(_makes_hypertable(c.files, table) for c in components),
    )


def file_stem(table: str) -> str:
    """Return what of a table's name can be in the name of a file."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", table)


def _component(
    components: Sequence[Component], asked: str | None, table: str, *, is_flat: bool
) -> str:
    if is_flat:
        if asked not in (None, FLAT_COMPONENT):
            raise HistoryComponentError(
                f"no component `{asked}`: the migrations lie directly in their folder",
                help="leave `--component` out",
            )
        return FLAT_COMPONENT
    if asked is not None:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", asked):
            raise HistoryComponentError(
                f"a component cannot be called `{asked}`",
                help="use letters, digits, `_` and `-`",
            )
        return asked
    names = [c.name for c in components if c.name != MAINTENANCE]
    found = names[0] if len(names) == 1 else _creator(components, table)
    if found is None:
        raise HistoryComponentError(
            f"no component is seen to create `{table}`",
            help="name the one for the migration: `--component NAME`; there are "
            + ", ".join(f"`{name}`" for name in names),
        )
    return found


def _creator(components: Sequence[Component], table: str) -> str | None:
    for component in components:
        for file in component.files:
            if any(_creates(tokens, table) for tokens in _statements(file)):
                return component.name
    return None


def _profiles(components: Sequence[Component], asked: str | None) -> tuple[str, ...]:
    """Return the profiles to write for; where there are variants, a version is both."""
    has_variants = any(file.variant for c in components for file in c.files)
    if asked == "both" or has_variants:
        return PROFILES
    return (asked or PROFILES[0],)


def _maintenance(
    folder: Path, components: Sequence[Component], flat: Sequence[MigrationFile]
) -> tuple[PlannedFile, ...]:
    """Return the files of this package that a history uses and the project lacks."""
    shipped = sorted((bundled_folder("migrations") / MAINTENANCE).glob("*.sql"))
    names = {file.name for component in components for file in component.files}
    missing = [path for path in shipped if path.stem.partition("_")[2] not in names]
    if [each.name for each in components] != [FLAT_COMPONENT]:
        return tuple(
            PlannedFile(folder / MAINTENANCE / path.name, path.read_text("utf-8"))
            for path in missing
        )
    return tuple(
        PlannedFile(
            folder / f"{_next_version(flat, number)}_{path.stem.partition('_')[2]}.sql",
            path.read_text("utf-8"),
        )
        for number, path in enumerate(missing, 1)
    )


def _next_version(files: Sequence[MigrationFile], step: int) -> str:
    last = max(files, key=lambda file: file.number, default=None)
    if last is None:
        return f"{step:03}"
    return f"{last.number + step:0{len(last.version)}}"


def _makes_hypertable(files: Sequence[MigrationFile], table: str) -> bool:
    for file in files:
        if file.variant in (None, "timescaledb"):
            for tokens in _statements(file):
                if _is_hypertable_statement(tokens, table):
                    return True
    return False


def _is_hypertable_statement(tokens: Sequence[Token], table: str) -> bool:
    if any(token.is_word("create_hypertable") for token in tokens):
        named = (t.text[1:-1] for t in tokens if t.kind is TokenKind.STRING)
        return any(_last_name(text) == table for text in named)
    has_option = any(token.is_word("hypertable") for token in tokens)
    return has_option and _creates(tokens, table)


def _last_name(text: str) -> str:
    """Return the last part of a name that may be qualified."""
    last = re.search(r'("(?:[^"]|"")+"|[^".]+)$', text)
    return unquote_name(last[0]) if last else text


def _creates(tokens: Sequence[Token], table: str) -> bool:
    if not tokens[0].is_word("create"):
        return False
    before = [index for index, t in enumerate(tokens[:5]) if t.is_word("table")]
    if not before:
        return False
    rest = list(tokens[before[0] + 1 :])
    while rest and rest[0].is_word("if", "not", "exists"):
        rest.pop(0)
    while len(rest) > 2 and rest[1].text == ".":
        rest = rest[2:]
    return bool(rest) and rest[0].kind in _NAMES and _name(rest[0]) == table


def _name(token: Token) -> str:
    if token.kind is TokenKind.QUOTED_IDENTIFIER:
        return unquote_name(token.text)
    return token.text.lower()


def _statements(file: MigrationFile) -> Iterator[list[Token]]:
    for statement in file.statements:
        yield list(significant_tokens(file.text[statement.start : statement.end]))
