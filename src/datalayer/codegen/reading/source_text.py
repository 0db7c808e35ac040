"""The text of one file with the problems that are found in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from datalayer.errors import LocatedError
from datalayer.location import Location, excerpt, locate
from datalayer.model import Stretch, place_in, stretch_at

if TYPE_CHECKING:
    from collections.abc import Iterable

_Error = TypeVar("_Error", bound=LocatedError)


@dataclass(frozen=True, slots=True)
class SourceText:
    """A text and the path that messages name it by; lines end in `\\n` alone."""

    path: str
    text: str
    #: Where the pieces of `text` stand, if fragments were put into the file's text.
    stretches: tuple[Stretch, ...] = ()
    #: The text of the file itself, if it is another.
    original: str = ""

    @property
    def file_text(self) -> str:
        """Return the text of the file itself."""
        return self.original if self.stretches else self.text

    def location(self, offset: int) -> Location:
        """Return the place of a character."""
        if self.stretches:
            return place_in(self.text, self.stretches, offset)
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
        problem = kind(message, location=location, help=help)
        text = self.file_text
        if self.stretches:
            stretch = stretch_at(self.stretches, start)
            problem.used_by = stretch.used_by
            text = stretch.fragment.file_text if stretch.fragment else text
        problem.excerpt = excerpt(text, location, length)
        return problem


def quoted_list(names: Iterable[str]) -> str:
    """Return names in backquotes with commas between them."""
    return ", ".join(f"`{name}`" for name in names)
