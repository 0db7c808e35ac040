"""Errors in the directives of a query that only its analysis finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.errors import DirectiveError
from datalayer.location import excerpt

if TYPE_CHECKING:
    from datalayer.location import Location
    from datalayer.model import QuerySource


def directive_error(
    source: QuerySource, location: Location, message: str, help: str, *, length: int = 1
) -> DirectiveError:
    """Return an error that points at some characters of a header."""
    return DirectiveError(
        message,
        location=location,
        excerpt=excerpt(source.file_text, location, length),
        help=help,
    )
