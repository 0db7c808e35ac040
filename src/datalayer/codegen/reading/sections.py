"""Where the queries of a file begin and end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from datalayer.errors import QueryHeaderError, QuerySyntaxError, TextOutsideQuery
from datalayer.lexer import Token, TokenKind, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.errors import LocatedError

NAME_LINE = re.compile(r"--\s*name\s*:\s*")
FRAGMENT_LINE = re.compile(r"--\s*fragment\s*:\s*")
# What someone wrote who meant a header: another letter case, or no colon.
_NEARLY_NAME_LINE = re.compile(
    r"--\s*(?i:name)\s*:|--\s*(?i:name)\s+[\w-]+\s*\([\w\s,-]*\)\s*[<*]?[!^$#]?\s*$"
)
_SWALLOWED = re.compile(r"^[ \t]*(?P<header>--[ \t]*name[ \t]*:[^\n]*)", re.MULTILINE)
_MAY_SWALLOW = {
    TokenKind.STRING,
    TokenKind.QUOTED_IDENTIFIER,
    TokenKind.DOLLAR_STRING,
    TokenKind.UNTERMINATED,
}
_OPENED = {"$": "dollar-quoted string", '"': "quoted name", "/": "comment"}


@dataclass(frozen=True, slots=True)
class Section:
    """One header and all that stands below it, up to the next header."""

    #: The `-- name:` comment.
    header: Token
    #: What follows the header.
    tokens: tuple[Token, ...]
    end: int


@dataclass(frozen=True, slots=True)
class Sections:
    """The sections of a file that could be read, and what is wrong elsewhere."""

    sections: tuple[Section, ...]
    problems: tuple[LocatedError, ...]
    #: What stands above the first header.
    preamble: tuple[Token, ...] = ()


def split_sections(source: SourceText) -> Sections:
    """Cut a file at its `-- name:` lines.

    A header inside a block comment is commented out. One inside a string means that
    the string was not closed: it is a problem, and reading goes on at the header.
    """
    found, problems = _lex(source)
    sections: list[Section] = []
    heads = [i for i, token in enumerate(found) if _is_header(source, token)]
    for index, after in pairwise([*heads, len(found)]):
        end = found[after].start if after < len(found) else len(source.text)
        section = Section(found[index], tuple(found[index + 1 : after]), end)
        if all(token.kind is not TokenKind.UNTERMINATED for token in section.tokens):
            sections.append(section)
    for token in found:
        problems += _comment_problems(source, token)
    first = found[heads[0]].start if heads else len(source.text)
    preamble = found[: heads[0]] if heads else found
    if all(problem.location > source.location(first) for problem in problems):
        # Otherwise a header was meant, or a string was not closed.
        problems += _preamble_problems(source, preamble)
    return Sections(tuple(sections), tuple(problems), tuple(preamble))


def tokens_from(text: str, position: int) -> Iterator[Token]:
    """Yield the tokens of a text from a position on, which is outside of all others."""
    for token in tokens(text[position:]):
        start, end = token.start + position, token.end + position
        yield Token(token.kind, token.text, start, end)


def _lex(source: SourceText) -> tuple[list[Token], list[LocatedError]]:
    """Return all tokens; one that swallows a header ends where the header begins."""
    found: list[Token] = []
    problems: list[LocatedError] = []
    position = 0
    while position < len(source.text):
        restart = len(source.text)
        for token in tokens_from(source.text, position):
            header = _swallowed(token)
            if header is not None:
                restart = token.start + header.start("header")
                problems.append(_swallows(source, token, header))
                broken = source.text[token.start : restart]
                found.append(
                    Token(TokenKind.UNTERMINATED, broken, token.start, restart)
                )
                break
            if token.kind is TokenKind.UNTERMINATED:
                problems.append(_never_ends(source, token))
            found.append(token)
        position = restart
    return found, problems


def _swallowed(token: Token) -> re.Match[str] | None:
    if token.kind not in _MAY_SWALLOW:
        return None
    return _SWALLOWED.search(token.text)


def _swallows(
    source: SourceText, token: Token, header: re.Match[str]
) -> QuerySyntaxError:
    line = source.location(token.start + header.start("header")).line
    return source.error(
        QuerySyntaxError,
        f"the {_thing(token)} that begins here contains the header of line {line}",
        start=token.start,
        end=token.start + token.text.find("\n"),
        help="close it before the header",
    )


def _never_ends(source: SourceText, token: Token) -> QuerySyntaxError:
    return source.error(
        QuerySyntaxError,
        f"the {_thing(token)} that begins here never ends",
        start=token.start,
        help="close it",
    )


def _thing(token: Token) -> str:
    opening = token.text[:3].lstrip("uU&")[:1]
    return _OPENED.get(opening, "string")


def begins_line(source: SourceText, token: Token) -> bool:
    """Tell whether only white space stands before a token on its line."""
    line_start = source.text.rfind("\n", 0, token.start) + 1
    return not source.text[line_start : token.start].strip(" \t\f\v")


def _is_header(source: SourceText, token: Token) -> bool:
    return (
        token.kind is TokenKind.LINE_COMMENT
        and NAME_LINE.match(token.text) is not None
        and begins_line(source, token)
    )


def _preamble_problems(
    source: SourceText, preamble: list[Token]
) -> Iterator[TextOutsideQuery]:
    first = next((token for token in preamble if token.significant), None)
    if first is not None:
        yield source.error(
            TextOutsideQuery,
            f"`{_first_line(first.text)}` stands before the first header",
            start=first.start,
            end=first.end,
            help=_header_or_comment(preamble, first),
        )


def _header_or_comment(preamble: list[Token], first: Token) -> str:
    comments = [token for token in preamble if token.start < first.start]
    if any(FRAGMENT_LINE.match(token.text) for token in comments):
        return "write the text of a fragment between `/*` and `*/`"
    return "write `-- name: the_name(its, parameters)` above it"


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _comment_problems(source: SourceText, token: Token) -> Iterator[QueryHeaderError]:
    if token.kind is not TokenKind.LINE_COMMENT:
        return
    begins = begins_line(source, token)
    inside = NAME_LINE.search(token.text, 1 if begins else 0)
    if inside is not None:
        yield source.error(
            QueryHeaderError,
            "a header that does not begin its line",
            start=token.start + inside.start(),
            end=token.end,
            help="put it on a line of its own, or write the comment in other words",
        )
    elif begins and _looks_like_header(token.text):
        yield source.error(
            QueryHeaderError,
            "this is not a header, but looks like one",
            start=token.start,
            end=token.end,
            help="write `-- name:` in lower case and with a colon",
        )


def _looks_like_header(comment: str) -> bool:
    if NAME_LINE.match(comment):
        return False
    return _NEARLY_NAME_LINE.match(comment) is not None
