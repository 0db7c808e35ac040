"""The list of an ORDER BY: what it must not hold, and the keys that it names."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from datalayer.codegen.reading.clauses import closing
from datalayer.errors import DirectiveError
from datalayer.lexer import TokenKind, significant_tokens
from datalayer.lexer import tokens as all_tokens
from datalayer.model import SortKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.lexer import Token
    from datalayer.location import Location

#: The clauses behind the list of an ORDER BY.
AFTER_LIST = ("fetch", "for", "limit", "offset")
SET_OPERATIONS = ("except", "intersect", "union")
_NAMES = {TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER}
_ASCII_UPPER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def offset_of(source: SourceText, location: Location) -> int:
    """Return the offset of a place in its file."""
    lines = source.text.split("\n")[: location.line - 1]
    return sum(len(line) + 1 for line in lines) + location.column - 1


def check_list(source: SourceText, sql: str, start: int) -> None:
    """Raise `DirectiveError` for what is more than a list of an ORDER BY.

    `start` is the offset of the text in its file.
    """
    before, depth = "", 0
    for token in all_tokens(sql):
        depth -= closing(token)
        told = _surplus(token, before, depth)
        if told is not None:
            message, help = told
            raise source.error(
                DirectiveError,
                message,
                start=start + token.start,
                end=start + token.end,
                help=help,
            )
        before = token.text
    if depth:
        raise source.error(
            DirectiveError,
            "parentheses of the order are not closed",
            start=start,
            end=start + len(sql),
            help="write the whole list on one line",
        )


def _surplus(token: Token, before: str, depth: int) -> tuple[str, str] | None:
    """Return what is wrong with a token, and what to do."""
    if token.kind in {TokenKind.LINE_COMMENT, TokenKind.BLOCK_COMMENT}:
        return "a comment in an order", "write it on a line of its own"
    if token.kind is TokenKind.UNTERMINATED:
        return f"`{token.text}` is not closed", "write the whole list on one line"
    if token.text == ";":
        return "a semicolon in an order", "remove it"
    if token.kind is TokenKind.PARAMETER or (before == ":" and token.kind in _NAMES):
        return "an order has no parameters", "order by columns of the result"
    if depth < 0:
        return f"`{token.text}` closes nothing", "remove it"
    if (
        depth == 0
        and before != "."
        and token.is_word(*AFTER_LIST, *SET_OPERATIONS, "into")
    ):
        message = f"`{token.text}` is no part of an order"
        return message, "write only the list behind ORDER BY"
    return None


def read_keys(source: SourceText, sql: str, start: int) -> tuple[SortKey, ...]:
    """Return the columns that a list names; raise `DirectiveError` for others."""
    keys: list[SortKey] = []
    for item in _items(list(significant_tokens(sql))):
        key = _key(source, item, start)
        if any(each.name == key.name for each in keys):
            raise _not_a_key(
                source,
                item,
                start,
                f"the order names `{key.name}` twice",
                "remove the second one, which changes nothing",
            )
        keys.append(key)
    return tuple(keys)


def _key(source: SourceText, item: Sequence[Token], start: int) -> SortKey:
    words, nulls = list(item), ""
    if len(words) > 2 and words[-2].is_word("nulls"):
        nulls = words[-1].text.upper()
        words = words[:-2]
    descending = False
    if len(words) > 1 and words[-1].is_word("asc", "desc") and words[-2].text != ".":
        descending = words[-1].is_word("desc")
        words = words[:-1]
    names, dots = words[::2], words[1::2]
    is_column = len(names) > len(dots) and (
        all(each.kind in _NAMES for each in names)
        and all(each.text == "." for each in dots)
    )
    if not is_column:
        spelled = source.text[start + words[0].start : start + words[-1].end]
        raise _not_a_key(
            source,
            words,
            start,
            f"`{spelled}` is not a column of the result",
            "select the expression under a name, and order by that name",
        )
    last = names[-1]
    location = source.location(start + words[0].start)
    length = last.end - words[0].start
    return SortKey(_column_name(last), descending, nulls, location, length)


def _column_name(token: Token) -> str:
    """Return a name as PostgreSQL keeps it: only ASCII letters are folded."""
    if token.text.startswith('"'):
        return token.text[1:-1].replace('""', '"')
    return token.text.translate(_ASCII_UPPER)


def normal(sql: str) -> list[str]:
    """Return what PostgreSQL sees of an order, in one spelling."""
    words = [token.text for token in significant_tokens(sql)]
    lowered = [word if word[0] in "\"'" else word.lower() for word in words]
    return [
        word
        for word, following in pairwise([*lowered, ","])
        if not (word == "asc" and following in {",", "nulls"})
    ]


def _items(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield what stands between commas; PostgreSQL refuses it where it is nothing."""
    item: list[Token] = []
    depth = 0
    for token in tokens:
        depth -= closing(token)
        if depth == 0 and token.text == ",":
            if item:
                yield item
            item = []
        else:
            item.append(token)
    if item:
        yield item


def _not_a_key(
    source: SourceText, words: Sequence[Token], start: int, message: str, help: str
) -> DirectiveError:
    return source.error(
        DirectiveError,
        message,
        start=start + words[0].start,
        end=start + words[-1].end,
        help=help,
    )
