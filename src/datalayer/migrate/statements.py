"""What the runner must know of a statement before it runs it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.errors import (
    LocatedError,
    MigrationHeaderError,
    MigrationSyntaxError,
    TransactionControlError,
    TransactionOffError,
    UnsupportedStatementError,
)
from datalayer.lexer import (
    Statement,
    TokenKind,
    significant_tokens,
    split_statements,
    tokens,
)
from datalayer.migrate.problems import problem_at

if TYPE_CHECKING:
    from datalayer.migrate.header import Header

# The patterns are matched with the first tokens of a statement in upper case, each
# followed by one space.
_LOOKED_AT = 60
_TRANSACTION_CONTROL = re.compile(
    r"(?:BEGIN|START TRANSACTION|COMMIT|END|ABORT|PREPARE TRANSACTION|"
    r"ROLLBACK(?! (?:(?:WORK|TRANSACTION) )?TO )) "
)
_CONCURRENT_INDEX = re.compile(
    r"CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?:IF NOT EXISTS )?"
)
_NOT_ATOMIC = re.compile(
    r"CALL |DO |REINDEX |ALTER TABLE .* DETACH |CREATE (?:UNIQUE )?INDEX CONCURRENTLY "
)
# What these leave when they fail is in the way of a second try.
_NEEDS_A_HAND = re.compile(r"REINDEX |ALTER TABLE .* DETACH ")
_OUTSIDE = re.compile(
    r"""
    CREATE\ (?:UNIQUE\ )?INDEX\ CONCURRENTLY\ |
    DROP\ INDEX\ CONCURRENTLY\ |
    REINDEX\ (?:\(\ .*?\)\ )?(?:SCHEMA|DATABASE|SYSTEM)\ |
    REINDEX\ (?:\(\ .*?\)\ )?(?:INDEX|TABLE)\ CONCURRENTLY\ |
    REINDEX\ \(\ [^)]*?CONCURRENTLY\ (?!(?:FALSE|OFF|0)\ ) |
    ALTER\ TABLE\ .*?\ DETACH\ PARTITION\ .*?\ CONCURRENTLY\ |
    ALTER\ DATABASE\ .*?\ SET\ TABLESPACE\ |
    (?:CREATE|DROP)\ (?:DATABASE|TABLESPACE)\ |
    (?:COMMIT|ROLLBACK)\ PREPARED\ |
    CALL\ (?:\S+\ \.\ )?REFRESH_CONTINUOUS_AGGREGATE\ |
    CLUSTER\ (?:VERBOSE\ )?$ |
    (?:ALTER\ SYSTEM|DISCARD\ ALL|VACUUM)\b
    """,
    re.VERBOSE,
)
_SETTING = re.compile(r"RESET |SET (?!LOCAL |TRANSACTION |CONSTRAINTS )")
_COPY_WITH_CLIENT = re.compile(r"COPY .*\b(?:FROM STDIN|TO STDOUT) ")


@dataclass(frozen=True, slots=True)
class ConcurrentIndex:
    """The index that a statement builds, and the table, both as written."""

    name: str
    table: str


def opening(sql: str) -> str:
    """Return the first tokens in upper case, each followed by one space."""
    found = []
    for token in significant_tokens(sql):
        found.append(token.text.upper())
        if len(found) == _LOOKED_AT:
            break
    return "".join(f"{text} " for text in found)


def needs_autocommit(sql: str) -> bool:
    """Tell whether PostgreSQL refuses a statement inside a transaction."""
    return _OUTSIDE.match(opening(sql)) is not None


def is_concurrent(sql: str) -> bool:
    """Tell whether a statement waits for others instead of blocking them."""
    return " CONCURRENTLY " in opening(sql)


def without_concurrently(sql: str) -> str:
    """Return a statement that does the same, and blocks others; no token moves."""
    if not needs_autocommit(sql):
        return sql
    for token in significant_tokens(sql):
        if token.text == "(":
            break
        if token.is_word("concurrently"):
            blank = " " * len(token.text)
            return f"{sql[: token.start]}{blank}{sql[token.end :]}"
    return sql


def may_leave_something(sql: str) -> bool:
    """Tell whether a statement that failed outside a transaction may be half done."""
    return _NOT_ATOMIC.match(opening(sql)) is not None


def needs_a_hand(sql: str) -> bool:
    """Tell whether a statement that failed must be cleaned up after by somebody."""
    return _NEEDS_A_HAND.match(opening(sql)) is not None


def concurrent_index(sql: str) -> ConcurrentIndex | None:
    """Return what `CREATE INDEX CONCURRENTLY` builds; None when it gives no name."""
    found = _CONCURRENT_INDEX.match(opening(sql))
    if not found:
        return None
    words = list(significant_tokens(sql))[found[0].count(" ") :]
    if words[0].is_word("on"):
        return None
    table = ""
    for token in words[2:]:
        if token.is_word("only") and not table:
            continue
        if token.text == "(" or token.is_word("using"):
            break
        table += token.text
    return ConcurrentIndex(words[0].text, table)


def check_statements(
    path: str, text: str, header: Header
) -> tuple[tuple[Statement, ...], tuple[LocatedError, ...]]:
    """Return the statements of a migration with all that can be told to be wrong."""
    unterminated = [t for t in tokens(text) if t.kind is TokenKind.UNTERMINATED]
    if unterminated:
        opened = unterminated[0]
        problem = problem_at(
            MigrationSyntaxError, path, text, opened.start, 1, *_UNTERMINATED
        )
        return (), (problem,)
    statements = tuple(split_statements(text))
    problems = []
    for statement in statements:
        is_outside = runs_outside(header, statement)
        found = _check(text[statement.start : statement.end], is_outside=is_outside)
        if found:
            kind, message, remedy = found
            length = statement.end - statement.start
            problems.append(
                problem_at(kind, path, text, statement.start, length, message, remedy)
            )
    misplaced = _check_line(header, statements)
    if misplaced and header.off_from is not None:
        length = len(text) - header.off_from
        problems.append(
            problem_at(
                MigrationHeaderError, path, text, header.off_from, length, *misplaced
            )
        )
    return statements, tuple(problems)


def runs_outside(header: Header, statement: Statement) -> bool:
    """Tell whether a statement stands where the transaction of its file is off."""
    if header.off_from is not None and statement.start > header.off_from:
        return True
    return not header.transaction


def is_setting(sql: str) -> bool:
    """Tell whether a statement sets something for the rest of its session."""
    return _SETTING.match(opening(sql)) is not None


def _check_line(
    header: Header, statements: tuple[Statement, ...]
) -> tuple[str, str] | None:
    """Return what is wrong with the place of a line between statements."""
    if header.off_from is None:
        return None
    if any(s.start < header.off_from < s.end for s in statements):
        return _INSIDE_A_STATEMENT
    if not any(s.start > header.off_from for s in statements):
        return _NOTHING_AFTER
    return None


_UNTERMINATED = (
    "a string, quoted name or comment that begins here never ends",
    "end it before the end of the file",
)
_INSIDE_A_STATEMENT = (
    "`transaction=off` in the middle of a statement",
    "move the line between two statements; is a semicolon missing?",
)
_NOTHING_AFTER = (
    "`transaction=off` after the last statement",
    "remove the line, or move it above the statements that it is for",
)
#: What to do with a statement that PostgreSQL refuses in a transaction.
TURN_OFF = (
    "put it after the statements that need the transaction, below a line "
    "`-- datalayer: transaction=off`"
)


def _check(sql: str, *, is_outside: bool) -> tuple[type[LocatedError], str, str] | None:
    """Return a kind of error, a message and a remedy, or None."""
    first = opening(sql)
    name = " ".join(first.split()[:2])
    if first.startswith("\\"):
        return (
            UnsupportedStatementError,
            "a command of psql, not of PostgreSQL",
            "remove the line: migrations are plain SQL",
        )
    if _COPY_WITH_CLIENT.match(first):
        return (
            UnsupportedStatementError,
            "a `COPY` whose data goes through the client",
            "write rows as `INSERT … VALUES`; leave an export out",
        )
    if _OUTSIDE.match(first):
        return None if is_outside else _check_outside(first)
    if _TRANSACTION_CONTROL.match(first):
        return (
            TransactionControlError,
            f"`{name.split()[0]}` in a migration",
            "remove it: the runner puts each file into one transaction of its own",
        )
    return None


def _check_outside(first: str) -> tuple[type[LocatedError], str, str]:
    shown = "CONCURRENTLY" if " CONCURRENTLY " in first else " ".join(first.split()[:2])
    return (
        TransactionOffError,
        f"`{shown}` cannot run inside a transaction",
        TURN_OFF,
    )
