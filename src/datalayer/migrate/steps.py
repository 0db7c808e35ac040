"""One statement outside a transaction: its session, its row, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.errors import MigrationBlocked, MigrationFailed, MigrationHalfApplied
from datalayer.migrate.failures import located
from datalayer.migrate.journal import journal
from datalayer.migrate.lock import take_guard
from datalayer.migrate.problems import problem_at
from datalayer.migrate.retries import BLOCKED, Outcome
from datalayer.migrate.session import (
    LOCK_TIMEOUT,
    Failure,
    Session,
    reset_session,
    run_statement,
    set_timeouts,
)
from datalayer.migrate.statements import (
    ConcurrentIndex,
    concurrent_index,
    is_concurrent,
    is_setting,
    may_leave_something,
    needs_a_hand,
)

if TYPE_CHECKING:
    import psycopg

    from datalayer.errors import LocatedError
    from datalayer.lexer import Statement
    from datalayer.migrate.files import MigrationFile


@dataclass(frozen=True, slots=True)
class Step:
    """One statement, where it runs, and the row that journals it."""

    session: Session
    file: MigrationFile
    #: How many statements are done before; so it is its position, from 0.
    done: int
    #: The component and the version, as the row writes them.
    key: tuple[str, str]
    #: Whether the file had no row before this run.
    is_new: bool

    @property
    def connection(self) -> psycopg.Connection:
        """Return the connection that runs it."""
        return self.session.connection

    @property
    def is_there(self) -> bool:
        """Tell whether the file goes on, rather than ends before this."""
        return self.done < len(self.file.statements)

    @property
    def statement(self) -> Statement:
        """Return where the statement stands."""
        return self.file.statements[self.done]

    @property
    def text(self) -> str:
        """Return the statement as it is written."""
        return self.file.statement_text(self.done)

    @property
    def index(self) -> ConcurrentIndex | None:
        """Return the index that it builds without blocking others, if it names one."""
        return concurrent_index(self.text)


def enter(step: Step) -> None:
    """Begin a session as the statement is to see it."""
    connection, file = step.connection, step.file
    reset_session(connection)
    take_guard(connection, step.session.lock, in_transaction=False)
    header = file.header
    is_patient = step.is_there and is_concurrent(step.text)
    timeout = header.outside_lock_timeout or header.lock_timeout
    set_timeouts(
        connection,
        lock_timeout=timeout or ("0" if is_patient else LOCK_TIMEOUT),
        is_local=False,
    )
    for number, statement in enumerate(file.statements[: step.done]):
        if is_setting(file.statement_text(number)):
            failed = run_statement(connection, file, statement)
            if failed:
                raise failure_of(step, failed) from failed.error


def leaves_nothing(step: Step) -> bool:
    """Tell whether a statement that failed, and was cleaned up after, left nothing."""
    return step.index is not None or not may_leave_something(step.text)


def was_all(step: Step) -> bool:
    """Tell whether nothing of the file is applied once this statement left nothing."""
    return step.is_new and step.done == 0 and leaves_nothing(step)


def journal_step(step: Step, *, is_started: bool) -> None:
    """Write what is done before a statement, and whether that is begun."""
    journal(
        step.connection,
        step.session.ledger,
        step.file,
        version=step.key[1],
        profile=step.session.profile,
        done=step.done,
        is_started=is_started,
    )


def failure_of(
    step: Step, failed: Failure, outcome: Outcome | None = None
) -> MigrationFailed:
    """Return the error for a statement that failed, and say what of the file stays."""
    is_blocked = outcome is not None and outcome.is_blocked
    hint = BLOCKED if is_blocked else failed.error.diag.message_hint
    if was_all(step) and not step.connection.closed:
        kind = MigrationBlocked if is_blocked else MigrationFailed
        return located(step.file, failed, kind=kind, help=hint)
    is_left = step.is_there and needs_a_hand(step.text)
    remedy = "remove what it left" if is_left else "correct the cause"
    state = (
        f"half applied: {step.done} of {len(step.file.statements)} statements are done "
        f"and stay; {remedy}, then `datalayer migrate up` goes on with this one"
    )
    help = f"{hint}; {state}" if hint else state
    return located(step.file, failed, kind=MigrationHalfApplied, help=help)


def problem_of(step: Step, message: str, remedy: str) -> LocatedError:
    """Return an error at the place of a statement."""
    start, end = step.statement.start, step.statement.end
    return problem_at(
        MigrationHalfApplied,
        step.file.path,
        step.file.text,
        start,
        end - start,
        message,
        remedy,
    )
