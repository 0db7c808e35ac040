"""One file applied and recorded: first its transaction, then what runs outside."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
from psycopg.pq import TransactionStatus

from datalayer.errors import MigrationBlocked, TransactionControlError
from datalayer.lexer import Statement
from datalayer.migrate.events import Applied, Applying, Notice
from datalayer.migrate.failures import located
from datalayer.migrate.journal import record
from datalayer.migrate.lock import take_guard
from datalayer.migrate.outside import apply_outside
from datalayer.migrate.problems import problem_at
from datalayer.migrate.retries import (
    BLOCKED,
    Outcome,
    milliseconds_since,
    try_often,
)
from datalayer.migrate.session import (
    LOCK_TIMEOUT,
    Failure,
    Session,
    reset_identity,
    reset_session,
    run_statement,
    set_timeouts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.migrate.comparison import Pending
    from datalayer.migrate.files import MigrationFile


def apply_file(
    session: Session, pending: Pending, *, position: int, total: int
) -> Applied:
    """Apply a file and record it, or go on with one that is applied in part.

    What is rolled back because a lock is not free is tried again.
    """
    file = pending.file
    session.tell(Applying(file.path, file.component, file.version, position, total))
    parts = []
    with _notices(session, file):
        if pending.row is None and file.header.transaction:
            parts.append(_apply_inside(session, file))
            pending = replace(pending, done=file.inside)
        if pending.done < len(file.statements) or not parts:
            parts.append(apply_outside(session, pending))
    reset_session(session.connection)
    return Applied(
        path=file.path,
        component=file.component,
        version=file.version,
        name=file.name,
        variant=file.variant,
        milliseconds=sum(part.milliseconds for part in parts),
        tries=1 + sum(part.tries - 1 for part in parts),
    )


def _apply_inside(session: Session, file: MigrationFile) -> Outcome:
    """Apply what is one transaction, and record it there."""
    outcome = try_often(session, file, lambda tries: _attempt(session, file, tries))
    if outcome.failed and outcome.is_blocked:
        kind = MigrationBlocked
        raise located(
            file, outcome.failed, kind=kind, help=BLOCKED
        ) from outcome.failed.error
    if outcome.failed:
        raise located(file, outcome.failed) from outcome.failed.error
    return outcome


def _attempt(session: Session, file: MigrationFile, tries: int) -> Failure | None:
    """Apply and record statements in one transaction; None when it was committed."""
    connection = session.connection
    begun = time.monotonic()
    connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    try:
        take_guard(connection, session.lock)
        timeout = file.header.lock_timeout or LOCK_TIMEOUT
        set_timeouts(connection, lock_timeout=timeout, is_local=True)
        for statement in file.statements[: file.inside]:
            failed = run_statement(connection, file, statement)
            if failed:
                return failed
            _check_transaction(connection, file, statement)
        reset_identity(connection)
        record(
            connection,
            session.ledger,
            file,
            profile=session.profile,
            tries=tries,
            milliseconds=milliseconds_since(begun),
        )
        return _commit(connection, file)
    finally:
        # Whatever happened, nothing of the file may stay. A broken connection has
        # rolled back already.
        if connection.info.transaction_status != TransactionStatus.IDLE:
            with suppress(psycopg.Error):
                connection.rollback()


def _check_transaction(
    connection: psycopg.Connection, file: MigrationFile, statement: Statement
) -> None:
    """Refuse what ended the transaction in a way that its text did not show."""
    if connection.info.transaction_status == TransactionStatus.INTRANS:
        return
    raise problem_at(
        TransactionControlError,
        file.path,
        file.text,
        statement.start,
        statement.end - statement.start,
        "this statement ended the transaction of the file",
        "remove it, and look what the statements before it left in the database",
    )


def _commit(connection: psycopg.Connection, file: MigrationFile) -> Failure | None:
    try:
        connection.execute("COMMIT")
    except psycopg.Error as error:
        # A deferred constraint, most likely of the last statement.
        last = file.statements[file.inside - 1] if file.inside else Statement(0, 0)
        return Failure(last, error)
    return None


@contextmanager
def _notices(session: Session, file: MigrationFile) -> Iterator[None]:
    """Pass on what the server says while a file is applied."""

    def pass_on(diagnostic: psycopg.errors.Diagnostic) -> None:
        severity = diagnostic.severity_nonlocalized or diagnostic.severity or "NOTICE"
        message = diagnostic.message_primary or ""
        session.tell(Notice(file.path, severity, message))

    session.connection.add_notice_handler(pass_on)
    try:
        yield
    finally:
        session.connection.remove_notice_handler(pass_on)
