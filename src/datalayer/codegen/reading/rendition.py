"""Queries as aiosql can read them without going astray."""

from __future__ import annotations

import keyword
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from datalayer.lexer import TokenKind, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalayer.lexer import Token
    from datalayer.model import QuerySource

_LITERALS = {
    TokenKind.STRING,
    TokenKind.DOLLAR_STRING,
    TokenKind.QUOTED_IDENTIFIER,
}
_PARAMETER = re.compile(r":(\w+)")
_VISIBLE = re.compile(r"[^\n]")
# Among them what Python takes for a line end or white space, and PostgreSQL for a name.
_NOT_PRINTABLE_ASCII = re.compile(r"[^ -~]")


def render_for_aiosql(queries: Iterable[QuerySource]) -> str:
    """Return queries of one file without what aiosql mistakes for something else.

    Each line and each character stays where it is. Comments and the colons of slices
    turn into spaces, literals into signs that mean nothing; a parameter with a name
    that Python or aiosql reserve is written in upper case.
    """
    lines: list[str] = []
    for query in queries:
        _pad(lines, query.location.line)
        lines += _header(query)
        _pad(lines, query.sql_location.line)
        lines += "".join(_statement(query)).split("\n")
    return "\n".join([*lines, ""])


def _pad(lines: list[str], number: int) -> None:
    """Add empty lines so that the next line has a number."""
    lines += [""] * (number - 1 - len(lines))


def shown_name(parameter: str) -> str:
    """Return the name by which aiosql gets to know a parameter."""
    reserved = keyword.iskeyword(parameter) or parameter == "self"
    return parameter.upper() if reserved else parameter


def _header(query: QuerySource) -> Iterator[str]:
    first = query.location.line - 1
    lines = query.file_text.split("\n", first + 2)[first:]
    name, parenthesis, rest = lines[0].strip().partition("(")
    shown = re.sub(r"\w+", lambda match: shown_name(match[0]), rest)
    yield f"{name}{parenthesis}{shown}"
    if query.record_class is not None:
        yield lines[1].strip()


def _statement(query: QuerySource) -> Iterator[str]:
    """Yield the statement as it stands in its file."""
    if not query.stretches:
        yield from _text(query, 0, len(query.sql))
        return
    for stretch, after in pairwise([*query.stretches, None]):
        assert stretch is not None  # only the last is
        if stretch.replaced is None:
            yield from _text(query, stretch.start, after.start if after else None)
        else:
            yield _PARAMETER.sub(lambda m: f":{shown_name(m[1])}", stretch.replaced)


def _text(query: QuerySource, position: int, end: int | None) -> Iterator[str]:
    stop = len(query.sql) if end is None else end
    for placeholder in query.placeholders:
        if position <= placeholder.start < stop:
            yield from map(_neutral, tokens(query.sql[position : placeholder.start]))
            yield f":{shown_name(placeholder.name)}"
            position = placeholder.end
    yield from map(_neutral, tokens(query.sql[position:stop]))


def _neutral(token: Token) -> str:
    if token.kind in _LITERALS:
        return _VISIBLE.sub("~", token.text)
    if token.text == ":" or not token.significant:
        return _VISIBLE.sub(" ", token.text)
    return _NOT_PRINTABLE_ASCII.sub("~", token.text)
