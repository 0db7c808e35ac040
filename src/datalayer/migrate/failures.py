"""PostgreSQL's errors at their places in migration files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalayer.errors import MigrationFailed
from datalayer.lexer import TokenKind, significant_tokens, tokens
from datalayer.location import locate
from datalayer.migrate.problems import show
from datalayer.migrate.statements import TURN_OFF, runs_outside
from datalayer.remedies import near_word, remedy
from datalayer.wording import in_our_quotes, named_token, sentence

if TYPE_CHECKING:
    import psycopg

    from datalayer.lexer import Statement, Token
    from datalayer.migrate.files import MigrationFile
    from datalayer.migrate.session import Failure

_INSIDE = re.compile(r"^(PL/pgSQL function (?!inline).+? line [0-9]+)", re.MULTILINE)
_ABSENT = re.compile(r'^(?:relation|column|type|schema) "(?:.*\.)?(.+)" does not exist')
_DO_LINE = re.compile(r"PL/pgSQL function inline_code_block line ([0-9]+)")
#: The words of a whole file are many: only one that differs in a letter is meant.
_NEAR = 0.8
_WORD = re.compile(r'"[^"]*"|\w+')
# "cannot run inside a transaction block", and a COMMIT in what is called.
_IN_TRANSACTION = {"25001", "2D000"}


def located(
    file: MigrationFile,
    failed: Failure,
    *,
    kind: type[MigrationFailed] = MigrationFailed,
    help: str | None = None,
) -> MigrationFailed:
    """Return the error to raise for a statement that the server refused."""
    error = failed.error
    start, end = _extent(file, failed.statement, error)
    location = locate(file.path, file.text, start)
    is_outside = runs_outside(file.header, failed.statement)
    if error.sqlstate in _IN_TRANSACTION and not is_outside:
        help = help or TURN_OFF
    return kind(
        describe(error),
        location=location,
        excerpt=show(file.text, start, end - start),
        help=help or _help(file, failed, start),
        sqlstate=error.sqlstate,
    )


def describe(error: psycopg.Error) -> str:
    """Return the message of the server, with its detail, in our quotes."""
    primary = error.diag.message_primary
    if primary is None:
        # Not from the server: the connection broke, or psycopg itself complains.
        return " ".join(str(error).split()) or type(error).__name__
    detail = error.diag.message_detail
    text = f"{primary}: {detail}" if detail else primary
    inside = _INSIDE.search(error.diag.context or "")
    if inside:
        text += f" (in {inside[1]})"
    return in_our_quotes(text).rstrip(".")


def _help(file: MigrationFile, failed: Failure, place: int) -> str | None:
    """Return PostgreSQL's hint, or what may have been meant."""
    diagnostics = failed.error.diag
    if diagnostics.message_hint or diagnostics.message_primary is None:
        return sentence(diagnostics.message_hint)
    message, sqlstate = diagnostics.message_primary, diagnostics.sqlstate or ""
    absent = _ABSENT.search(message)
    if absent:
        # What is missing is in an earlier statement, or in another migration.
        words = (token.text for token in significant_tokens(file.text))
        return near_word(absent[1], words, _NEAR)
    found, offset = _around(file.text, place)
    return remedy(message, sqlstate, found, offset)


def _around(text: str, place: int) -> tuple[list[Token], int]:
    """Return the tokens around a place, which may be in the body of a function."""
    for token in significant_tokens(text):
        if token.kind is TokenKind.DOLLAR_STRING and token.start < place < token.end:
            edge = token.text.index("$", 1) + 1
            body = token.text[edge:-edge]
            return list(significant_tokens(body)), place - token.start - edge
    return list(significant_tokens(text)), place


def _extent(
    file: MigrationFile, statement: Statement, error: psycopg.Error
) -> tuple[int, int]:
    """Return the part of the file that an error is about."""
    if error.diag.statement_position is not None:
        start = statement.start + int(error.diag.statement_position) - 1
        return start, _end_of_token(file.text, statement, start)
    in_block = _DO_LINE.search(error.diag.context or "")
    if in_block:
        found = _line_of_block(file.text, statement, int(in_block[1]))
        if found is not None:
            return found
    message = error.diag.message_primary or ""
    text = file.text[statement.start : statement.end]
    named = named_token(list(significant_tokens(text)), message)
    if named is not None and _ABSENT.search(message):
        return statement.start + named.start, statement.start + named.end
    return statement.start, statement.end


def _end_of_token(text: str, statement: Statement, start: int) -> int:
    for token in tokens(text[statement.start : statement.end]):
        if statement.start + token.end > start:
            if token.kind is TokenKind.DOLLAR_STRING:
                break
            return statement.start + token.end
    word = _WORD.match(text, start)
    if word:
        return word.end()
    return start + 1


def _line_of_block(
    text: str, statement: Statement, line: int
) -> tuple[int, int] | None:
    """Return the extent of a line of a DO block; its lines count from the quotes."""
    for token in tokens(text[statement.start : statement.end]):
        if token.kind is TokenKind.DOLLAR_STRING:
            lines = token.text.split("\n")
            if not 1 < line <= len(lines):
                return None
            before = sum(len(each) + 1 for each in lines[: line - 1])
            indent = len(lines[line - 1]) - len(lines[line - 1].lstrip())
            start = statement.start + token.start + before
            return start + indent, start + len(lines[line - 1])
    return None
