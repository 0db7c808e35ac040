"""PostgreSQL's errors at their places in query files, in our words."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datalayer.codegen.remedies import remedy
from datalayer.codegen.suggestions import suggest
from datalayer.errors import QueryRefused
from datalayer.lexer import Token, TokenKind, significant_tokens
from datalayer.location import excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from datalayer.codegen.describe import Refusal
    from datalayer.codegen.numbering import NumberedStatement
    from datalayer.model import QuerySource

_NAMES = {TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER}
#: A value that its type cannot read; for JSON the detail says what is wrong.
_INVALID_TEXT = "22P02"
# Names that PostgreSQL leaves without quotes.
_UNQUOTED = (
    (re.compile(r'^column ([^"\s`]+) (?=does not exist)'), r"column `\1` "),
    (
        re.compile(r"^(function|procedure|aggregate) ([^`]+\)) (?=does not|is not)"),
        r"\1 `\2` ",
    ),
    (re.compile(r"^(operator (?:does not exist|is not unique)): (.+)$"), r"\1: `\2`"),
    (re.compile(r"^(invalid input value for enum) ([^`:]+):"), r"\1 `\2`:"),
)


def refused(
    connection: Connection[Any],
    source: QuerySource,
    statement: NumberedStatement,
    refusal: Refusal,
) -> QueryRefused:
    """Return the error to raise for a query that PostgreSQL did not accept."""
    # People know parameters by their names, PostgreSQL by their numbers.
    message = re.sub(
        r'"?\$([0-9]+)"?',
        lambda number: f'":{statement.order[int(number[1]) - 1]}"',
        refusal.message,
    )
    offset = refusal.offset
    if offset is not None:
        offset = statement.original_offset(offset)
    return located(connection, source, replace(refusal, message=message, offset=offset))


def located(
    connection: Connection[Any], source: QuerySource, refusal: Refusal
) -> QueryRefused:
    """Return the error for a refusal whose offset is one of the original statement."""
    tokens = list(significant_tokens(source.sql))
    offset = refusal.offset
    if offset is None:
        offset = _named_place(source, tokens, refusal.message)
    location = source.place(offset)
    return QueryRefused(
        _said(refusal),
        location=location,
        excerpt=excerpt(source.file_text, location, _length(source, tokens, offset)),
        help=_help(connection, refusal, tokens, offset),
    )


def _help(
    connection: Connection[Any], refusal: Refusal, tokens: Sequence[Token], offset: int
) -> str | None:
    """Return the best advice there is: a name, a remedy, or PostgreSQL's own hint."""
    hint = _sentence(refusal.hint)
    if hint and hint.startswith("perhaps you meant"):
        # Of the names in a query PostgreSQL knows more, such as aliases.
        return hint
    words = [token.text for token in tokens if token.kind in _NAMES]
    return (
        suggest(connection, refusal, words) or remedy(refusal, tokens, offset) or hint
    )


def _said(refusal: Refusal) -> str:
    text = refusal.message
    if refusal.sqlstate == _INVALID_TEXT and refusal.detail:
        text += f": {_sentence(refusal.detail)}"
    text = re.sub(r'"([^"]*)"', r"`\1`", text)
    for pattern, replacement in _UNQUOTED:
        text = pattern.sub(replacement, text)
    # A value of several lines would break the first line of the message.
    return " ".join(text.split("\n"))


def _length(source: QuerySource, tokens: Sequence[Token], offset: int) -> int:
    """Return how many characters of a line the carets mark."""
    for placeholder in source.placeholders:
        if placeholder.start == offset:
            return placeholder.end - placeholder.start
    length = next((t.end - offset for t in tokens if t.start <= offset < t.end), 1)
    return len(source.sql[offset : offset + length].split("\n", 1)[0])


def _named_place(source: QuerySource, tokens: Sequence[Token], message: str) -> int:
    """Return where the first name of a message stands, when PostgreSQL does not tell.

    What is there twice is wrong the second time; a name before a dot is only used.
    """
    quoted = re.search(r'"(:?)([^"]+)"', message)
    if quoted is None:
        return 0
    if quoted[1]:
        uses = (p.start for p in source.placeholders if p.name == quoted[2])
        return next(uses, 0)
    found = [
        token.start
        for token, following in zip(tokens, [*tokens[1:], None], strict=True)
        if token.kind in _NAMES
        and token.text.strip('"') == quoted[2]
        and (following is None or following.text != ".")
    ]
    if "more than once" in message:
        found = found[1:]
    elif "USING" in message:
        found = found[-1:]
    return found[0] if found else 0


def _sentence(hint: str | None) -> str | None:
    """Return PostgreSQL's sentences in our form: `perhaps so; or so`."""
    if not hint:
        return None
    text = re.sub(r'"([^"]*)"', r"`\1`", hint).rstrip(".")
    parts = re.split(r"\.\s+", text)
    # Only a word is made lower; `SQL` and `CREATE` stay.
    return "; ".join(
        part[0].lower() + part[1:] if part[1:2].islower() else part for part in parts
    )
