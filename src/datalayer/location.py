"""Where something stands in a text file."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

#: Marks that combine with the letter before them, and invisible characters.
_WITHOUT_WIDTH = frozenset({"Cf", "Me", "Mn"})


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file: a path for people, a line and a column that count from 1."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        """Return `path:line:column`, which editors can jump to."""
        return f"{self.path}:{self.line}:{self.column}"


def locate(path: str, text: str, offset: int) -> Location:
    """Return the location of a character offset in a text."""
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return Location(path, line, column)


def excerpt(text: str, location: Location, length: int = 1) -> str:
    """Return the line at a location with carets below the offending part."""
    # Only "\n" ends a line here, as in `locate`; `splitlines` knows ten more.
    lines = text.split("\n")
    if not 1 <= location.line <= len(lines):
        return ""
    line = lines[location.line - 1].rstrip("\r")
    margin = f"{location.line:>5} | "
    start = location.column - 1
    # Tabs are repeated, so that the carets stand right at any tab width.
    indent = "".join("\t" if c == "\t" else " " * _width(c) for c in line[:start])
    marked = sum(map(_width, line[start : start + length]))
    carets = "^" * max(1, marked)
    return f"{margin}{line}\n{' ' * (len(margin) - 2)}| {indent}{carets}"


def _width(character: str) -> int:
    """Return how many columns of a terminal a character takes."""
    if unicodedata.category(character) in _WITHOUT_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"F", "W"} else 1
