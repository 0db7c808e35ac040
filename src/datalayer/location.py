"""Where something stands in a text file."""

from __future__ import annotations

from dataclasses import dataclass


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
    # Tabs are repeated, so that the carets stand right at any tab width.
    indent = "".join("\t" if c == "\t" else " " for c in line[: location.column - 1])
    carets = "^" * max(1, min(length, len(line) - location.column + 1))
    return f"{margin}{line}\n{' ' * (len(margin) - 2)}| {indent}{carets}"
