"""One `-- @` line of a header, and what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from datalayer.errors import DirectiveError

if TYPE_CHECKING:
    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.location import Location
    from datalayer.model import Literal

DIRECTIVE = re.compile(r"--\s*@(?P<word>\w*)")
#: How each directive is written.
FORMS = {
    "allow": "`-- @allow rule: reason`",
    "column": "`-- @column name null`, `not null`, or `name[]` for its elements",
    "embed": "`-- @embed name`, `name Class = alias` or `name Class = prefix_*`",
    "group": "`-- @group name`, `name Class = alias` or `name Class = prefix_*`",
    "map": "`-- @map key`, or `-- @map key = value` for values of a column",
    "order": "`-- @order name = column DESC, column`",
    "page": "`-- @page column DESC, column`",
    "param": "`-- @param name = default`, `-- @param name null` or `not null`,"
    " `-- @param name max 500`",
    "raises": "`-- @raises constraint ClassName`",
    "stream": "`-- @stream`",
    "type": "`-- @type name module.Type` or `-- @type name module.Type validated`",
}
_PIECE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")+"|\[\]|=|[^\s=\[\]'"]+|\S""")


@dataclass(frozen=True, slots=True)
class Claim:
    """What one line says: `aspect` of the thing that `word` and `name` tell."""

    word: str
    name: str
    location: Location
    #: `default`, `nullable`, `elements`, `maximum`, `type` or `reason`.
    aspect: str
    value: Literal
    #: What a type is said of and with: `elements`, `validated`.
    options: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DirectiveLine:
    """One directive line and the offset of its first character in the file."""

    source: SourceText
    text: str
    offset: int

    @property
    def head(self) -> re.Match[str]:
        """Return `-- @word`."""
        match = DIRECTIVE.match(self.text)
        assert match is not None  # the caller chose the line by this expression
        return match

    def pieces(self) -> list[re.Match[str]]:
        """Return what stands after the word: names, literals and signs."""
        return list(_PIECE.finditer(self.text, self.head.end()))

    def fail(
        self, message: str, help: str, piece: re.Match[str] | None = None
    ) -> NoReturn:
        """Raise an error at a piece, or behind the end of the line."""
        end = len(self.text.rstrip())
        start, stop = piece.span() if piece else (end, end + 1)
        raise self.source.error(
            DirectiveError,
            message,
            start=self.offset + start,
            end=self.offset + stop,
            help=help,
        )
