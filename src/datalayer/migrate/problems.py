"""Located errors from an offset in the text of a migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.location import Location, excerpt, locate

if TYPE_CHECKING:
    from datalayer.errors import LocatedError

# Rows of data may be lines of a megabyte: only what surrounds the place is shown.
_LONGEST_LINE = 200
_SHOWN_BEFORE = 60


def problem_at(
    kind: type[LocatedError],
    path: str,
    text: str,
    offset: int,
    length: int,
    message: str,
    remedy: str | None,
) -> LocatedError:
    """Return an error that shows the first line of a part of a text."""
    location = locate(path, text, offset)
    return kind(
        message,
        location=location,
        excerpt=show(text, offset, length),
        help=remedy,
    )


def show(text: str, offset: int, length: int) -> str:
    """Return the excerpt for the first line of a part of a text."""
    location = locate("", text, offset)
    marked = len(text[offset : offset + length].split("\n", 1)[0])
    start = offset - (location.column - 1)
    end = text.find("\n", start)
    line = text[start : end if end >= 0 else len(text)]
    if len(line) <= _LONGEST_LINE:
        return excerpt(text, location, marked)
    left = max(0, location.column - 1 - _SHOWN_BEFORE)
    part = line[left : left + _LONGEST_LINE]
    shown = f"{'… ' if left else ''}{part}{' …' if part[-1:] != line[-1:] else ''}"
    column = location.column - left + (2 if left else 0)
    before = "\n" * (location.line - 1)
    return excerpt(before + shown, Location("", location.line, column), marked)
