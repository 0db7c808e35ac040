"""Laws of the lexer, held against PostgreSQL's own, and shown to fail without care."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pglast import split
from pglast.parser import ParseError, scan

from datalayer import lexer
from datalayer.lexer import TokenKind, significant_tokens, split_statements, tokens

#: What rules of the lexer begin, end or depend on.
FRAGMENTS = [
    *("'", "''", "\\", "\\'", '"', '""', "E'", "e'x", "U&'", 'U&"', "B'1'", "N'"),
    *("$$", "$a$", "$a", "$1", "$", "--", "/*", "*/", "/", "*", "-", "+", "=", "<>"),
    *(":", "::", ":=", ":a", "..", ".", "1", "1.5", "1e5", ".5", "0x1F", "a", "größe"),
    *(" ", "\n", "\r\n", "\t", ";", "(", ")", "[", "]", ",", "@", "!", "|", "x'y'"),
    *("SELECT", "BEGIN", "ATOMIC", "END", "CASE", "CREATE FUNCTION f() "),
]
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join) | st.text()

#: Statements that PostgreSQL's parser takes, with what tempts a splitter.
STATEMENTS = [
    "SELECT 1",
    "SELECT 'a;''b'",
    r"SELECT E'a\';b'",
    "SELECT $$;$$, $a$ $$; $a$",
    "SELECT /* ; /* ; */ */ 1",
    "SELECT 1 -- ;\n",
    'SELECT 1 AS ";"',
    "SELECT CASE WHEN true THEN 1 END",
    "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2 end; END",
    "CREATE PROCEDURE p() BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END",
    "DO $$ BEGIN PERFORM 1; END; $$",
    "BEGIN",
    "END",
    "",
    " -- nothing; at all\n",
]
scripts = st.lists(st.sampled_from(STATEMENTS), max_size=6).map(";".join)


STRINGS = {TokenKind.STRING, TokenKind.DOLLAR_STRING}
STRINGS_OR_COMMENTS = {
    *("SCONST", "USCONST", "BCONST", "XCONST"),
    *("SQL_COMMENT", "C_COMMENT"),
}


def assert_nothing_is_lost(text: str) -> None:
    found = list(tokens(text))

    assert "".join(token.text for token in found) == text
    assert all(text[t.start : t.end] == t.text != "" for t in found)


def assert_postgresql_agrees(text: str) -> None:
    found = list(significant_tokens(text))
    unterminated = [t.start for t in found if t.kind is TokenKind.UNTERMINATED]
    expected = postgresql_tokens(text)
    if isinstance(expected, list):
        assert unterminated == []
        # The parts of a continued string are one token there: see the unit tests.
        assert [(t.start, t.end) for t in found if t.kind not in STRINGS] == expected
    elif "unterminated" in str(expected):
        assert unterminated
        # pglast counts wrongly in an error after a character of several bytes.
        opened = expected.args[1] if text.isascii() else unterminated[0]
        is_continued = re.search(r"'\s*[\n\r]", text[opened : unterminated[0]])
        assert unterminated == [opened] or is_continued


def postgresql_tokens(text: str) -> list[tuple[int, int]] | ParseError:
    """Return the extents of what is neither comment nor string, or what is wrong."""
    try:
        found = scan(text)
    except ParseError as error:
        return error
    return [(t.start, t.end + 1) for t in found if t.name not in STRINGS_OR_COMMENTS]


def assert_parser_splits_alike(text: str) -> None:
    expected = [[token.text for token in significant_tokens(s)] for s in split(text)]

    found = [
        [token.text for token in significant_tokens(text[s.start : s.end])]
        for s in split_statements(text)
    ]

    assert found == expected


@given(texts)
def test_the_tokens_of_any_text_are_the_text(text: str) -> None:
    assert_nothing_is_lost(text)


@given(texts.filter(lambda text: "\0" not in text))
@example("a$$b")
@example("1..2")
@example("x'y''")
@example("E'a' \n'\\''")
def test_postgresql_sees_the_same_tokens(text: str) -> None:
    assert_postgresql_agrees(text)


@given(scripts)
def test_postgresqls_parser_splits_alike(text: str) -> None:
    assert_parser_splits_alike(text)


@given(texts)
def test_statements_follow_each_other_and_cover_all_that_is_significant(
    text: str,
) -> None:
    statements = split_statements(text)

    edges = [edge for s in statements for edge in (s.start, s.end)]
    outside = [
        token
        for token in significant_tokens(text)
        if not any(s.start <= token.start < s.end for s in statements)
    ]
    assert edges == sorted(edges)
    assert {token.text for token in outside} <= {";"}


# Each mutant is a lexer with one rule left out, and the text that gives it away.


def _without_possessive_quantifiers(monkeypatch: pytest.MonkeyPatch) -> None:
    lenient = lexer._TOKEN.pattern.replace(")*+'", ")*'")
    monkeypatch.setattr(lexer, "_TOKEN", re.compile(lenient, lexer._TOKEN.flags))


def _without_continued_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexer, "_CONTINUATION", re.compile("(?!)"))


def _without_dollar_strings(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = lexer._TOKEN.pattern.replace(r"\$(?P<tag>", r"(?!)\$(?P<tag>")
    monkeypatch.setattr(lexer, "_TOKEN", re.compile(plain, lexer._TOKEN.flags))


def _without_nested_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    def flat(text: str, position: int) -> tuple[TokenKind, int]:
        end = text.find("*/", position + 2)
        if end < 0:
            return TokenKind.UNTERMINATED, len(text)
        return TokenKind.BLOCK_COMMENT, end + 2

    monkeypatch.setattr(lexer, "_scan_block_comment", flat)


def _without_the_rule_for_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(text: str, position: int) -> int:
        run = lexer._OPERATOR.match(text, position)
        assert run
        return run.end()

    monkeypatch.setattr(lexer, "_end_of_operator", greedy)


def _without_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexer, "_opens_body", lambda current: False)


def _with_any_end_closing_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexer, "_closes_body", lambda c: c[-1].is_word("end"))


def _with_parentheses_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    original = lexer.significant_tokens

    def renamed(text: str) -> Iterator[lexer.Token]:
        for token in original(text):
            name = "[" if token.text == "(" else token.text
            yield lexer.Token(token.kind, name, token.start, token.end)

    monkeypatch.setattr(lexer, "significant_tokens", renamed)


@pytest.mark.parametrize(
    ("mutate", "law", "text"),
    [
        (_without_possessive_quantifiers, "tokens", "SELECT 'a''"),
        (_without_continued_escapes, "tokens", "SELECT E'a'\n'\\'', b"),
        (_without_dollar_strings, "tokens", "SELECT $a$ ' $a$"),
        (_without_nested_comments, "tokens", "SELECT /* /* */ x */ 1"),
        (_without_the_rule_for_signs, "tokens", "SELECT 1=-1"),
        (_without_bodies, "split", STATEMENTS[9]),
        (_with_any_end_closing_a_body, "split", STATEMENTS[10] + ";SELECT 1"),
        (_with_parentheses_ignored, "split", STATEMENTS[8]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_lexer_with_a_rule_left_out_is_caught(
    monkeypatch: pytest.MonkeyPatch,
    mutate: Callable[[pytest.MonkeyPatch], None],
    law: str,
    text: str,
) -> None:
    laws = {"tokens": assert_postgresql_agrees, "split": assert_parser_splits_alike}
    laws[law](text)

    mutate(monkeypatch)

    with pytest.raises(AssertionError):
        laws[law](text)
