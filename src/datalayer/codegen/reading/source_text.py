"""The text of one file with the problems that are found in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from datalayer.errors import LocatedError
from datalayer.location import Location, excerpt, locate

if TYPE_CHECKING:
    from collections.abc import Iterable

_Error = TypeVar("_Error", bound=LocatedError)


@dataclass(frozen=True, slots=True)
class SourceText:
    """A text and the path that messages name it by; lines end in `\\n` alone."""

    path: str
    text: str

    def location(self, offset: int) -> Location:
        """Return the place of a character."""
        return locate(self.path, self.text, offset)

    def error(
        self,
        kind: type[_Error],
        message: str,
        *,
        start: int,
        end: int | None = None,
        help: str | None = None,
    ) -> _Error:
        """Build an error that shows the characters from `start` to `end`."""
        location = self.location(start)
        length = 1 if end is None else end - start
        return kind(
            message,
            location=location,
            excerpt=excerpt(self.text, location, length),
            help=help,
        )


def quoted_list(names: Iterable[str]) -> str:
    """Return names in backquotes with commas between them."""
    return ", ".join(f"`{name}`" for name in names)
