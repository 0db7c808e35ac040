"""The lexer and the splitter, compared with PostgreSQL's own by pglast."""

from __future__ import annotations

import pglast
import pytest
from pglast.parser import scan

from datalayer.lexer import (
    TokenKind,
    significant_tokens,
    split_statements,
    tokens,
)

#: Texts that PostgreSQL accepts; each stresses one rule.
CORPUS = {
    "several": "SELECT 1; SELECT 2;\nSELECT 3",
    "empty statements": ";; SELECT 1;;\n;SELECT 2;",
    "semicolon in string": "SELECT 'a;b'; SELECT 'it''s; fine';",
    "backslash is plain": r"SELECT '\'; SELECT 'a\';",
    "escape string": r"SELECT E'a\'; b'; SELECT e'\\'; SELECT E'''';",
    "continued string": "SELECT 'a'\n  'b;c'; SELECT 2;",
    "continued escape string": "SELECT E'a' -- why\n  'it\\'s; still'; SELECT 2;",
    "unicode": r"""SELECT U&'d\0061t;a', U&"d\0061;ta" FROM t;""",
    "bit strings": "SELECT B'101', X'1F;'; SELECT b'1', x'f';",
    "national": "SELECT N'a;b';",
    "quoted names": 'SELECT 1 AS "a;""b"; SELECT 2;',
    "dollar": "SELECT $$a;'b$$; SELECT $tag$ $$ ; $other$ $tag$;",
    "dollar tags": "SELECT $a$ $b$ ; $a$; SELECT $ä1$;$ä1$;",
    "dollar in word": "SELECT a$b$c FROM t; SELECT d$$ FROM t;",
    "parameters": "SELECT $1, $2::int; SELECT $1;",
    "line comment": "SELECT 1 -- a; 'b\n; SELECT 2; -- end",
    "block comment": "SELECT /* ; ' */ 1; SELECT /* a /* ; */ ; */ 2;",
    "comment in operator": "SELECT 1 +--a;\n2; SELECT 1 */* ; */ 2;",
    "operators": "SELECT 1=-1, 2*-3, @-4, a->>'b', a#>>'{c}', 1!=2, a<>b, x||y, !!5;",
    "named operator": "SELECT 1 OPERATOR(pg_catalog.+) 2; SELECT a <-> b, a ?| b;",
    "casts": "SELECT a::int, b[1:2], c[:], d[:e::int] FROM t; SELECT 1::text;",
    "assignment": "SELECT f(a := 1, b => 2);",
    "numbers": "SELECT 1, 1.5, .5, 1., 1e5, 1.5e-3, 0x1F, 0o17, 0b11, 1_000;",
    "case": "SELECT CASE WHEN a THEN 1 ELSE 2 END; SELECT 2;",
    "words": "SELECT größe, _x1, \u00a0y FROM t;",
    "white space": "SELECT\t1\f;\r\nSELECT\v2;\r",
    "rule": "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); SELECT 3;",
    "function in quotes": "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS "
    "$$ BEGIN RETURN 1; END; $$; SELECT 1;",
    "atomic": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; "
    "SELECT 3;",
    "atomic empty": "CREATE PROCEDURE f() BEGIN ATOMIC END; SELECT 3;",
    "atomic or replace": "CREATE OR REPLACE PROCEDURE f() begin atomic "
    "INSERT INTO t VALUES (1); end; SELECT 3;",
    "atomic with case": "CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC "
    "SELECT CASE WHEN a = 1 THEN 2 END; SELECT CASE a WHEN 1 THEN CASE WHEN true "
    "THEN 2 END END; END; SELECT 3;",
    "atomic with labels": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC "
    "SELECT 1 AS end; SELECT 1 end; SELECT t.end FROM t; END; SELECT 3;",
    "atomic then comment": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; "
    "/* ; */ END -- ;\n; SELECT 3;",
    "return": "CREATE FUNCTION f(a int) RETURNS int RETURN a + 1; SELECT 3;",
    "atomic as a label": "CREATE VIEW v AS SELECT begin atomic FROM t; SELECT 2;",
    "transaction": "BEGIN; SELECT 1; END; SELECT 2;",
    "do": "DO $$ BEGIN PERFORM 1; END $$; SELECT 2;",
}

_corpus = pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS.keys())


@_corpus
def test_tokens_begin_and_end_where_postgresql_sees_them(text: str) -> None:
    expected = [
        (token.start, token.end + 1)
        for token in scan(text)
        if token.name not in {"SQL_COMMENT", "C_COMMENT"}
    ]

    assert _extents(text) == expected


@_corpus
def test_statements_are_those_of_postgresqls_parser(text: str) -> None:
    expected = [_words(statement) for statement in pglast.split(text)]

    found = [_words(text[s.start : s.end]) for s in split_statements(text)]

    assert found == expected


@_corpus
def test_a_statement_begins_and_ends_with_something_significant(text: str) -> None:
    for statement in split_statements(text):
        found = list(tokens(text[statement.start : statement.end]))

        assert found[0].significant
        assert found[-1].significant
        assert found[-1].text != ";"


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("SELECT 'a''b", 7),
        (r"SELECT E'a\'", 7),
        ('SELECT "a""', 7),
        ('SELECT U&"a', 7),
        ("SELECT $a$ $b$ $a", 7),
        ("SELECT /* /* */ 1", 7),
        ("SELECT E'a'\n'b\\'", 12),
    ],
)
def test_what_never_ends_is_one_unterminated_token(text: str, start: int) -> None:
    last = list(tokens(text))[-1]

    assert (last.kind, last.start, last.end) == (
        TokenKind.UNTERMINATED,
        start,
        len(text),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a::b", ["a", "::", "b"]),
        ("a:=b", ["a", ":=", "b"]),
        ("x = :name", ["x", "=", ":", "name"]),
        ("a[1:2]", ["a", "[", "1", ":", "2", "]"]),
        ("a[:b::int]", ["a", "[", ":", "b", "::", "int", "]"]),
        (":a::int", [":", "a", "::", "int"]),
        ("1..10", ["1", "..", "10"]),
        ("=:x", ["=", ":", "x"]),
        ("a $ b {", ["a", "$", "b", "{"]),
        ("\\connect x", ["\\", "connect", "x"]),
    ],
)
def test_colons_and_stray_signs_are_told_apart(text: str, expected: list[str]) -> None:
    assert [token.text for token in significant_tokens(text)] == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("'a'", TokenKind.STRING),
        ("E'a'", TokenKind.STRING),
        ("U&'a'", TokenKind.STRING),
        ("x'1f'", TokenKind.STRING),
        ('"a"', TokenKind.QUOTED_IDENTIFIER),
        ('u&"a"', TokenKind.QUOTED_IDENTIFIER),
        ("$$a$$", TokenKind.DOLLAR_STRING),
        ("$1", TokenKind.PARAMETER),
        ("größe$1", TokenKind.WORD),
        ("1.5e-3", TokenKind.NUMBER),
        ("->>", TokenKind.OPERATOR),
        ("::", TokenKind.PUNCTUATION),
        ("-- a", TokenKind.LINE_COMMENT),
        ("/* a /* b */ */", TokenKind.BLOCK_COMMENT),
        (" \r\n\t", TokenKind.WHITE_SPACE),
    ],
)
def test_each_kind_is_recognised(text: str, kind: TokenKind) -> None:
    assert [(token.kind, token.text) for token in tokens(text)] == [(kind, text)]


def test_an_incomplete_last_statement_is_a_statement() -> None:
    text = "SELECT 1; CREATE TABLE a (x int; SELECT 2;"

    found = [text[s.start : s.end] for s in split_statements(text)]

    assert found == ["SELECT 1", "CREATE TABLE a (x int; SELECT 2;"]


def _words(text: str) -> list[str]:
    return [token.text for token in significant_tokens(text)]


def _extents(text: str) -> list[tuple[int, int]]:
    """Return the extents of our tokens, with continued strings as PostgreSQL has them.

    To PostgreSQL the parts of a continued string are one token.
    """
    extents: list[tuple[int, int]] = []
    was_string = False
    for token in significant_tokens(text):
        is_string = token.kind is TokenKind.STRING
        if is_string and was_string and "\n" in text[extents[-1][1] : token.start]:
            extents[-1] = (extents[-1][0], token.end)
        else:
            extents.append((token.start, token.end))
        was_string = is_string
    return extents
