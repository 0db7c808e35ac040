"""A file of one statement that PostgreSQL runs only outside a transaction."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg

from datalayer.errors import MigrationHalfApplied
from datalayer.location import locate
from datalayer.migrate.failures import describe, located
from datalayer.migrate.invalid_index import drop_index, find_invalid_index
from datalayer.migrate.ledger import record
from datalayer.migrate.lock import take_guard
from datalayer.migrate.problems import problem_at, show
from datalayer.migrate.session import (
    LOCK_TIMEOUT,
    Failure,
    Session,
    reset_identity,
    run_statement,
    set_timeouts,
)
from datalayer.migrate.statements import (
    ConcurrentIndex,
    concurrent_index,
    is_concurrent,
    may_leave_something,
)

if TYPE_CHECKING:
    from datalayer.lexer import Statement
    from datalayer.migrate.files import MigrationFile

# DROP INDEX CONCURRENTLY waits for whoever uses the table, and Ctrl-C should not.
_CLEANING_TIMEOUT = "3s"


def attempt_outside(
    session: Session, file: MigrationFile, tries: int
) -> Failure | None:
    """Run the one statement of a file, then record it; None when both are done."""
    connection = session.connection
    begun = time.monotonic()
    take_guard(connection, session.lock, in_transaction=False)
    for statement in file.statements:
        failed = _run(session, file, statement)
        if failed:
            return failed
    reset_identity(connection)
    milliseconds = round((time.monotonic() - begun) * 1000)
    try:
        record(
            connection,
            session.ledger,
            file,
            profile=session.profile,
            tries=tries,
            milliseconds=milliseconds,
        )
    except psycopg.Error as error:
        raise _unrecorded(file, error) from error
    return None


def _run(session: Session, file: MigrationFile, statement: Statement) -> Failure | None:
    text = file.text[statement.start : statement.end]
    timeout = "0" if is_concurrent(text) else LOCK_TIMEOUT
    set_timeouts(
        session.connection,
        lock_timeout=file.header.lock_timeout or timeout,
        is_local=False,
    )
    index = concurrent_index(text)
    if index:
        return _build_index(session.connection, file, statement, index)
    failed = run_statement(session.connection, file, statement)
    if failed and may_leave_something(text):
        raise located(
            file,
            failed,
            kind=MigrationHalfApplied,
            help="it ran outside a transaction: remove what it left, then run again",
        ) from failed.error
    return failed


def _build_index(
    connection: psycopg.Connection,
    file: MigrationFile,
    statement: Statement,
    index: ConcurrentIndex,
) -> Failure | None:
    """Build an index; if that fails, drop the invalid one that it left."""
    existing = find_invalid_index(connection, index)
    if existing:
        raise problem_at(
            MigrationHalfApplied,
            file.path,
            file.text,
            statement.start,
            statement.end - statement.start,
            f"the index {existing} exists already and is invalid",
            "an interrupted run left it, or somebody is still building it: see "
            "`pg_stat_progress_create_index`, then "
            f"`DROP INDEX CONCURRENTLY {existing}` and run again",
        )
    try:
        failed = run_statement(connection, file, statement)
    except BaseException:
        # Interrupted by Ctrl-C: psycopg has cancelled the statement.
        _clean(connection, file, statement, index)
        raise
    if failed:
        _clean(connection, file, statement, index)
    return failed


def _clean(
    connection: psycopg.Connection,
    file: MigrationFile,
    statement: Statement,
    index: ConcurrentIndex,
) -> None:
    """Drop the invalid index; there was none before, so that it is ours."""
    try:
        set_timeouts(connection, lock_timeout=_CLEANING_TIMEOUT, is_local=False)
        left = find_invalid_index(connection, index)
        if left:
            drop_index(connection, left)
    except psycopg.Error as error:
        raise located(
            file,
            Failure(statement, error),
            kind=MigrationHalfApplied,
            help=f"`DROP INDEX CONCURRENTLY {index.name}` if it exists, and run again",
        ) from error


def _unrecorded(file: MigrationFile, error: psycopg.Error) -> MigrationHalfApplied:
    # A file without statements has nothing to undo, and is not half applied.
    start, end = file.statements[0].start, file.statements[0].end
    return MigrationHalfApplied(
        f"this statement ran, but could not be recorded: {describe(error)}",
        location=locate(file.path, file.text, start),
        excerpt=show(file.text, start, end - start),
        help="undo what it did, then run again",
        sqlstate=error.sqlstate,
    )
