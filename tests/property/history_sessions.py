"""Sessions that run the statements of a program, one waiting for another if it must."""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from history_language import (
    Begin,
    Copy,
    Merge,
    Release,
    RollbackTo,
    Savepoint,
    Statement,
    Step,
    Tidy,
)
from history_model import Known, Model
from history_rendering import copy_data, render
from psycopg import pq

#: Errors that a statement may always meet while another session is at work.
_DISTURBED = {"40001", "40P01", "57014"}
_BLOCKED = """
    SELECT count(*) FROM pg_catalog.pg_locks
    WHERE pid = %s AND NOT granted
        AND locktype IN ('transactionid', 'tuple', 'spectoken')
"""


@dataclass(frozen=True, slots=True)
class Completed:
    """A statement as it was run: also what came in between, if it had to wait."""

    session: int
    statement: Statement
    #: The place of the steps between its beginning and its end.
    sent: int
    done: int
    error: str | None
    message: str = ""


class Unexpected(AssertionError):
    """A statement failed that should not have, or did not fail that should have."""

    def __init__(self, completed: Completed) -> None:
        super().__init__(completed.message or "the statement should have failed")
        self.completed = completed


class ServerSession:
    """A connection whose statements are sent without waiting for their end."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.raw = connection.pgconn
        #: What came instead of the invitation to send the rows of a COPY.
        self.refused: pq.abc.PGresult | None = None

    def send(self, text: str, data: str | None) -> None:
        self.raw.nonblocking = 0
        self.raw.send_query(text.encode())
        if data is not None:
            self.refused = self.raw.get_result()
            if self.refused and self.refused.status == pq.ExecStatus.COPY_IN:
                self.refused = None
                self.raw.put_copy_data(data.encode())
                self.raw.put_copy_end()

    def is_done(self, patience: float) -> bool:
        """Whether the statement ended, within some seconds."""
        if self.raw.is_busy():
            select.select([self.raw.socket], [], [], patience)
            self.raw.consume_input()
        return not self.raw.is_busy()

    def outcome(self) -> tuple[str | None, str]:
        """The SQLSTATE and the text of the first error, after waiting for the end."""
        results = [self.refused] if self.refused else []
        self.refused = None
        while (result := self.raw.get_result()) is not None:
            results.append(result)
        for result in results:
            if result.status == pq.ExecStatus.FATAL_ERROR:
                state = result.error_field(pq.DiagnosticField.SQLSTATE) or b"?????"
                return state.decode(), result.error_message.decode()
        return None, ""

    def cancel(self) -> None:
        self.raw.get_cancel().cancel()


@dataclass
class Waiting:
    statement: Statement
    known: Known
    sent: int


@dataclass
class Run:
    """One run of a program's steps beside the model."""

    sessions: tuple[ServerSession, ...]
    #: Sees who waits; None where there is one session only.
    watcher: psycopg.Connection[Any] | None
    base: int
    #: Does what a Tidy stands for, between two statements.
    tidy: Callable[[], None]
    #: Hypertables with compressed chunks refuse MERGE.
    may_refuse_merge: bool = False
    model: Model = field(default_factory=Model)
    completed: list[Completed] = field(default_factory=list)
    waiting: dict[int, Waiting] = field(default_factory=dict)
    deferred: tuple[deque[Statement], ...] = field(
        default_factory=lambda: (deque(), deque())
    )
    clock: int = 0

    def run(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            self.deferred[step.session].append(step.statement)
            self._proceed()
        assert not self.waiting
        assert not any(self.deferred)

    def _proceed(self) -> None:
        """Start what can be started, until everybody waits or has nothing to do."""
        for number in self._able():
            self._start(number, self.deferred[number].popleft())
            for other in list(self.waiting):
                if self._settled(other):
                    self._complete(other)

    def _able(self) -> Iterator[int]:
        while able := [
            n for n, d in enumerate(self.deferred) if d and n not in self.waiting
        ]:
            yield able[0]

    def _start(self, number: int, statement: Statement) -> None:
        self.clock += 1
        if isinstance(statement, Tidy):
            self.tidy()
            done = Completed(number, statement, self.clock, self.clock, None)
            self.completed.append(done)
            return
        data = copy_data(statement, self.base) if isinstance(statement, Copy) else None
        # A savepoint takes no snapshot yet.
        controls = isinstance(statement, (Begin, Savepoint, RollbackTo, Release))
        known = {} if controls else self.model.known(number)
        self.sessions[number].send(render(statement, self.base), data)
        self.waiting[number] = Waiting(statement, known, self.clock)
        if self._settled(number):
            self._complete(number)
        elif len(self.waiting) > 1:
            # Both would wait for ever.
            self.sessions[number].cancel()
            self._complete(number)

    def _settled(self, number: int) -> bool:
        """Wait until a statement ends or waits for a row; whether it ended."""
        session = self.sessions[number]
        if self.watcher is None:
            return True
        while not session.is_done(patience=0.002):
            pid = session.raw.backend_pid
            found = self.watcher.execute(_BLOCKED, (pid,)).fetchone()
            if found and found[0]:
                return False
        return True

    def _complete(self, number: int) -> None:
        waited = self.waiting.pop(number)
        statement, known = waited.statement, waited.known
        error, message = self.sessions[number].outcome()
        self.clock += 1
        completed = Completed(
            number, statement, waited.sent, self.clock, error, message
        )
        self.completed.append(completed)
        predicted = self.model.predicts_failure(number, statement, known)
        disturbed = (self.watcher is not None and error in _DISTURBED) or (
            self.may_refuse_merge and isinstance(statement, Merge) and error == "0A000"
        )
        if predicted != (error is not None) and not disturbed:
            raise Unexpected(completed)
        self.model.apply(number, statement, known, failed=error is not None)
