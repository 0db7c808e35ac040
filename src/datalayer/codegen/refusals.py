"""PostgreSQL's errors at their places in query files, in our words."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datalayer.codegen.suggestions import suggest
from datalayer.errors import QueryRefused
from datalayer.lexer import significant_tokens
from datalayer.location import excerpt
from datalayer.remedies import remedy
from datalayer.wording import NAMES, in_our_quotes, named_token, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from datalayer.codegen.describe import Refusal
    from datalayer.codegen.numbering import NumberedStatement
    from datalayer.lexer import Token
    from datalayer.location import Location
    from datalayer.model import QuerySource

#: A value that its type cannot read; for JSON the detail says what is wrong.
_INVALID_TEXT = "22P02"


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
    refusal = replace(refusal, message=message)
    if refusal.offset is None:
        return located(connection, source, refusal)
    place = statement.directive_place(refusal.offset)
    if place is not None:
        return _in_directive(connection, source, statement, refusal, place)
    offset = statement.original_offset(refusal.offset)
    return located(connection, source, replace(refusal, offset=offset))


def _in_directive(
    connection: Connection[Any],
    source: QuerySource,
    statement: NumberedStatement,
    refusal: Refusal,
    place: Location,
) -> QueryRefused:
    """Return the error for a refusal of what a directive put into the statement."""
    tokens = list(significant_tokens(statement.sql))
    offset = refusal.offset or 0
    length = next((t.end - offset for t in tokens if t.start <= offset < t.end), 1)
    return QueryRefused(
        _said(refusal),
        location=place,
        excerpt=excerpt(source.file_text, place, length),
        help=_help(connection, refusal, tokens, offset),
    )


def located(
    connection: Connection[Any], source: QuerySource, refusal: Refusal
) -> QueryRefused:
    """Return the error for a refusal whose offset is one of the original statement."""
    tokens = list(significant_tokens(source.sql))
    offset = refusal.offset
    if offset is None:
        offset = _named_place(source, tokens, refusal.message)
    location = source.place(offset)
    text, length = source.file_text_at(offset), _length(source, tokens, offset)
    problem = QueryRefused(
        _said(refusal),
        location=location,
        excerpt=excerpt(text, location, length),
        help=_help(connection, refusal, tokens, offset),
    )
    problem.used_by = source.used_by(offset)
    return problem


def _help(
    connection: Connection[Any], refusal: Refusal, tokens: Sequence[Token], offset: int
) -> str | None:
    """Return the best advice there is: a name, a remedy, or PostgreSQL's own hint."""
    hint = sentence(refusal.hint)
    if hint and hint.startswith("perhaps you meant"):
        # Of the names in a query PostgreSQL knows more, such as aliases.
        return hint
    words = [token.text for token in tokens if token.kind in NAMES]
    return (
        suggest(connection, refusal, words)
        or remedy(refusal.message, refusal.sqlstate, tokens, offset)
        or hint
    )


def _said(refusal: Refusal) -> str:
    text = refusal.message
    if refusal.sqlstate == _INVALID_TEXT and refusal.detail:
        text += f": {sentence(refusal.detail)}"
    return in_our_quotes(text)


def _length(source: QuerySource, tokens: Sequence[Token], offset: int) -> int:
    """Return how many characters of a line the carets mark."""
    for placeholder in source.placeholders:
        if placeholder.start == offset:
            return placeholder.end - placeholder.start
    length = next((t.end - offset for t in tokens if t.start <= offset < t.end), 1)
    return len(source.sql[offset : offset + length].split("\n", 1)[0])


def _named_place(source: QuerySource, tokens: Sequence[Token], message: str) -> int:
    """Return where what a message names stands first, or the start."""
    parameter = re.search(r'":(\w+)"', message)
    if parameter:
        uses = (p.start for p in source.placeholders if p.name == parameter[1])
        return next(uses, 0)
    token = named_token(tokens, message)
    return token.start if token else 0
