"""The `:name` placeholders of a statement."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.errors import (
    AmbiguousPlaceholder,
    ParameterNameError,
    QuerySyntaxError,
)
from datalayer.lexer import Token, TokenKind
from datalayer.model import Placeholder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.errors import LocatedError

PARAMETER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = {TokenKind.STRING, TokenKind.QUOTED_IDENTIFIER, TokenKind.DOLLAR_STRING}
# The functions whose arguments are written `key: value`.
_JSON_CONSTRUCTORS = ("json_object", "json_objectagg")
# Reserved words that an operand follows: none of them can be a column.
_BEFORE_OPERAND = ("and", "case", "else", "in", "like", "not", "or", "then", "when")


@dataclass(frozen=True, slots=True)
class Scan:
    """The placeholders of a statement, in its order, and what is wrong with others.

    The offsets are those of the tokens that were scanned.
    """

    placeholders: tuple[Placeholder, ...]
    problems: tuple[LocatedError, ...]


def scan_placeholders(
    source: SourceText, tokens: Sequence[Token], declared: Collection[str]
) -> Scan:
    """Find the placeholders among the tokens of a statement.

    `declared` are the parameters of the header, which tell what `a[1::n]` may mean.
    """
    placeholders: list[Placeholder] = []
    problems: list[LocatedError] = []
    for colon in _colons(tokens):
        problem = _problem(source, colon, declared)
        if problem is not None:
            problems.append(problem)
        elif colon.is_placeholder:
            name = colon.follower.text
            placeholders.append(
                Placeholder(name, colon.token.start, colon.follower.end)
            )
    problems += (
        _own_number(source, token)
        for token in tokens
        if token.kind is TokenKind.PARAMETER
    )
    return Scan(tuple(placeholders), tuple(problems))


_NOTHING = Token(TokenKind.WHITE_SPACE, "", -1, -1)


@dataclass(frozen=True, slots=True)
class _Colon:
    """A `:` or `::` and what stands around it."""

    token: Token
    #: The significant token before it, and the one that touches its end.
    before: Token
    follower: Token
    #: What touches the end of a word that touches the colon, as in `:user.name`.
    suffix: tuple[Token, Token]
    #: Whether a colon may stand here in PostgreSQL's own right: in a subscript, `[`,
    #: or among the arguments of a json constructor, `(`.
    separates: str

    @property
    def is_placeholder(self) -> bool:
        return self.token.text == ":" and self.follower.kind is TokenKind.WORD

    @property
    def touches_before(self) -> bool:
        return self.before.end == self.token.start

    @property
    def needs_operand(self) -> bool:
        """Tell whether only an operand, and so no separating colon, can stand here."""
        if self.before.kind is TokenKind.OPERATOR or self.before.text in {",", ":"}:
            return True
        if self.before.is_word(*_BEFORE_OPERAND):
            return True
        return self.separates == "(" and (
            self.before.text == "(" or self.before.is_word("value")
        )


def _colons(tokens: Sequence[Token]) -> Iterator[_Colon]:
    brackets: list[str] = []
    before, before_that = _NOTHING, _NOTHING
    for index, token in enumerate(tokens):
        if not token.significant:
            continue
        if token.text in {"(", "["} and token.kind is TokenKind.PUNCTUATION:
            brackets.append(_bracket(token, before, before_that, brackets))
        elif token.text in {")", "]"} and brackets:
            brackets.pop()
        elif token.text in {":", "::"}:
            follower, *suffix = _touching(tokens, index + 1, 3)
            yield _Colon(
                token=token,
                before=before,
                follower=follower,
                suffix=(suffix[0], suffix[1]),
                separates=brackets[-1] if brackets else "",
            )
        before, before_that = token, before


def _bracket(
    token: Token, before: Token, before_that: Token, outer: Sequence[str]
) -> str:
    """Tell `[` of a subscript and `(` of a json constructor from all the others."""
    if token.text == "(":
        return "(" if before.is_word(*_JSON_CONSTRUCTORS) else ""
    if before.is_word("array") and before_that.text != ".":
        return "ARRAY"
    nested = outer and outer[-1] == "ARRAY" and before.text in {"[", ","}
    return "ARRAY" if nested else "["


def _touching(tokens: Sequence[Token], index: int, count: int) -> list[Token]:
    """Return the tokens from an index up to the first white space or comment."""
    found = []
    for token in tokens[index : index + count]:
        if not token.significant:
            break
        found.append(token)
    return found + [_NOTHING] * (count - len(found))


def _problem(
    source: SourceText, colon: _Colon, declared: Collection[str]
) -> LocatedError | None:
    if colon.token.text == "::":
        return _cast_problem(source, colon, declared)
    if colon.is_placeholder:
        return _placeholder_problem(source, colon)
    if colon.separates in {"[", "("}:
        return None
    return _stray_colon(source, colon)


def _cast_problem(
    source: SourceText, colon: _Colon, declared: Collection[str]
) -> LocatedError | None:
    name = colon.follower.text
    if colon.separates not in {"[", "("} or name not in declared:
        return None
    return source.error(
        AmbiguousPlaceholder,
        f"`::{name}` is a cast to PostgreSQL, and `{name}` is a parameter",
        start=colon.token.start,
        end=colon.follower.end,
        help=f"write `:(:{name})` for the parameter",
    )


def _placeholder_problem(source: SourceText, colon: _Colon) -> LocatedError | None:
    name, start, end = colon.follower.text, colon.token.start, colon.follower.end
    if not PARAMETER_NAME.fullmatch(name):
        return source.error(
            ParameterNameError,
            f"`:{name}` is not a parameter: its name is not made of ASCII letters,"
            " digits and `_`",
            start=start,
            end=end,
            help="rename it",
        )
    if colon.separates in {"[", "("} and not colon.needs_operand:
        return _ambiguous(source, colon)
    if colon.touches_before and colon.before.text in {":", "::"}:
        return source.error(
            AmbiguousPlaceholder,
            f"`:{name}` touches the colon before it",
            start=start,
            end=end,
            help=f"write ` :{name}` with a space, or `(:{name})`",
        )
    if colon.touches_before and _would_grow(colon.before):
        return source.error(
            QuerySyntaxError,
            f"`:{name}` touches `{colon.before.text}`",
            start=start,
            end=end,
            help=f"write ` :{name}` with a space before it",
        )
    if colon.suffix[0].text == "." and colon.suffix[1].kind is TokenKind.WORD:
        return _attribute(source, colon)
    return None


def _would_grow(token: Token) -> bool:
    """Tell whether `$1` directly behind a token would become a part of it."""
    return token.text == "$" or token.kind in {TokenKind.WORD, TokenKind.NUMBER}


def _ambiguous(source: SourceText, colon: _Colon) -> LocatedError:
    name = colon.follower.text
    if colon.separates == "(":
        help = f"write `: :{name}` for the parameter, or `: {name}` for the name"
    elif colon.before.text == "[":
        help = (
            f"write `(:{name})` for the element at the parameter, `:(:{name})` for the"
            f" slice up to it, or `: {name}` for the slice up to a column"
        )
    else:
        help = f"write `:(:{name})` for the parameter, or `: {name}` for a column"
    return source.error(
        AmbiguousPlaceholder,
        f"`:{name}` is a parameter or the end of a slice"
        if colon.separates == "["
        else f"`:{name}` is a parameter or a colon and a value",
        start=colon.token.start,
        end=colon.follower.end,
        help=help,
    )


def _attribute(source: SourceText, colon: _Colon) -> LocatedError:
    name, attribute = colon.follower.text, colon.suffix[1].text
    return source.error(
        AmbiguousPlaceholder,
        f"`:{name}.{attribute}` is an attribute of an argument to aiosql and a field"
        " of a composite value to PostgreSQL",
        start=colon.token.start,
        end=colon.suffix[1].end,
        help=f"write `(:{name}).{attribute}` for the field, or make it a parameter"
        f" `:{name}_{attribute}`",
    )


def _stray_colon(source: SourceText, colon: _Colon) -> LocatedError:
    start, follower = colon.token.start, colon.follower
    if follower.kind is TokenKind.NUMBER:
        return source.error(
            ParameterNameError,
            f"`:{follower.text}` is not a parameter: its name begins with a digit",
            start=start,
            end=follower.end,
            help="give it a name that begins with a letter",
        )
    if follower.kind in _QUOTED:
        return source.error(
            QuerySyntaxError,
            f"`:{follower.text}` quotes a variable as psql does",
            start=start,
            end=follower.end,
            help="write `:name`: a parameter is never quoted",
        )
    return source.error(
        QuerySyntaxError,
        "a colon without a name",
        start=start,
        help="write the name directly after it: `:name`",
    )


def _own_number(source: SourceText, token: Token) -> LocatedError:
    return source.error(
        QuerySyntaxError,
        f"`{token.text}` is a number where a query has names",
        start=token.start,
        end=token.end,
        help="write `:name` and declare it in the header",
    )
