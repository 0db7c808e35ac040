"""Located errors from an offset in the text of a migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.location import excerpt, locate

if TYPE_CHECKING:
    from datalayer.errors import LocatedError


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
    first_line = text[offset : offset + length].split("\n", 1)[0]
    return kind(
        message,
        location=location,
        excerpt=excerpt(text, location, len(first_line)),
        help=remedy,
    )
