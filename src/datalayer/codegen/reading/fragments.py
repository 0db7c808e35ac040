"""The `-- fragment:` sections above the first query of a file."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NoReturn

from datalayer.codegen.reading.clauses import JOIN_WORDS, closing, without_names
from datalayer.codegen.reading.fragment_findings import read_allowances
from datalayer.codegen.reading.header import (
    QUERY_NAME,
    header_comments,
    read_parameters,
    repeated_parameters,
    snake_case,
)
from datalayer.codegen.reading.scanner import scan_placeholders
from datalayer.codegen.reading.sections import FRAGMENT_LINE, begins_line
from datalayer.errors import DuplicateFragmentError, FragmentError, LocatedError
from datalayer.lexer import Token, TokenKind, tokens
from datalayer.model import Fragment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.codegen.reading.header import DeclaredParameter
    from datalayer.codegen.reading.sections import Sections
    from datalayer.codegen.reading.source_text import SourceText

_FORM = "write `-- fragment: the_name` or `-- fragment: the_name(its, parameters)`"
_SPECIFICATION = re.compile(
    r"(?P<name>[^\s(]*)\s*(?:\((?P<parameters>[^()]*)\))?\s*(?P<rest>.*)"
)
# What someone wrote who meant a fragment: another letter case, or no colon.
_NEARLY = re.compile(
    r"--\s*(?i:fragment)\s*:|--\s*(?i:fragment)\s+\w+\s*\([\w\s,]*\)\s*$"
)
_USE = re.compile(r"(--|/\*)\s*@use\b", re.IGNORECASE)
#: With one of these a text depends on what stands before it.
_CONTINUES = ("and", "from", "group", "having", "limit", "on", "or", "order", "where")
_GOES_ON = (*_CONTINUES, "by", "select", "set")


def read_fragments(
    source: SourceText, sections: Sections
) -> tuple[dict[str, Fragment | None], list[LocatedError]]:
    """Return the fragments of a file by name, None for one that is wrong.

    With them come the problems of all fragments.
    """
    fragments: dict[str, Fragment | None] = {}
    problems: list[LocatedError] = list(_misplaced(source, sections))
    for index, token in enumerate(sections.preamble):
        if token.kind is not TokenKind.LINE_COMMENT or not _NEARLY.match(token.text):
            continue
        reader = _Reader(source, token, sections.preamble[index + 1 :])
        found = list(reader.read())
        wrong = [each for each in found if isinstance(each, LocatedError)]
        other = fragments.get(reader.name)
        if other is not None:
            wrong.append(_repeated(source, token, other))
        problems += wrong
        fine = [each for each in found if isinstance(each, Fragment)]
        fragments[reader.name] = None if wrong else fine[0]
    return fragments, problems


def _repeated(source: SourceText, header: Token, other: Fragment) -> LocatedError:
    return source.error(
        DuplicateFragmentError,
        f"the fragment `{other.name}` is also at {other.location}",
        start=header.start,
        end=header.end,
        help="rename one of the two",
    )


def _misplaced(source: SourceText, sections: Sections) -> Iterator[LocatedError]:
    """Find fragments below a query, in whose documentation aiosql would put them."""
    for section in sections.sections:
        for token in section.tokens:
            if (
                token.kind is TokenKind.LINE_COMMENT
                and FRAGMENT_LINE.match(token.text)
                and begins_line(source, token)
            ):
                yield source.error(
                    FragmentError,
                    "a fragment below a query",
                    start=token.start,
                    end=token.end,
                    help="move it above the first query of the file: aiosql takes it"
                    " for a part of the query before it",
                )


class _Reader:
    """One header of a fragment and all that stands below it."""

    def __init__(
        self, source: SourceText, header: Token, below: Sequence[Token]
    ) -> None:
        self.source = source
        self.header = header
        self.below = below
        head = FRAGMENT_LINE.match(header.text)
        self.written = head is not None
        self.match = _SPECIFICATION.match(
            header.text.rstrip(), head.end() if head else 0
        )
        self.name = self.match["name"] if self.match and head else ""

    def error(self, message: str, help: str) -> FragmentError:
        """Return an error at the header."""
        return self.source.error(
            FragmentError,
            message,
            start=self.header.start,
            end=self.header.end,
            help=help,
        )

    def read(self) -> Iterator[Fragment | LocatedError]:
        """Yield what is wrong, or the fragment."""
        try:
            yield from self._read()
        except LocatedError as problem:
            yield problem

    def _read(self) -> Iterator[Fragment | LocatedError]:
        match = self.match
        if not self.written or match is None:
            raise self.error(
                "this is not a fragment, but looks like one",
                "write `-- fragment:` in lower case and with a colon",
            )
        self._check_name()
        if match["rest"]:
            raise self.error(f"`{match['rest']}` behind the name of a fragment", _FORM)
        declared = read_parameters(self.source, self.header, match) or ()
        repeated = list(repeated_parameters(self.source, declared))
        yield from repeated
        allowed = read_allowances(self.source, header_comments(self.below)[0])
        yield from allowed.problems
        body = self._body()
        yield from self._check_text(body)
        yield from self._check_parameters(body, [] if repeated else declared)
        start, end = body[0].start, body[-1].end
        yield Fragment(
            self.name,
            tuple(parameter.name for parameter in declared),
            self.source.text[start:end],
            self.source.location(self.header.start),
            self.source.location(start),
            self.source.text,
            allowed.allowances,
        )

    def _check_name(self) -> None:
        if QUERY_NAME.fullmatch(self.name):
            return
        if not self.name:
            raise self.error("a fragment without a name", _FORM)
        proposal = snake_case(self.name)
        raise self.error(
            f"`{self.name}` is not a name in lower case, digits and `_`",
            f"write `{proposal}`" if proposal else "rename it",
        )

    def _body(self) -> list[Token]:
        """Return the tokens between `/*` and `*/`, white space around them left out."""
        length = header_comments(self.below)[1]
        rest = [t for t in self.below[length:] if t.kind is not TokenKind.WHITE_SPACE]
        if not rest or rest[0].kind is not TokenKind.BLOCK_COMMENT:
            raise self.error(
                f"`{self.name}` has no text",
                "write it between `/*` and `*/` below the header",
            )
        comment = rest[0]
        start = comment.start + 2
        found = [
            Token(token.kind, token.text, token.start + start, token.end + start)
            for token in tokens(comment.text[2:-2])
        ]
        while found and found[-1].kind is TokenKind.WHITE_SPACE:
            found.pop()
        while found and found[0].kind is TokenKind.WHITE_SPACE:
            found.pop(0)
        if not any(token.significant for token in found):
            raise self._at(comment, f"`{self.name}` is empty", "write its text here")
        return found

    def _check_text(self, body: Sequence[Token]) -> Iterator[LocatedError]:
        significant = code_tokens(body)
        first, last = significant[0], significant[-1]
        if first.is_word(*_CONTINUES) or first.text == ",":
            self._fail(
                first,
                f"a fragment that begins with `{first.text}`",
                "leave it out here and write it in the query, before what stands in"
                " for the fragment",
            )
        if last.is_word(*_GOES_ON) or last.text == ",":
            self._fail(last, f"a fragment that ends in `{last.text}`", "leave it out")
        yield from self._check_tokens(body)
        depth = 0
        for token in significant:
            depth -= closing(token)
            if depth < 0:
                self._fail(
                    token,
                    f"`{token.text}` closes what the fragment did not open",
                    "a fragment is complete in itself",
                )
        if depth:
            opened = next(t for t in reversed(significant) if closing(t) < 0)
            self._fail(opened, f"`{opened.text}` is never closed", "close it")

    def _check_tokens(self, body: Sequence[Token]) -> Iterator[LocatedError]:
        for token in body:
            if token.kind is TokenKind.UNTERMINATED:
                self._fail(token, "what begins here never ends", "close it")
            elif token.text == ";":
                yield self._at(
                    token, "a semicolon in a fragment", "remove it: a query has one"
                )
            elif not token.significant and _USE.match(token.text):
                yield self._at(
                    token,
                    "a fragment that uses a fragment",
                    "write the text of the other here, so that it is read in one place",
                )

    def _check_parameters(
        self, body: Sequence[Token], declared: Sequence[DeclaredParameter]
    ) -> Iterator[LocatedError]:
        names = [parameter.name for parameter in declared]
        scan = scan_placeholders(self.source, body, names)
        yield from scan.problems
        used = {each.name: each for each in reversed(scan.placeholders)}
        for name, placeholder in used.items():
            if name not in names:
                yield self.source.error(
                    FragmentError,
                    f"the fragment does not declare the parameter `{name}`",
                    start=placeholder.start,
                    end=placeholder.end,
                    help=f"write `-- fragment: {self.name}"
                    f"({', '.join([*names, name])})`",
                )
        for parameter in declared:
            if parameter.name not in used and not scan.problems:
                yield self.source.error(
                    FragmentError,
                    f"the fragment does not use the parameter `{parameter.name}`",
                    start=parameter.start,
                    end=parameter.start + len(parameter.name),
                    help="remove it, or write it into the text",
                )

    def _at(self, token: Token, message: str, help: str) -> FragmentError:
        return self.source.error(
            FragmentError, message, start=token.start, end=token.end, help=help
        )

    def _fail(self, token: Token, message: str, help: str) -> NoReturn:
        raise self._at(token, message, help)


def code_tokens(body: Sequence[Token]) -> list[Token]:
    """Return what PostgreSQL sees of a text; `:limit` and `item.limit` are names."""
    significant = [token for token in body if token.significant]
    ends = {
        name.end
        for colon, name in pairwise(significant)
        if colon.text == ":" and colon.end == name.start
    }
    return without_names(significant, ends)


def is_join(fragment: Fragment) -> bool:
    """Tell whether a fragment is a piece of a FROM clause."""
    return _first(fragment).is_word("join", *JOIN_WORDS)


def is_query(fragment: Fragment) -> bool:
    """Tell whether a fragment is what parentheses make a subquery."""
    return _first(fragment).is_word("select", "values", "with")


def _first(fragment: Fragment) -> Token:
    return next(token for token in tokens(fragment.text) if token.significant)
