"""Sessions that take the steps of a program, one waiting for another if it must."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import operations_interleaving_calls as calls
import operations_interleaving_queue_calls as queue_calls
import psycopg
from operations_interleaving_histories import Answer, Event, Text, Transaction
from operations_interleaving_language import (
    Begin,
    Commit,
    Control,
    Operation,
    QueueStep,
    Rollback,
    Step,
    Tick,
)
from operations_interleaving_turns import START, Call, Known, Turn
from psycopg.pq import TransactionStatus

#: Who keeps whom waiting, of some processes.
_BLOCKED = "SELECT pid, pg_blocking_pids(pid) FROM unnest(%s::integer[]) AS pid"
_PATIENCE = 0.002


class Database(psycopg.Connection[Any]):
    """A connection that remembers what was sent, if somebody wants to know."""

    texts: list[Text] | None = None


class Session:
    """A connection whose statements run in a thread of its own."""

    def __init__(self, connection: Database) -> None:
        self.connection = connection
        self.pid = connection.info.backend_pid
        self._thread = ThreadPoolExecutor(1)

    def send(self, call: Call) -> Future[Answer]:
        return self._thread.submit(call, self.connection)

    def tidy(self, future: Future[Answer] | None) -> None:
        """End what is under way, whatever it is."""
        if future and not future.done():
            self.connection.cancel_safe()
            wait([future])
        self.connection.rollback()

    def close(self) -> None:
        self._thread.shutdown()
        self.connection.close()


@dataclass(frozen=True, slots=True)
class Sent:
    step: Step
    future: Future[Answer]
    moment: int


def _control(step: Control) -> Call:
    text = control_text(step)

    def run(connection: psycopg.Connection[Any]) -> Answer:
        connection.execute(text)
        return Answer("")

    return run


def control_text(step: Step) -> str:
    if isinstance(step, Begin):
        return f"BEGIN ISOLATION LEVEL {step.isolation}"
    return type(step).__name__.upper()


@dataclass
class Run:
    """One run of a program's steps."""

    sessions: tuple[Session, ...]
    #: Sees who waits for whom.
    watcher: psycopg.Connection[Any]
    known: Known
    #: All transactions, in the order in which they began.
    transactions: list[Transaction] = field(default_factory=list)
    #: Everything that was done, BEGIN and COMMIT too, in the order in which it ended.
    events: list[Event] = field(default_factory=list)
    under_way: dict[int, Sent] = field(default_factory=dict)
    _deferred: tuple[deque[Step], ...] = field(init=False)
    _open: dict[int, Transaction] = field(default_factory=dict)
    _moment: int = 0
    _seconds: int = 0
    _number: int = 0

    def __post_init__(self) -> None:
        self._deferred = tuple(deque() for _ in self.sessions)

    def run(self, steps: tuple[tuple[int, Step], ...]) -> None:
        """Take all steps; commit what is open at the end."""
        for session, step in steps:
            self._deferred[session].append(step)
            self._proceed()
        for session in range(len(self.sessions)):
            self._deferred[session].append(Commit())
            self._proceed()
        assert not self.under_way
        assert not any(self._deferred)

    def _proceed(self) -> None:
        """Take the steps that can be taken, until everybody waits or is done."""
        while True:
            able = [
                number
                for number, steps in enumerate(self._deferred)
                if steps and number not in self.under_way
            ]
            if not able:
                return
            self._start(able[0], self._deferred[able[0]].popleft())

    def _start(self, session: int, step: Step) -> None:
        if isinstance(step, Tick):
            self._seconds += step.seconds
            return
        call = self._call(session, step)
        if call is None:
            return
        self._moment += 1
        future = self.sessions[session].send(call)
        self.under_way[session] = Sent(step, future, self._moment)
        for ended in self._settle():
            self._end(ended)

    def _call(self, session: int, step: Step) -> Call | None:
        """What to do for a step; None for one that is not possible here."""
        status = self.sessions[session].connection.info.transaction_status
        is_open = status != TransactionStatus.IDLE
        if isinstance(step, Control):
            # BEGIN is for those that are in no transaction, and its ends for others.
            return None if is_open == isinstance(step, Begin) else _control(step)
        is_failed = status == TransactionStatus.INERROR
        return None if is_failed else self._operation(session, step)

    def _operation(self, session: int, step: Operation) -> Call | None:
        self._number += 1
        turn = Turn(session, self._now(), self._number, self.known)
        if isinstance(step, QueueStep):
            return queue_calls.prepare(step, turn)
        return calls.prepare(step, turn)

    def _now(self) -> datetime:
        # No two steps are taken at the same time.
        return START + timedelta(seconds=self._seconds, milliseconds=self._number)

    def _settle(self) -> list[int]:
        """Wait until all that goes on waits for who does nothing; return who ended."""
        while True:
            busy = [n for n, sent in self.under_way.items() if not sent.future.done()]
            if not busy:
                break
            wait([self.under_way[n].future for n in busy], timeout=_PATIENCE)
            busy = [n for n in busy if not self.under_way[n].future.done()]
            if busy and self._all_wait(busy):
                break
        return sorted(n for n, sent in self.under_way.items() if sent.future.done())

    def _all_wait(self, busy: list[int]) -> bool:
        """Whether each waits in the end for a session with an idle transaction."""
        pids = {self.sessions[n].pid for n in busy}
        idle = {session.pid for session in self.sessions} - pids
        rows = self.watcher.execute(_BLOCKED, (sorted(pids),)).fetchall()
        waits: set[int] = set()
        # A circle reaches no idle session: the server will end it.
        for _ in rows:
            waits |= {pid for pid, by in rows if (idle | waits).intersection(by)}
        return waits == pids and not any(self.under_way[n].future.done() for n in busy)

    def _end(self, session: int) -> None:
        sent = self.under_way.pop(session)
        self._moment += 1
        event = _event(session, sent, self._moment)
        self._note_texts(session, event)
        if isinstance(sent.step, Begin):
            opened = Transaction(session, sent.step.isolation)
            self.transactions.append(opened)
            self._open[session] = opened
        elif isinstance(sent.step, (Commit, Rollback)):
            self._close(session, event)
        else:
            self._add(session, event)
        if session not in self._open:
            self.known.free.pop(session, None)

    def _note_texts(self, session: int, event: Event) -> None:
        connection = self.sessions[session].connection
        texts = tuple(connection.texts or ())
        if connection.texts is not None:
            connection.texts = []
        self.events.append(replace(event, texts=texts))

    def _close(self, session: int, event: Event) -> None:
        closed = self._open.pop(session)
        is_whole = not any(one.error for one in closed.events)
        closed.committed = (
            isinstance(event.step, Commit) and is_whole and event.error is None
        )
        closed.ending = (event.sent, event.done)

    def _add(self, session: int, event: Event) -> None:
        transaction = self._open.get(session)
        if transaction is None:
            ending = (event.sent, event.done)
            committed = event.error is None
            transaction = Transaction(session, None, [], committed, ending)
            self.transactions.append(transaction)
        transaction.events.append(event)
        if event.answer.learn:
            event.answer.learn()


def _event(session: int, sent: Sent, moment: int) -> Event:
    error = sent.future.exception()
    if error is None:
        answer = sent.future.result()
        return Event(session, sent.step, answer, sent.moment, moment)
    if not isinstance(error, psycopg.Error):
        raise error
    return Event(
        session,
        sent.step,
        Answer(""),
        sent.moment,
        moment,
        error.sqlstate or "?????",
        str(error),
    )
