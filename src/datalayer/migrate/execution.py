"""One file applied and recorded in one transaction, or tried again as a whole."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psycopg
from psycopg.pq import TransactionStatus

from datalayer.errors import MigrationBlocked, MigrationFailed, TransactionControlError
from datalayer.lexer import Statement
from datalayer.migrate.events import Applied, Applying, Notice, Retrying
from datalayer.migrate.failures import describe, located
from datalayer.migrate.ledger import record
from datalayer.migrate.lock import take_guard
from datalayer.migrate.outside import attempt_outside
from datalayer.migrate.problems import problem_at
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

    from datalayer.migrate.files import MigrationFile

TRIES = 8
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
_RETRIED = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


def apply_file(
    session: Session, file: MigrationFile, *, position: int, total: int
) -> Applied:
    """Apply a file and record it; try again, as a whole, when a lock is not free."""
    event = Applying(file.path, file.component, file.version, position, total)
    session.tell(event)
    attempt = _attempt if file.header.transaction else attempt_outside
    tries = 1
    with _notices(session, file):
        begun = time.monotonic()
        while failed := attempt(session, file, tries):
            if not isinstance(failed.error, _RETRIED):
                raise located(file, failed) from failed.error
            if tries == TRIES:
                raise _blocked(file, failed) from failed.error
            _pause(session, file, failed, tries)
            tries += 1
            begun = time.monotonic()
    milliseconds = _since(begun)
    reset_session(session.connection)
    return Applied(
        path=file.path,
        component=file.component,
        version=file.version,
        name=file.name,
        variant=file.variant,
        milliseconds=milliseconds,
        tries=tries,
    )


def _attempt(session: Session, file: MigrationFile, tries: int) -> Failure | None:
    """Apply and record a file in one transaction; None when it was committed."""
    connection = session.connection
    begun = time.monotonic()
    connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    try:
        take_guard(connection, session.lock)
        timeout = file.header.lock_timeout or LOCK_TIMEOUT
        set_timeouts(connection, lock_timeout=timeout, is_local=True)
        for statement in file.statements:
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
            milliseconds=_since(begun),
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
        last = file.statements[-1] if file.statements else Statement(0, 0)
        return Failure(last, error)
    return None


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1000)


def _pause(session: Session, file: MigrationFile, failed: Failure, tries: int) -> None:
    # Jitter, so that a regular writer is not met at the same moment again.
    delay = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**tries) * random.uniform(0.5, 1.0)
    reason = describe(failed.error)
    session.tell(Retrying(file.path, tries, round(delay, 3), reason))
    time.sleep(delay)


def _blocked(file: MigrationFile, failed: Failure) -> MigrationFailed:
    return located(
        file,
        failed,
        kind=MigrationBlocked,
        help=f"tried {TRIES} times; end the sessions that hold the lock, run it in a "
        "quiet hour, or give it longer: `-- datalayer: lock_timeout=10s`",
    )


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
