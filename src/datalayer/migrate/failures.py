"""PostgreSQL's errors at their places in migration files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalayer.errors import MigrationFailed
from datalayer.lexer import TokenKind, tokens
from datalayer.location import locate
from datalayer.migrate.problems import show
from datalayer.migrate.statements import TURN_OFF, runs_outside

if TYPE_CHECKING:
    import psycopg

    from datalayer.lexer import Statement
    from datalayer.migrate.files import MigrationFile
    from datalayer.migrate.session import Failure

_QUOTED = re.compile(r'"([^"`]+)"')
_DO_LINE = re.compile(r"PL/pgSQL function inline_code_block line ([0-9]+)")
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
    hint = error.diag.message_hint
    is_outside = runs_outside(file.header, failed.statement)
    if error.sqlstate in _IN_TRANSACTION and not is_outside:
        hint = TURN_OFF
    return kind(
        describe(error),
        location=location,
        excerpt=show(file.text, start, end - start),
        help=help or hint,
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
    return _QUOTED.sub(r"`\1`", text).rstrip(".")


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
    return statement.start, statement.end


def _end_of_token(text: str, statement: Statement, start: int) -> int:
    for token in tokens(text[statement.start : statement.end]):
        if statement.start + token.end > start:
            return statement.start + token.end
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
