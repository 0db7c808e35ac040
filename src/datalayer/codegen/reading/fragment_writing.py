"""The text of a file with fragments in the place of what stands in for them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.lexer import tokens
from datalayer.location import Location
from datalayer.model import Stretch, place_in

if TYPE_CHECKING:
    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.lexer import Token
    from datalayer.model import Fragment


@dataclass(frozen=True, slots=True)
class Edit:
    """What of a file is replaced by a fragment; the offsets are those of the file."""

    fragment: Fragment
    comment: Token
    #: The extent of what stands in for the fragment, if anything does.
    start: int
    end: int
    #: White space that is put before the text.
    lead: str = ""


class FragmentWriter:
    """The text of a file with fragments in the making."""

    def __init__(self, source: SourceText, name: str) -> None:
        """Begin with nothing of a file; `name` is of the query that uses fragments."""
        self.source = source
        self.name = name
        self.parts: list[str] = []
        self.stretches = [Stretch(0, Location(source.path))]
        self.length = 0
        self.position = 0

    def copy(self, end: int) -> None:
        """Take over the text of the file up to an offset."""
        self._add(self.source.text[self.position : end])
        self.position = end

    def put(self, edit: Edit) -> None:
        """Write a fragment in the place of what stands in for it."""
        self.copy(edit.start)
        comment = self.source.location(edit.comment.start)
        if edit.lead:
            self.stretches.append(Stretch(self.length, comment, replaced=""))
            self._add(edit.lead)
        fragment = edit.fragment
        indentation = edit.lead[1:] or indentation_of(self.source, edit.start)
        text, shift = _moved(fragment, len(indentation))
        arguments = "".join(f" :{name}" for name in fragment.parameters)
        own = Stretch(
            self.length,
            fragment.text_location,
            fragment,
            f"`{self.name}` ({comment.path}:{comment.line})",
            shift,
            self.source.text[edit.start : edit.end] + arguments,
        )
        separator = self.source.text[edit.end : edit.comment.start].strip()
        code = max(token.end for token in tokens(text) if token.significant)
        rest = text[code:]
        self._stretch(own, text[:code])
        # What follows must not become a part of a comment that the fragment ends in.
        self._stretch(Stretch(0, self.source.location(edit.end)), separator)
        place = place_in(text, [replace(own, start=0)], code)
        self._stretch(replace(own, location=place, replaced=""), rest)
        self.position = edit.comment.end
        self._stretch(Stretch(0, self.source.location(self.position)), "")

    def _stretch(self, stretch: Stretch, text: str) -> None:
        self.stretches.append(replace(stretch, start=self.length))
        self._add(text)

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)


def indentation_of(source: SourceText, offset: int) -> str:
    """Return the spaces that the line of a character begins with."""
    start = source.text.rfind("\n", 0, offset) + 1
    line = source.text[start:offset]
    return line[: len(line) - len(line.lstrip(" "))]


def _moved(fragment: Fragment, indentation: int) -> tuple[str, int]:
    """Return the text with its lines below a number of spaces, and by how many more.

    It stays as it is when a string goes over several lines, or a line is indented by
    less than the first.
    """
    text = fragment.text
    first = fragment.text_location
    line = fragment.file_text.split("\n")[first.line - 1][: first.column - 1]
    own = len(line) - len(line.lstrip(" "))
    shift = indentation - own
    below = [each for each in text.split("\n")[1:] if each.strip()]
    if any(not each.startswith(" " * own) for each in below):
        return text, 0
    if any(token.significant and "\n" in token.text for token in tokens(text)):
        return text, 0
    moved = re.sub(rf"\n {{{own}}}(?=[^\n])", "\n" + " " * indentation, text)
    return moved, shift
