"""The tokens and the statements of PostgreSQL SQL text.

The lexer is pure, never raises, and loses nothing: the texts of the tokens of any
string, joined, are that string. It follows PostgreSQL's own `scan.l` with
`standard_conforming_strings` on. A string, a quoted name, a dollar string or a block
comment that never ends becomes one `UNTERMINATED` token up to the end of the text; the
caller decides what to say about it (`Token.start` is where it was opened).

- `U&'…'`, `B'…'`, `X'…'` and `E'…'` are one `STRING`; `N'…'` is a word and a string.
  The parts of a continued string are tokens of their own.
- `U&"…"` is a `QUOTED_IDENTIFIER`; `$1` is a `PARAMETER`; `$$…$$` a `DOLLAR_STRING`.
- `::`, `:=` and `..` are one `PUNCTUATION` token each; so are a lone `:` and each of
  `, ( ) [ ] . ;` and any character that SQL has no use for (a backslash, a brace).
- `OPERATOR` is what PostgreSQL takes for one operator: `=-1` is `=`, `-`, `1`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class TokenKind(Enum):
    """What a piece of SQL text is."""

    WHITE_SPACE = "white space"
    LINE_COMMENT = "line comment"
    BLOCK_COMMENT = "block comment"
    STRING = "string"
    QUOTED_IDENTIFIER = "quoted identifier"
    DOLLAR_STRING = "dollar string"
    WORD = "word"
    NUMBER = "number"
    PARAMETER = "parameter"
    OPERATOR = "operator"
    PUNCTUATION = "punctuation"
    UNTERMINATED = "unterminated"


#: The kinds that mean nothing to PostgreSQL.
INSIGNIFICANT = frozenset(
    {TokenKind.WHITE_SPACE, TokenKind.LINE_COMMENT, TokenKind.BLOCK_COMMENT}
)


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of SQL text; the offsets are characters, `end` is exclusive."""

    kind: TokenKind
    text: str
    start: int
    end: int

    @property
    def significant(self) -> bool:
        """Tell whether PostgreSQL's parser sees this token."""
        return self.kind not in INSIGNIFICANT

    def is_word(self, *words: str) -> bool:
        """Tell whether this is one of some lower-case words, in any letter case."""
        return self.kind is TokenKind.WORD and self.text.lower() in words


@dataclass(frozen=True, slots=True)
class Statement:
    """The extent of one statement, from its first to its last significant token.

    The final semicolon and the comments around the statement are outside.
    """

    start: int
    end: int


# What one expression can tell, in the order of trying. Quantifiers are possessive
# where backtracking would cut a string at a doubled quote. Any character from U+0080 on
# can be part of a word, because PostgreSQL looks at single bytes there.
_LETTER = "A-Za-z_\u0080-\U0010ffff"
_DIGITS = "[0-9](?:_?[0-9])*"
_TAG = f"(?:[{_LETTER}][{_LETTER}0-9]*)?"
_TOKEN = re.compile(
    rf"""
    (?P<WHITE_SPACE> [ \t\n\r\f\v]+ )
  | (?P<LINE_COMMENT> --[^\n\r]* )
  | (?P<STRING> (?:[uU]&)?'(?:[^']+|'')*+' | [eE]'(?:[^'\\]+|''|\\.)*+'
      | [bBxX]'[^']*' )
  | (?P<QUOTED_IDENTIFIER> (?:[uU]&)?"(?:[^"]+|"")*+" )
  | (?P<DOLLAR_STRING> \$(?P<tag>{_TAG})\$.*?\$(?P=tag)\$ )
  | (?P<PARAMETER> \$[0-9]+ )
  | (?P<UNTERMINATED> (?: (?:[uU]&|[bBxXeE])?' | (?:[uU]&)?" | \${_TAG}\$ ).* )
  | (?P<WORD> [{_LETTER}][{_LETTER}0-9$]* )
  | (?P<NUMBER> 0[xX](?:_?[0-9a-fA-F])+ | 0[oO](?:_?[0-7])+ | 0[bB](?:_?[01])+
      | (?: {_DIGITS}(?:\.(?!\.)(?:{_DIGITS})?)? | \.{_DIGITS} )
        (?:[eE][+-]?{_DIGITS})? )
  | (?P<PUNCTUATION> :: | := | \.\. | [^~!@\#^&|`?+\-*/%<>=] )
    """,
    re.VERBOSE | re.DOTALL,
)
_OPERATOR = re.compile(r"[~!@#^&|`?+\-*/%<>=]+")
_COMMENT_START = re.compile(r"--|/\*")
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_ESCAPED_PART = re.compile(r"'(?:[^'\\]+|''|\\.)*+'", re.DOTALL)
# Between the parts of one continued string: comments, and at least one new line.
_CONTINUATION = re.compile(
    r"(?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*(?=')"
)


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a text; their texts, joined, are the text."""
    position = 0
    escaped = -1
    while position < len(text):
        is_escaped_part = position == escaped
        kind, end = _scan(text, position, is_escaped_part=is_escaped_part)
        token = Token(kind, text[position:end], position, end)
        yield token
        if kind is TokenKind.STRING and (is_escaped_part or token.text[0] in "eE"):
            # What continues an E'' string obeys backslashes as well.
            gap = _CONTINUATION.match(text, end)
            escaped = gap.end() if gap else -1
        position = end


def significant_tokens(text: str) -> Iterator[Token]:
    """Yield the tokens that PostgreSQL's parser sees."""
    return (token for token in tokens(text) if token.significant)


def split_statements(text: str) -> list[Statement]:
    """Return the extents of the statements of a text; empty ones are left out.

    A semicolon inside parentheses or inside a `BEGIN ATOMIC … END` body ends nothing.
    What follows the last semicolon is a statement, be it complete or not.
    """
    statements: list[Statement] = []
    #: The significant tokens of the statement so far.
    current: list[Token] = []
    depth = 0
    in_body = False
    for token in significant_tokens(text):
        if token.text == ";" and depth == 0 and not in_body:
            _finish(statements, current)
            current = []
            continue
        current.append(token)
        if token.text in {"(", ")"}:
            depth = max(0, depth + (1 if token.text == "(" else -1))
        elif in_body:
            in_body = not _closes_body(current)
        elif depth == 0:
            in_body = _opens_body(current)
    _finish(statements, current)
    return statements


def _finish(statements: list[Statement], current: list[Token]) -> None:
    if current:
        statements.append(Statement(current[0].start, current[-1].end))


def _opens_body(current: list[Token]) -> bool:
    """Tell whether `BEGIN ATOMIC` of a function or procedure was just read."""
    if len(current) < 3 or not current[-1].is_word("atomic"):
        return False
    if not current[-2].is_word("begin"):
        return False
    first = [token.text.lower() for token in current[:4]]
    if first[1:3] == ["or", "replace"]:
        del first[1:3]
    return first[0] == "create" and first[1] in {"function", "procedure"}


def _closes_body(current: list[Token]) -> bool:
    """Tell whether the last word is the END of a body.

    Each statement of a body ends in a semicolon and none begins with END, so that the
    END of a CASE, or a column that is called so, never stands in that place.
    """
    before = current[-2]
    return current[-1].is_word("end") and (
        before.text == ";" or before.is_word("atomic")
    )


def _scan(
    text: str, position: int, *, is_escaped_part: bool = False
) -> tuple[TokenKind, int]:
    """Return the kind and the end of the token at a position."""
    if is_escaped_part:
        part = _ESCAPED_PART.match(text, position)
        if part is None:
            return TokenKind.UNTERMINATED, len(text)
        return TokenKind.STRING, part.end()
    if text.startswith("/*", position):
        return _scan_block_comment(text, position)
    found = _TOKEN.match(text, position)
    if found is None:
        return TokenKind.OPERATOR, _end_of_operator(text, position)
    # The named groups are the kinds, but for the inner `tag`, which is never the last.
    return TokenKind[found.lastgroup or "UNTERMINATED"], found.end()


def _scan_block_comment(text: str, position: int) -> tuple[TokenKind, int]:
    depth = 0
    for edge in _BLOCK_EDGE.finditer(text, position):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return TokenKind.BLOCK_COMMENT, edge.end()
    return TokenKind.UNTERMINATED, len(text)


def _end_of_operator(text: str, position: int) -> int:
    run = _OPERATOR.match(text, position)
    assert run is not None  # `_TOKEN` matches every other character
    operator = run[0]
    comment = _COMMENT_START.search(operator)
    if comment:
        operator = operator[: comment.start()]
    # https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-OPERATORS
    if not any(character in "~!@#^&|`?%" for character in operator[:-1]):
        while len(operator) > 1 and operator[-1] in "+-":
            operator = operator[:-1]
    return position + len(operator)
