"""What the runner must know of a statement before it runs it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.errors import (
    LocatedError,
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


def may_leave_something(sql: str) -> bool:
    """Tell whether a statement that failed outside a transaction may be half done."""
    return _NOT_ATOMIC.match(opening(sql)) is not None


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
        found = _check(text[statement.start : statement.end], header)
        if found:
            kind, message, remedy = found
            length = statement.end - statement.start
            problems.append(
                problem_at(kind, path, text, statement.start, length, message, remedy)
            )
    if not header.transaction and len(statements) > 1:
        second = statements[1]
        length = second.end - second.start
        problems.append(
            problem_at(TransactionOffError, path, text, second.start, length, *_SEVERAL)
        )
    return statements, tuple(problems)


_UNTERMINATED = (
    "a string, quoted name or comment that begins here never ends",
    "end it before the end of the file",
)
_SEVERAL = (
    "a second statement in a file with `transaction=off`",
    "give each statement a file of its own, so that a failure leaves no half file",
)


def _check(sql: str, header: Header) -> tuple[type[LocatedError], str, str] | None:
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
        return _check_outside(first, header)
    if _TRANSACTION_CONTROL.match(first):
        return (
            TransactionControlError,
            f"`{name.split()[0]}` in a migration",
            "remove it: the runner puts each file into one transaction of its own",
        )
    return None


def _check_outside(
    first: str, header: Header
) -> tuple[type[LocatedError], str, str] | None:
    if not header.transaction:
        return None
    shown = "CONCURRENTLY" if " CONCURRENTLY " in first else " ".join(first.split()[:2])
    return (
        TransactionOffError,
        f"`{shown}` cannot run inside a transaction",
        "put the statement into a file of its own that begins with "
        "`-- datalayer: transaction=off`",
    )
