"""Statements that run by themselves, outside a transaction, one after the other.

The row of the file journals them: it says how many are done, and whether the next one
is begun. Each sees a session of its own, with nothing but what `SET` statements before
it in the file say, so that a run that goes on where another one ended is no different.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg

from datalayer.errors import MigrationFailed, MigrationHalfApplied
from datalayer.lexer import split_statements
from datalayer.location import Location
from datalayer.migrate.events import Running
from datalayer.migrate.failures import describe, located
from datalayer.migrate.files import tokens_hash
from datalayer.migrate.indexes import Index, drop_index, find_index
from datalayer.migrate.journal import advance, forget, settle
from datalayer.migrate.lock import take_guard
from datalayer.migrate.retries import Outcome, try_often
from datalayer.migrate.session import (
    Failure,
    Session,
    reset_identity,
    reset_session,
    run_text,
    set_timeouts,
)
from datalayer.migrate.statements import (
    concurrent_index,
    needs_a_hand,
    without_concurrently,
)
from datalayer.migrate.steps import (
    Step,
    enter,
    failure_of,
    journal_step,
    leaves_nothing,
    problem_of,
    was_all,
)

if TYPE_CHECKING:
    from datalayer.errors import LocatedError
    from datalayer.migrate.comparison import Pending
    from datalayer.migrate.ledger import LedgerRow

# DROP INDEX CONCURRENTLY waits for whoever uses the table, and Ctrl-C should not.
_CLEANING_TIMEOUT = "3s"


def apply_outside(session: Session, pending: Pending) -> Outcome:
    """Run the statements of a file that are not done, and journal each."""
    file, row = pending.file, pending.row
    key = (file.component, row.version if row else file.version)
    first = Step(session, file, pending.done, key, row is None and file.inside == 0)
    done = _go_on(first, row) if row and row.is_started else pending.done
    tries, milliseconds = 1, 0
    for number in range(done, len(file.statements)):
        outcome = _run(replace(first, done=number))
        tries += outcome.tries - 1
        milliseconds += outcome.milliseconds
    if done == len(file.statements):
        # Nothing was left to run: the row takes on the text that the file has now.
        last = replace(first, done=done)
        _check_indexes(last)
        journal_step(last, is_started=False)
    return Outcome(tries, milliseconds, None)


def _go_on(step: Step, row: LedgerRow) -> int:
    """Return how many statements are done, after a run that ended in one of them.

    An index that is there since the mark is ours: it is whole, or it is dropped.
    """
    statement = split_statements(row.text)[step.done]
    text = row.text[statement.start : statement.end]
    index = concurrent_index(text)
    if index is None:
        return step.done
    enter(step)
    left = find_index(step.connection, index)
    if left and not left.is_valid:
        _drop(step, left)
    elif left and step.is_there and tokens_hash(text) == tokens_hash(step.text):
        _finish(step, Outcome(1, 0, None))
        return step.done + 1
    return step.done


def _drop(step: Step, left: Index) -> None:
    try:
        drop_index(step.connection, left.name)
    except psycopg.Error as error:
        raise MigrationHalfApplied(
            f"cannot drop the invalid index {left.name}: {describe(error)}",
            location=Location(step.file.path),
            help="`datalayer migrate up` tries again",
            sqlstate=error.sqlstate,
        ) from error


def _run(step: Step) -> Outcome:
    """Run one statement, again while a lock is in its way, and journal it."""
    file = step.file
    step.session.tell(Running(file.path, step.done + 1, len(file.statements)))
    outcome = try_often(step.session, file, lambda _: _attempt(step))
    if outcome.failed:
        raise failure_of(step, outcome.failed, outcome) from outcome.failed.error
    _finish(step, outcome)
    return outcome


def _finish(step: Step, outcome: Outcome) -> None:
    """Journal a statement as done; the last one only beside valid indexes."""
    if step.done + 1 == len(step.file.statements):
        _check_indexes(step)
    try:
        reset_identity(step.connection)
        advance(
            step.connection,
            step.session.ledger,
            step.key,
            done=step.done + 1,
            retries=outcome.tries - 1,
            milliseconds=outcome.milliseconds,
        )
    except psycopg.Error as error:
        raise problem_of(
            step,
            f"this statement ran, but could not be recorded: {describe(error)}",
            "`datalayer migrate up` runs it again, and goes on",
        ) from error


def _check_indexes(last: Step) -> None:
    """Refuse to finish a file while an index that it built before is invalid."""
    for number in range(last.file.inside, last.done):
        step = replace(last, done=number)
        if step.index is None:
            continue
        enter(step)
        found = find_index(step.connection, step.index)
        if found and not found.is_valid:
            raise problem_of(
                step,
                f"the index {found.name} was built, but is invalid now",
                f"`REINDEX INDEX CONCURRENTLY {found.name}` and run again",
            )


def _attempt(step: Step) -> Failure | None:
    """Run a statement in a session of its own, between two marks."""
    index = step.index
    existing = None
    if index:
        enter(step)
        existing = find_index(step.connection, index)
        if existing and not existing.is_valid:
            raise _foreign(step, existing)
    reset_session(step.connection)
    take_guard(step.connection, step.session.lock, in_transaction=False)
    # Only what comes to be after this mark is ours.
    journal_step(step, is_started=existing is None)
    enter(step)
    try:
        failed = run_text(step.connection, _runnable(step), step.statement)
    except BaseException:
        # Interrupted by Ctrl-C: psycopg has cancelled the statement.
        with suppress(psycopg.Error, MigrationFailed):
            _clean(step, is_ours=existing is None)
        raise
    if failed and not step.connection.closed:
        _clean(step, is_ours=existing is None)
    if failed and needs_a_hand(step.text):
        raise failure_of(step, failed) from failed.error
    return failed


def _runnable(step: Step) -> str:
    """Return the statement as the server takes it.

    A server that takes one connection has nobody to block, and what waits for others
    fails there: https://github.com/electric-sql/pglite/issues/901.
    """
    is_alone = step.session.lock.connection is not None
    return without_concurrently(step.text) if is_alone else step.text


def _clean(step: Step, *, is_ours: bool) -> None:
    """Drop the invalid index of a statement that failed; journal what leaves nothing.

    What may have left something keeps its mark.
    """
    index = step.index
    try:
        if index and is_ours:
            set_timeouts(
                step.connection, lock_timeout=_CLEANING_TIMEOUT, is_local=False
            )
            left = find_index(step.connection, index)
            if left and not left.is_valid:
                drop_index(step.connection, left.name)
        if leaves_nothing(step):
            reset_identity(step.connection)
            remove = forget if was_all(step) else settle
            remove(step.connection, step.session.ledger, step.key)
    except psycopg.Error as error:
        raise located(
            step.file,
            Failure(step.statement, error),
            kind=MigrationHalfApplied,
            help="an invalid index may be left: `datalayer migrate up` drops it, and "
            "builds it again",
        ) from error


def _foreign(step: Step, existing: Index) -> LocatedError:
    return problem_of(
        step,
        f"the index {existing.name} exists already and is invalid",
        "somebody else left it, or is still building it: see "
        "`pg_stat_progress_create_index`, then "
        f"`DROP INDEX CONCURRENTLY {existing.name}` and run again",
    )
