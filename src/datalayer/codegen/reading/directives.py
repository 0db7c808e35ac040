"""The `-- @` lines of a header: parameters, columns, types and allowances."""

from __future__ import annotations

import difflib
import keyword
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from datalayer.codegen.reading.directive_conflicts import compare
from datalayer.codegen.reading.directive_lines import FORMS, Claim, DirectiveLine
from datalayer.codegen.reading.nest_directives import nest_of, nest_problems
from datalayer.codegen.reading.row_directives import check_forms, map_of
from datalayer.codegen.reading.source_text import quoted_list
from datalayer.codegen.reading.text_directives import TEXT_DIRECTIVES
from datalayer.errors import DirectiveError
from datalayer.model import (
    Allowance,
    ColumnDirective,
    MapDirective,
    Operation,
    OrderDirective,
    PageDirective,
    ParameterDirective,
    RaisesDirective,
    TypeDirective,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.errors import LocatedError
    from datalayer.lexer import Token
    from datalayer.model import Literal
    from datalayer.nesting import NestDirective

_DEFAULTS = "write a number, a 'string', TRUE, FALSE or NULL"
_NAME = re.compile(r"[^\W\d]\w*")
_INTEGER = re.compile(r"[+-]?[0-9]{1,100}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WORDS: dict[str, Literal] = {"false": False, "null": None, "true": True}
_WITHOUT_COLUMNS = {Operation.AFFECTED}


@dataclass(frozen=True, slots=True)
class Directives:
    """The directives of one header, one for each name, and what is wrong."""

    parameters: tuple[ParameterDirective, ...] = ()
    columns: tuple[ColumnDirective, ...] = ()
    types: tuple[TypeDirective, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    orders: tuple[OrderDirective, ...] = ()
    page: PageDirective | None = None
    raises: tuple[RaisesDirective, ...] = ()
    nests: tuple[NestDirective, ...] = ()
    map_by: MapDirective | None = None
    streamed: bool = False
    problems: tuple[LocatedError, ...] = ()


def read_directives(
    source: SourceText,
    lines: Iterable[Token],
    *,
    operation: Operation,
    declared: Sequence[str],
) -> Directives:
    """Read the directive lines of a header whose parameters are `declared`."""
    claims: list[Claim] = []
    problems: list[LocatedError] = []
    for token in lines:
        line = DirectiveLine(source, token.text, token.start)
        try:
            claim = _read(line, operation, declared)
            compare(line, claim, claims)
            check_forms(line, claim, claims)
            claims.append(claim)
        except DirectiveError as problem:
            problems.append(problem)
    nests = tuple(nest_of(claim) for claim in claims if claim.word == "nest")
    paged = any(claim.word == "page" for claim in claims)
    problems += nest_problems(source, nests, paged=paged)
    return Directives(
        parameters=tuple(map(_parameter, _by_name(claims, "param"))),
        columns=tuple(map(_column, _by_name(claims, "column"))),
        types=tuple(map(_type, (claim for claim in claims if claim.word == "type"))),
        allowances=tuple(
            Allowance(claim.name, str(claim.value), claim.location)
            for claim in claims
            if claim.word == "allow"
        ),
        orders=tuple(
            OrderDirective(claim.name, str(claim.value), claim.location)
            for claim in claims
            if claim.word == "order"
        ),
        raises=tuple(
            RaisesDirective(claim.name, str(claim.value), claim.location)
            for claim in claims
            if claim.word == "raises"
        ),
        nests=nests,
        map_by=map_of(claims),
        streamed=any(claim.word == "stream" for claim in claims),
        page=next((_page(claim) for claim in claims if claim.word == "page"), None),
        problems=tuple(problems),
    )


def _page(claim: Claim) -> PageDirective:
    return PageDirective(str(claim.value) if claim.value else None, claim.location)


def _by_name(claims: list[Claim], word: str) -> list[dict[str, Claim]]:
    """Return what is said of each name, by aspect, in the order of the lines."""
    found: dict[str, dict[str, Claim]] = {}
    for claim in claims:
        if claim.word == word:
            found.setdefault(claim.name, {})[claim.aspect] = claim
    return list(found.values())


def _parameter(claims: dict[str, Claim]) -> ParameterDirective:
    first = next(iter(claims.values()))
    return ParameterDirective(
        name=first.name,
        location=first.location,
        has_default="default" in claims,
        default=claims["default"].value if "default" in claims else None,
        nullable=_said(claims, "nullable"),
        elements_nullable=_said(claims, "elements"),
        maximum=_maximum(claims),
        maximum_location=claims["maximum"].location if "maximum" in claims else None,
    )


def _maximum(claims: dict[str, Claim]) -> int | None:
    value = claims["maximum"].value if "maximum" in claims else None
    return value if isinstance(value, int) else None


def _column(claims: dict[str, Claim]) -> ColumnDirective:
    first = next(iter(claims.values()))
    return ColumnDirective(
        name=first.name,
        location=first.location,
        nullable=_said(claims, "nullable"),
        elements_nullable=_said(claims, "elements"),
    )


def _type(claim: Claim) -> TypeDirective:
    return TypeDirective(
        name=claim.name,
        dotted=str(claim.value),
        location=claim.location,
        of_elements="elements" in claim.options,
        validated="validated" in claim.options,
    )


def _said(claims: dict[str, Claim], aspect: str) -> bool | None:
    return bool(claims[aspect].value) if aspect in claims else None


def _read(line: DirectiveLine, operation: Operation, declared: Sequence[str]) -> Claim:
    word = line.head["word"]
    if word not in FORMS:
        _unknown_word(line)
    if word in TEXT_DIRECTIVES:
        return TEXT_DIRECTIVES[word](line, operation)
    if operation is Operation.SCRIPT:
        line.fail(
            "a script has neither parameters nor columns",
            "remove the directive",
            line.head,
        )
    if word == "column" and operation in _WITHOUT_COLUMNS:
        line.fail(
            f"a query that ends in `{operation}` returns no columns",
            "remove the directive",
            line.head,
        )
    pieces = line.pieces()
    if not pieces:
        line.fail(f"`@{word}` names nothing", f"write {FORMS[word]}")
    name = _name(line, pieces[0], declared)
    location = line.source.location(line.offset + pieces[0].start())
    if word == "type":
        dotted, options = _typed(line, pieces[1:])
        return Claim(word, name, location, "type", dotted, options)
    aspect, value = _say(line, pieces)
    return Claim(word, name, location, aspect, value)


def _unknown_word(line: DirectiveLine) -> NoReturn:
    word = line.head["word"]
    if word == "use":
        line.fail(
            "`@use` in the header stands for nothing",
            "move it to the end of a line of the statement: `AND FALSE -- @use name`",
            line.head,
        )
    near = difflib.get_close_matches(word.lower(), FORMS, n=1)
    if not near and difflib.get_close_matches(word.lower(), ["optional"]):
        line.fail(
            f"`@{word}` in the header is about nothing",
            "move it behind the condition, the assignment or the join that it is"
            " about: `AND title = :title -- @optional`",
            line.head,
        )
    line.fail(
        f"unknown directive `@{word}`",
        f"did you mean `@{near[0]}`?"
        if near
        else f"the directives are {quoted_list(f'@{each}' for each in FORMS)}",
        line.head,
    )


def _name(line: DirectiveLine, piece: re.Match[str], declared: Sequence[str]) -> str:
    word, text = line.head["word"], piece[0]
    if word == "param" and text not in declared:
        _unknown_parameter(line, piece, declared)
    if text.startswith('"') and len(text) > 1:
        return text[1:-1].replace('""', '"')
    if not _NAME.fullmatch(text):
        line.fail(f"`{text}` is not a name", f"write {FORMS[word]}", piece)
    return text


def _unknown_parameter(
    line: DirectiveLine, piece: re.Match[str], declared: Sequence[str]
) -> NoReturn:
    near = difflib.get_close_matches(piece[0], declared, n=1)
    if near:
        help = f"did you mean `{near[0]}`?"
    elif declared:
        help = f"the parameters are {quoted_list(declared)}"
    else:
        help = "the header declares no parameters: remove the directive"
    line.fail(f"no parameter is named `{piece[0]}`", help, piece)


def _say(line: DirectiveLine, pieces: list[re.Match[str]]) -> tuple[str, Literal]:
    """Return the aspect and the value that follow the name."""
    word = line.head["word"]
    of_elements = len(pieces) > 1 and pieces[1][0] == "[]"
    rest = pieces[2:] if of_elements else pieces[1:]
    if word == "param" and rest and rest[0][0] == "=":
        if of_elements:
            line.fail("an element has no default", f"write {FORMS[word]}", rest[0])
        return "default", _default(line, rest[1:])
    if word == "param" and rest and rest[0][0].lower() == "max":
        return "maximum", _largest(line, rest, of_elements=of_elements)
    return "elements" if of_elements else "nullable", _nullable(line, rest)


def _largest(
    line: DirectiveLine, rest: list[re.Match[str]], *, of_elements: bool
) -> int:
    """Return the number behind `max`."""
    if of_elements:
        line.fail("an element has no maximum", f"write {FORMS['param']}", rest[0])
    if len(rest) < 2:
        line.fail("no number after `max`", "write a whole number, as in `max 500`")
    if not _INTEGER.fullmatch(rest[1][0]):
        message = f"`{rest[1][0]}` is not a whole number"
        line.fail(message, "write one, as in `max 500`", rest[1])
    _nothing_after(line, rest[2:])
    return int(rest[1][0])


def _typed(
    line: DirectiveLine, rest: list[re.Match[str]]
) -> tuple[str, frozenset[str]]:
    """Return the type that stands behind a name, and what is said besides."""
    of_elements = bool(rest) and rest[0][0] == "[]"
    if of_elements:
        rest = rest[1:]
    dotted = _dotted(line, rest)
    validated = len(rest) > 1 and rest[1][0].lower() == "validated"
    if len(rest) > 1 and rest[1][0] in ("[", "[]", "|"):
        line.fail(
            f"`{rest[1][0]}` after the name of a type",
            f"name the whole in your module, as in `Name: TypeAlias = list[{dotted}]`",
            rest[1],
        )
    _nothing_after(line, rest[2:] if validated else rest[1:])
    said = {"elements": of_elements, "validated": validated}
    return dotted, frozenset(option for option, is_said in said.items() if is_said)


def _dotted(line: DirectiveLine, rest: list[re.Match[str]]) -> str:
    if not rest:
        line.fail("no type after the name", f"write {FORMS['type']}")
    text = rest[0][0]
    parts = text.split(".")
    if len(parts) < 2 or not all(map(_is_identifier, parts)):
        line.fail(
            f"`{text}` is not the dotted name of a type",
            "write its module and its name: `package.module.Type`",
            rest[0],
        )
    return text


def _is_identifier(text: str) -> bool:
    return text.isidentifier() and text.isascii() and not keyword.iskeyword(text)


def _nullable(line: DirectiveLine, rest: list[re.Match[str]]) -> bool:
    words = [piece[0].lower() for piece in rest]
    form = f"write {FORMS[line.head['word']]}"
    negated = words[:1] == ["not"]
    if negated:
        rest, words = rest[1:], words[1:]
    if not words:
        line.fail("`null` or `not null` is missing", form)
    if words[0] != "null":
        line.fail(f"`{rest[0][0]}` where `null` or `not null` belongs", form, rest[0])
    _nothing_after(line, rest[1:])
    return not negated


def _default(line: DirectiveLine, rest: list[re.Match[str]]) -> Literal:
    if not rest:
        line.fail("no default after `=`", _DEFAULTS)
    _nothing_after(line, rest[1:])
    text = rest[0][0]
    if text.startswith("'") and len(text) > 1:
        return text[1:-1].replace("''", "'")
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return line.fail(f"`{text}` is not a default", _DEFAULTS, rest[0])


def _nothing_after(line: DirectiveLine, rest: list[re.Match[str]]) -> None:
    if rest:
        line.fail(
            f"`{rest[0][0]}` after the directive",
            "remove it, or write a directive of its own",
            rest[0],
        )
