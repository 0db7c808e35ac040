"""Placeholders are found where the author wrote them, and nowhere else."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiosql.utils import VAR_REF
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from pglast.parser import scan as postgresql_scan

from datalayer.codegen.numbering import NumberedStatement, numbered
from datalayer.codegen.reading.loader import load_queries
from datalayer.codegen.reading.scanner import scan_placeholders
from datalayer.codegen.reading.source_text import SourceText
from datalayer.lexer import Token, TokenKind, tokens
from datalayer.model import Operation, Placeholder, QuerySource


@dataclass(frozen=True)
class Piece:
    """A part of a statement; a placeholder has a name."""

    text: str
    name: str | None = None


@dataclass(frozen=True)
class Statement:
    """A statement of which it is known where the placeholders are."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        found = []
        position = 0
        for piece in self.pieces:
            end = position + len(piece.text)
            if piece.name is not None:
                found.append(Placeholder(piece.name, position, end))
            position = end
        return tuple(found)

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(each.name for each in self.placeholders))


# Statements

names = st.sampled_from(["a", "b", "n1", "row_limit", "from", "self", "userId", "_x"])
noise = st.lists(
    st.sampled_from(
        [
            *(":a", ":x", "::b", ":=", "'", '"', "--", "/*", "*/", "$$", "$t$", "$"),
            *("\n", ";", "%s", "[", "]", "(", ")", " ", "word", "-- name: z()", "é"),
            *("\\", "?", "' :x '", "*/ :x", "$$ :x $$"),
        ]
    ),
    max_size=6,
).map("".join)


def _no_header_line(text: str) -> bool:
    # A header at the beginning of a line in a string is an unclosed string.
    return re.search(r"^\s*-- name:", text, re.MULTILINE) is None


def plain(text: str) -> list[Piece]:
    return [Piece(text)]


strings = noise.map(lambda text: "'" + text.replace("'", "''") + "'")
escape_strings = noise.map(
    lambda text: "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
)
quoted_names = noise.map(lambda text: '"' + (text or "x").replace('"', '""') + '"')
dollar_strings = st.builds(
    lambda text, tag: f"${tag}$" + text.replace("$", "§") + f" ${tag}$",
    noise,
    st.sampled_from(["", "t", "body_1"]),
) | noise.filter(lambda text: "$t$" not in text).map(lambda text: f"$t$ {text} $t$")
literals = (
    (strings | escape_strings | quoted_names | dollar_strings)
    .filter(_no_header_line)
    .map(plain)
)
line_comments = noise.map(
    lambda text: " -- " + re.sub(r"\n|-- name:", " ", text) + "\n"
)
block_comments = st.recursive(
    noise.map(lambda text: "/* " + re.sub(r"[/*]", "+", text) + " */"),
    lambda inner: inner.map(lambda text: f"/* :a {text} ' */"),
    max_leaves=3,
)
gaps = (
    st.sampled_from([" ", "\n", "\t", "  \n  ", "\f"]) | line_comments | block_comments
)
placeholders = names.map(lambda name: [Piece(f":{name}", name)])
constants = st.sampled_from(
    [
        *("1", "x", "x::int", "now()", "x :: text", "v[1:2]", "v[:2]", "v[lo : hi]"),
        *("v[i::int]", "ARRAY[1, 2]", "j ? 'k'", "5 % 2", "f(x := 1)", "1.5", "v[:]"),
    ]
).map(plain)
leaves = placeholders | placeholders | literals | constants


def _around(before: str, after: str) -> Callable[[list[Piece]], list[Piece]]:
    return lambda inner: [Piece(before), *inner, Piece(after)]


def _wrapped(
    inner: st.SearchStrategy[list[Piece]],
) -> st.SearchStrategy[list[Piece]]:
    frames = [
        ("(", ")"),
        ("f(x := ", ")"),
        ("f(x=>", ")"),
        ("v[(", "):]"),
        ("v[1:(", ")]"),
        ("ARRAY[", ", 1]"),
        ("ARRAY[[", "], [2]]"),
        ("json_object('k': ", ")"),
        ("CASE WHEN true THEN ", " END"),
        ("", "::text"),
        ("1 + ", ""),
        ("(", ").field"),
    ]
    pairs = st.builds(lambda a, gap, b: [*a, Piece(f",{gap}"), *b], inner, gaps, inner)
    return st.one_of(pairs, *(inner.map(_around(*frame)) for frame in frames))


expressions = st.recursive(leaves, _wrapped, max_leaves=5)
statements = st.builds(
    lambda parts: Statement(
        (Piece("SELECT"), *(piece for gap, part in parts for piece in (gap, *part)))
    ),
    st.lists(
        st.tuples(gaps.map(lambda gap: Piece(f"{gap} ")), expressions), min_size=1
    ).map(
        lambda parts: [
            (Piece(gap.text + ("," if index else "")), part)
            for index, (gap, part) in enumerate(parts)
        ]
    ),
)


# Laws

# A busy machine is no reason to fail.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def scan(found: Iterable[Token], statement: Statement) -> tuple[Placeholder, ...]:
    source = SourceText("q.sql", statement.text)
    return scan_placeholders(source, list(found), statement.names).placeholders


@unhurried
@given(statements)
def test_placeholders_are_those_of_the_author(statement: Statement) -> None:
    assert scan(tokens(statement.text), statement) == statement.placeholders


def load(statement: Statement) -> QuerySource:
    header = f"-- name: q({', '.join(statement.names)})\n"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "q.sql").write_text(header + statement.text + "\n;\n")
        result = load_queries(Path(folder), root=Path(folder))
    assert [str(problem) for problem in result.problems] == []
    (source,) = result.sources
    return source


@unhurried
@given(statements)
def test_loading_keeps_the_statement_and_aiosql_agrees(statement: Statement) -> None:
    source = load(statement)

    assert source.sql == statement.text.rstrip()
    assert source.placeholders == statement.placeholders
    assert source.parameters == tuple(statement.names)


def source_of(statement: Statement) -> QuerySource:
    place = SourceText("q.sql", statement.text).location(0)
    return QuerySource(
        module=("q",),
        name="q",
        operation=Operation.MANY,
        sql=statement.text,
        location=place,
        sql_location=place,
        parameters=tuple(statement.names),
        placeholders=statement.placeholders,
    )


def broken_by(statement: Statement, result: NumberedStatement) -> str:
    """Return which law of numbering a result breaks, if any."""
    position = original = 0
    for piece in statement.pieces:
        text = piece.text
        if piece.name is not None:
            text = f"${statement.names.index(piece.name) + 1}"
        if not result.sql.startswith(text, position):
            return "the text"
        for offset in range(len(text)):
            expected = original + (0 if piece.name is not None else offset)
            if result.original_offset(position + offset) != expected:
                return "the way back"
        position += len(text)
        original += len(piece.text)
    if result.original_offset(position) != original:
        return "the way back from the end"
    if result.order != tuple(statement.names):
        return "the order"
    return "" if len(result.sql) == position else "the length"


@unhurried
@given(statements)
def test_numbering_changes_placeholders_alone(statement: Statement) -> None:
    assert broken_by(statement, numbered(source_of(statement))) == ""


def parameters_of_postgresql(sql: str) -> list[tuple[int, str]]:
    return [
        (token.start, sql[token.start : token.end + 1])
        for token in postgresql_scan(sql)
        if token.name == "PARAM"
    ]


@unhurried
@given(statements)
def test_postgresql_finds_the_same_parameters(statement: Statement) -> None:
    result = numbered(source_of(statement))

    found = parameters_of_postgresql(result.sql)

    written = [f"${result.order.index(p.name) + 1}" for p in statement.placeholders]
    places = [result.original_offset(start) for start, _ in found]
    assert [text for _, text in found] == written
    assert places == [placeholder.start for placeholder in statement.placeholders]


# Broken scanners, which the laws must catch

ONE_IS_ENOUGH = settings(
    max_examples=5000,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


def _inside(
    found: Iterable[Token], kinds: set[TokenKind], margin: int
) -> Iterable[Token]:
    """Look for tokens inside of tokens, as a scanner would that ignores their marks."""
    for token in found:
        if token.kind not in kinds:
            yield token
            continue
        start = token.start + margin
        for inner in tokens(token.text[margin : len(token.text) - margin]):
            yield Token(inner.kind, inner.text, inner.start + start, inner.end + start)


def looks_into_comments(statement: Statement) -> list[str]:
    comments = {TokenKind.LINE_COMMENT, TokenKind.BLOCK_COMMENT}
    found = _inside(tokens(statement.text), comments, 2)
    return [each.name for each in scan(found, statement)]


def ignores_dollar_quotes(statement: Statement) -> list[str]:
    found = _inside(tokens(statement.text), {TokenKind.DOLLAR_STRING}, 1)
    return [each.name for each in scan(found, statement)]


def ignores_backslashes(statement: Statement) -> list[str]:
    found = tokens(re.sub(r"\bE'", " '", statement.text))
    return [each.name for each in scan(found, statement)]


def reads_like_aiosql(statement: Statement) -> list[str]:
    found = VAR_REF.finditer(statement.text)
    return [match["var_name"] for match in found if match["var_name"]]


@pytest.mark.parametrize(
    "mutant",
    [
        looks_into_comments,
        ignores_dollar_quotes,
        ignores_backslashes,
        reads_like_aiosql,
    ],
    ids=lambda mutant: mutant.__name__,
)
def test_broken_scanner_is_caught(mutant: Callable[[Statement], list[str]]) -> None:
    find(
        statements,
        lambda s: mutant(s) != [placeholder.name for placeholder in s.placeholders],
        settings=ONE_IS_ENOUGH,
    )


def numbers_each_appearance(statement: Statement) -> NumberedStatement:
    right = numbered(source_of(statement))
    counter = iter(range(1, 1000))
    sql = re.sub(r"\$\d+", lambda _: f"${next(counter)}", right.sql)
    return NumberedStatement(sql, right.order, right._places)


def forgets_the_shift(statement: Statement) -> NumberedStatement:
    right = numbered(source_of(statement))
    return NumberedStatement(right.sql, right.order)


def shifts_by_the_first(statement: Statement) -> NumberedStatement:
    right = numbered(source_of(statement))
    return NumberedStatement(right.sql, right.order, right._places[:1])


def replaces_text(statement: Statement) -> NumberedStatement:
    right = numbered(source_of(statement))
    sql = statement.text
    for number, name in enumerate(statement.names, 1):
        sql = sql.replace(f":{name}", f"${number}")
    return NumberedStatement(sql, right.order, right._places)


@pytest.mark.parametrize(
    "mutant",
    [numbers_each_appearance, forgets_the_shift, shifts_by_the_first, replaces_text],
    ids=lambda mutant: mutant.__name__,
)
def test_broken_numbering_is_caught(
    mutant: Callable[[Statement], NumberedStatement],
) -> None:
    find(
        statements,
        lambda statement: broken_by(statement, mutant(statement)) != "",
        settings=ONE_IS_ENOUGH,
    )
