"""The `-- @` lines of a header: parameters, columns, types and allowances."""

from __future__ import annotations

import difflib
import keyword
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from datalayer.codegen.reading.source_text import quoted_list
from datalayer.codegen.rules import RULES
from datalayer.errors import DirectiveError
from datalayer.model import (
    Allowance,
    ColumnDirective,
    Operation,
    OrderDirective,
    PageDirective,
    ParameterDirective,
    TypeDirective,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.errors import LocatedError
    from datalayer.lexer import Token
    from datalayer.location import Location
    from datalayer.model import Literal

DIRECTIVE = re.compile(r"--\s*@(?P<word>\w*)")
_FORMS = {
    "allow": "`-- @allow rule: reason`",
    "column": "`-- @column name null`, `not null`, or `name[]` for its elements",
    "order": "`-- @order name = column DESC, column`",
    "page": "`-- @page column DESC, column`",
    "param": "`-- @param name = default`, `-- @param name null` or `not null`",
    "type": "`-- @type name module.Type` or `-- @type name module.Type validated`",
}
_DEFAULTS = "write a number, a 'string', TRUE, FALSE or NULL"
_PIECE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")+"|\[\]|=|[^\s=\[\]'"]+|\S""")
_NAME = re.compile(r"[^\W\d]\w*")
_INTEGER = re.compile(r"[+-]?[0-9]{1,100}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ALLOWANCE = re.compile(r"\s*(?P<rule>[\w-]+)\s*:\s*(?P<reason>\S.*)")
_ORDER = re.compile(r"\s*(?P<name>[a-z][a-z0-9_]*)\s*=\s*(?P<sql>\S.*)")
_PAGE = re.compile(r"\s*(?P<sql>.*)")
_RULES = quoted_list(RULES)
_WORDS: dict[str, Literal] = {"false": False, "null": None, "true": True}
_WITHOUT_COLUMNS = {Operation.AFFECTED, Operation.MANY_PARAMETERS}


@dataclass(frozen=True, slots=True)
class Directives:
    """The directives of one header, one for each name, and what is wrong."""

    parameters: tuple[ParameterDirective, ...] = ()
    columns: tuple[ColumnDirective, ...] = ()
    types: tuple[TypeDirective, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    orders: tuple[OrderDirective, ...] = ()
    page: PageDirective | None = None
    problems: tuple[LocatedError, ...] = ()


@dataclass(frozen=True, slots=True)
class _Claim:
    """What one line says: `aspect` of the thing that `word` and `name` tell."""

    word: str
    name: str
    location: Location
    #: `default`, `nullable`, `elements`, `type` or `reason`.
    aspect: str
    value: Literal
    #: What a type is said of and with: `elements`, `validated`.
    options: frozenset[str] = frozenset()


def read_directives(
    source: SourceText,
    lines: Iterable[Token],
    *,
    operation: Operation,
    declared: Sequence[str],
) -> Directives:
    """Read the directive lines of a header whose parameters are `declared`."""
    claims: list[_Claim] = []
    problems: list[LocatedError] = []
    for token in lines:
        line = _Line(source, token.text, token.start)
        try:
            claim = _read(line, operation, declared)
            _compare(line, claim, claims)
            claims.append(claim)
        except DirectiveError as problem:
            problems.append(problem)
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
        page=next((_page(claim) for claim in claims if claim.word == "page"), None),
        problems=tuple(problems),
    )


def _page(claim: _Claim) -> PageDirective:
    return PageDirective(str(claim.value) if claim.value else None, claim.location)


def _by_name(claims: list[_Claim], word: str) -> list[dict[str, _Claim]]:
    """Return what is said of each name, by aspect, in the order of the lines."""
    found: dict[str, dict[str, _Claim]] = {}
    for claim in claims:
        if claim.word == word:
            found.setdefault(claim.name, {})[claim.aspect] = claim
    return list(found.values())


def _parameter(claims: dict[str, _Claim]) -> ParameterDirective:
    first = next(iter(claims.values()))
    return ParameterDirective(
        name=first.name,
        location=first.location,
        has_default="default" in claims,
        default=claims["default"].value if "default" in claims else None,
        nullable=_said(claims, "nullable"),
        elements_nullable=_said(claims, "elements"),
    )


def _column(claims: dict[str, _Claim]) -> ColumnDirective:
    first = next(iter(claims.values()))
    return ColumnDirective(
        name=first.name,
        location=first.location,
        nullable=_said(claims, "nullable"),
        elements_nullable=_said(claims, "elements"),
    )


def _type(claim: _Claim) -> TypeDirective:
    return TypeDirective(
        name=claim.name,
        dotted=str(claim.value),
        location=claim.location,
        of_elements="elements" in claim.options,
        validated="validated" in claim.options,
    )


def _said(claims: dict[str, _Claim], aspect: str) -> bool | None:
    return bool(claims[aspect].value) if aspect in claims else None


@dataclass(frozen=True, slots=True)
class _Line:
    """One directive line and the offset of its first character in the file."""

    source: SourceText
    text: str
    offset: int

    @property
    def head(self) -> re.Match[str]:
        """Return `-- @word`."""
        match = DIRECTIVE.match(self.text)
        assert match is not None  # the caller chose the line by this expression
        return match

    def pieces(self) -> list[re.Match[str]]:
        """Return what stands after the word: names, literals and signs."""
        return list(_PIECE.finditer(self.text, self.head.end()))

    def fail(
        self, message: str, help: str, piece: re.Match[str] | None = None
    ) -> NoReturn:
        """Raise an error at a piece, or behind the end of the line."""
        end = len(self.text.rstrip())
        start, stop = piece.span() if piece else (end, end + 1)
        raise self.source.error(
            DirectiveError,
            message,
            start=self.offset + start,
            end=self.offset + stop,
            help=help,
        )


def _compare(line: _Line, claim: _Claim, earlier: list[_Claim]) -> None:
    """Refuse a claim that repeats or contradicts an earlier one."""
    of_name = {
        each.aspect: each
        for each in earlier
        if (each.word, each.name) == (claim.word, claim.name)
    }
    piece = next(iter(line.pieces()), line.head)
    said = of_name.get(claim.aspect)
    if said is not None:
        same = (said.value, said.options) == (claim.value, claim.options)
        verb = "repeats" if same else "contradicts"
        line.fail(
            f"`{claim.name}`: this {verb} line {said.location.line}",
            "remove one of the two",
            piece,
        )
    both = {**of_name, claim.aspect: claim}
    if "default" in both and "nullable" in both:
        default, nullable = both["default"].value, both["nullable"].value
        if default is None and nullable is False:
            line.fail(
                f"`{claim.name}` is declared not null, and its default is NULL",
                "write another default, or declare it `null`",
                piece,
            )


def _read(line: _Line, operation: Operation, declared: Sequence[str]) -> _Claim:
    word = line.head["word"]
    if word not in _FORMS:
        _unknown_word(line)
    if word == "allow":
        return _allowance(line)
    if word in {"order", "page"}:
        return _order(line, word, operation)
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
        line.fail(f"`@{word}` names nothing", f"write {_FORMS[word]}")
    name = _name(line, pieces[0], declared)
    location = line.source.location(line.offset + pieces[0].start())
    if word == "type":
        dotted, options = _typed(line, pieces[1:])
        return _Claim(word, name, location, "type", dotted, options)
    aspect, value = _say(line, pieces)
    return _Claim(word, name, location, aspect, value)


def _allowance(line: _Line) -> _Claim:
    """Read `@allow rule: reason`; the reason is free text."""
    said = _ALLOWANCE.match(line.text, line.head.end())
    if said is None:
        line.fail("no rule and reason", f"write {_FORMS['allow']}")
    if said["rule"] not in RULES:
        near = difflib.get_close_matches(said["rule"], RULES, n=1)
        help = f"did you mean `{near[0]}`?" if near else f"the rules are {_RULES}"
        start, end = said.span("rule")
        raise line.source.error(
            DirectiveError,
            f"no rule is named `{said['rule']}`",
            start=line.offset + start,
            end=line.offset + end,
            help=help,
        )
    location = line.source.location(line.offset + said.start("rule"))
    return _Claim("allow", said["rule"], location, "reason", said["reason"].strip())


def _order(line: _Line, word: str, operation: Operation) -> _Claim:
    """Read `@order name = list` and `@page list`; the list is SQL."""
    if operation is not Operation.MANY:
        line.fail(
            f"`@{word}` is for queries of many rows",
            "remove the directive, or the sign behind the name",
            line.head,
        )
    said = (_ORDER if word == "order" else _PAGE).match(line.text, line.head.end())
    if said is None:
        line.fail(f"`@{word}` without a name and a list", f"write {_FORMS[word]}")
    location = line.source.location(line.offset + said.start("sql"))
    name = said["name"] if word == "order" else "page"
    return _Claim(word, name, location, "sql", said["sql"].strip())


def _unknown_word(line: _Line) -> NoReturn:
    word = line.head["word"]
    near = difflib.get_close_matches(word.lower(), _FORMS, n=1)
    line.fail(
        f"unknown directive `@{word}`",
        f"did you mean `@{near[0]}`?"
        if near
        else f"the directives are {quoted_list(f'@{each}' for each in _FORMS)}",
        line.head,
    )


def _name(line: _Line, piece: re.Match[str], declared: Sequence[str]) -> str:
    word, text = line.head["word"], piece[0]
    if word == "param" and text not in declared:
        _unknown_parameter(line, piece, declared)
    if text.startswith('"') and len(text) > 1:
        return text[1:-1].replace('""', '"')
    if not _NAME.fullmatch(text):
        line.fail(f"`{text}` is not a name", f"write {_FORMS[word]}", piece)
    return text


def _unknown_parameter(
    line: _Line, piece: re.Match[str], declared: Sequence[str]
) -> NoReturn:
    near = difflib.get_close_matches(piece[0], declared, n=1)
    if near:
        help = f"did you mean `{near[0]}`?"
    elif declared:
        help = f"the parameters are {quoted_list(declared)}"
    else:
        help = "the header declares no parameters: remove the directive"
    line.fail(f"no parameter is named `{piece[0]}`", help, piece)


def _say(line: _Line, pieces: list[re.Match[str]]) -> tuple[str, Literal]:
    """Return the aspect and the value that follow the name."""
    word = line.head["word"]
    of_elements = len(pieces) > 1 and pieces[1][0] == "[]"
    rest = pieces[2:] if of_elements else pieces[1:]
    if word == "param" and rest and rest[0][0] == "=":
        if of_elements:
            line.fail("an element has no default", f"write {_FORMS[word]}", rest[0])
        return "default", _default(line, rest[1:])
    return "elements" if of_elements else "nullable", _nullable(line, rest)


def _typed(line: _Line, rest: list[re.Match[str]]) -> tuple[str, frozenset[str]]:
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


def _dotted(line: _Line, rest: list[re.Match[str]]) -> str:
    if not rest:
        line.fail("no type after the name", f"write {_FORMS['type']}")
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


def _nullable(line: _Line, rest: list[re.Match[str]]) -> bool:
    words = [piece[0].lower() for piece in rest]
    form = f"write {_FORMS[line.head['word']]}"
    negated = words[:1] == ["not"]
    if negated:
        rest, words = rest[1:], words[1:]
    if not words:
        line.fail("`null` or `not null` is missing", form)
    if words[0] != "null":
        line.fail(f"`{rest[0][0]}` where `null` or `not null` belongs", form, rest[0])
    _nothing_after(line, rest[1:])
    return not negated


def _default(line: _Line, rest: list[re.Match[str]]) -> Literal:
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


def _nothing_after(line: _Line, rest: list[re.Match[str]]) -> None:
    if rest:
        line.fail(
            f"`{rest[0][0]}` after the directive",
            "remove it, or write a directive of its own",
            rest[0],
        )
