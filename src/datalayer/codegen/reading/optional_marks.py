"""The comments that say that something is optional, and those that nearly do."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from datalayer.errors import DirectiveError
from datalayer.lexer import TokenKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.errors import LocatedError
    from datalayer.lexer import Token

MARK = re.compile(r"--\s*@optional\b(?P<rest>.*)$")
FOR = re.compile(r"\s+for\s+(?P<names>\w+(?:\s*,\s*\w+)*)\s*")
FORM = "write `-- @optional`, or `-- @optional for name` behind a join"
_BARE = re.compile(r"--\s*optional(\s+for\s+\w+(\s*,\s*\w+)*)?\s*", re.I)
_WORD = re.compile(r"@(?P<word>\w+)")


def is_mark(token: Token) -> bool:
    """Tell whether a token is such a comment."""
    return token.kind is TokenKind.LINE_COMMENT and MARK.match(token.text) is not None


def mistaken_marks(
    source: SourceText, tokens: Sequence[Token]
) -> Iterator[LocatedError]:
    """Find comments that would be overlooked by the letter."""
    for token in tokens:
        if token.kind is TokenKind.BLOCK_COMMENT and _means_it(token.text):
            message = "`@optional` in a block comment says nothing"
        elif token.kind is not TokenKind.LINE_COMMENT or is_mark(token):
            continue
        elif _BARE.fullmatch(token.text) or _means_it(token.text):
            message = f"`{token.text.strip()}` says nothing, but looks like `@optional`"
        else:
            continue
        yield source.error(
            DirectiveError,
            message,
            start=token.start,
            end=token.start + len(token.text.split("\n", 1)[0]),
            help="write `-- @optional` as a comment of its own, or use other words",
        )


def _means_it(comment: str) -> bool:
    words = (said["word"].lower() for said in _WORD.finditer(comment))
    return any(
        difflib.get_close_matches(word, ["optional"], cutoff=0.8) for word in words
    )
