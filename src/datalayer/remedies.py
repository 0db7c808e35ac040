"""What to do about a statement that PostgreSQL refuses, by what it says."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from datalayer.lexer import Token, TokenKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: How much a name resembles what was meant, from 0 to 1.
NEAR = 0.7
_SYNTAX_ERROR = "42601"
_CLAUSES = ("SELECT", "FROM", "WHERE", "GROUP BY", "HAVING", "ORDER BY", "LIMIT")
_KEYWORDS = (
    *("alter", "and", "between", "case", "column", "conflict", "constraint", "create"),
    *("cross", "default", "delete", "distinct", "drop", "else", "exists", "foreign"),
    *("from", "full", "function", "group", "having", "index", "inner", "insert"),
    *("into", "join", "language", "materialized", "primary", "references", "returns"),
    *("raise", "return", "schema", "sequence", "table", "trigger", "unique", "view"),
    *("left", "like", "limit", "merge", "natural", "offset", "order", "outer"),
    *("over", "partition", "returning", "right", "select", "then", "union", "update"),
    *("using", "values", "when", "where", "with"),
)

#: What to do, by what PostgreSQL says; the parts of a message fill the places.
_REMEDIES = tuple(
    (re.compile(said), advice)
    for said, advice in (
        (
            r'^column reference "(.+)" is ambiguous',
            "write the name of its table before it: `table.{0}`",
        ),
        (
            r"specified in USING clause does not exist",
            "write ON with a column of each side",
        ),
        (
            r'determine data type of parameter ":(\w+)"',
            "cast it where it stands: `:{0}::type`",
        ),
        (r"^relation .* does not exist", "do the migrations create it?"),
        (
            r"^missing FROM-clause entry",
            "join the table, or write the name that FROM gives it",
        ),
        (r"is not unique: unknown", "say a type: `:name::type` or `'text'::type`"),
        (
            r"does not exist: (?!unknown)(.+) (?:[^\w\s]+) (?!\1$|unknown).+$",
            "compare values of one type, with a cast such as `value::{0}`",
        ),
        (
            r"^operator does not exist: (.+) (\S+) unknown$",
            "`{1}` is not made for `{0}`: cast it to another type",
        ),
        (r"^(?:[A-Z]+) types .* cannot be matched", "cast one of them: `value::type`"),
        (
            r"must be type boolean, not type",
            "write a condition, such as `… = …` or `… IS NOT NULL`",
        ),
        (
            r"is of type (.+) but expression is of type",
            "cast the expression, `value::{0}`, or write another one",
        ),
        (
            r"^aggregate functions are not allowed in WHERE",
            "write the condition in HAVING, or compute the value in a subquery",
        ),
        (r"^aggregate function calls .* nested", "compute the inner one in a subquery"),
        (
            r"^aggregate functions are not allowed in",
            "compute the value in a subquery",
        ),
        (
            r"^window functions are not allowed in",
            "compute the value in a subquery, and write the condition around it",
        ),
        (
            r'^column "(.+)" must appear in the GROUP BY',
            "add `{0}` to GROUP BY, or write an aggregate of it, such as `max({0})`",
        ),
        (
            r'ungrouped column "(.+)" from outer query',
            "add `{0}` to GROUP BY of the outer query",
        ),
        (
            r"^table name .* more than once",
            "give one of them a name of its own: `table AS name`",
        ),
        (r"^WITH query name .* more than once", "rename one of them"),
        (
            r"^for SELECT DISTINCT, ORDER BY",
            "add the expression to SELECT, or leave out DISTINCT",
        ),
        (
            r"matching the ON CONFLICT specification",
            "name all columns of a unique key, or create one in a migration",
        ),
        (
            r'^syntax error at or near ":',
            "a parameter is a value: it cannot be a name or a part of the syntax",
        ),
        (r"^syntax error at end of input", "the statement is not complete"),
    )
)


def remedy(
    message: str, sqlstate: str, tokens: Sequence[Token], offset: int
) -> str | None:
    """Return what to do about a message of PostgreSQL, or None.

    The tokens are those of its statement, and the offset is where PostgreSQL points.
    """
    for said, advice in _REMEDIES:
        found = said.search(message)
        if found:
            return advice.format(*found.groups())
    if sqlstate == _SYNTAX_ERROR:
        return _about_syntax(tokens, offset)
    return None


def near_word(name: str, words: Iterable[str], near: float = NEAR) -> str | None:
    """Return the suggestion of another word that comes near to a name, if any does."""
    others = sorted({word for word in words if word != name})
    found = difflib.get_close_matches(name, others, n=1, cutoff=near)
    return f"did you mean `{found[0]}`?" if found else None


def _about_syntax(tokens: Sequence[Token], offset: int) -> str | None:
    """Return what may be wrong at a place that PostgreSQL's parser cannot read."""
    before = [token for token in tokens if token.end <= offset]
    here = next((token for token in tokens if token.start >= offset), None)
    for token in (here, *before[-1:]):
        meant = _misspelt(token)
        if token is not None and meant:
            return f"did you mean `{meant}` for `{token.text}`?"
    if before and before[-1].text == "," and (here is None or not _is_value(here)):
        return "remove the comma before it"
    if _open_brackets(before) > 0 and (here is None or here.text == ";"):
        return "close the bracket"
    if here is None or here.text == ";":
        return "the statement is not complete"
    if here.is_word("from", "where", "group", "having", "order", "limit"):
        return f"the order is {', '.join(_CLAUSES)}"
    return None


def _misspelt(token: Token | None) -> str | None:
    """Return the keyword that a word resembles without being one."""
    if token is None or token.kind is not TokenKind.WORD:
        return None
    near = difflib.get_close_matches(token.text.lower(), _KEYWORDS, n=1, cutoff=0.75)
    return near[0].upper() if near and near[0] != token.text.lower() else None


def _is_value(token: Token) -> bool:
    return token.kind is not TokenKind.PUNCTUATION and not token.is_word(*_KEYWORDS)


def _open_brackets(tokens: Sequence[Token]) -> int:
    return sum((token.text == "(") - (token.text == ")") for token in tokens)
