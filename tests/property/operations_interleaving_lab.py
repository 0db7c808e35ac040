"""A database in which programs of several sessions run, are observed and judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy
from operations_interleaving_histories import History
from operations_interleaving_language import Program
from operations_interleaving_laws import Broken, broken_laws
from operations_interleaving_script import RecordingCursor, render_script
from operations_interleaving_sessions import Database, Run, Session
from operations_interleaving_tables import Things, prepare_tables, read_things

import datalayer.runtime.sync

SESSIONS = 3


class LawsBroken(AssertionError):
    """A program breaks laws; the text is the program as a script."""

    def __init__(self, broken: list[Broken], script: str) -> None:
        super().__init__(f"{', '.join(one.law for one in broken)}\n\n{script}")
        self.broken = broken
        self.script = script


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a program, and what is wrong with it."""

    run: Run
    history: History
    broken: list[Broken]

    @property
    def waits(self) -> int:
        return sum(event.waited for event in self.run.events)

    @property
    def errors(self) -> list[str]:
        return [event.error for event in self.run.events if event.error]


@dataclass
class Lab:
    """A migrated database with some sessions."""

    sessions: tuple[Session, ...]
    control: psycopg.Connection[Any]

    def insist(self, program: Program) -> Trial:
        """Run a program; raise an error with it as a script if it breaks laws."""
        trial = self.judge(program)
        if trial.broken:
            raise LawsBroken(trial.broken, self.script(program))
        return trial

    def insist_on_all(
        self,
        programs: SearchStrategy[Program],
        examples: int,
        *,
        derandomize: bool = False,
    ) -> None:
        """Try programs; raise an error with the smallest found that breaks laws."""

        @settings(max_examples=examples, derandomize=derandomize)
        @given(program=programs)
        def insist(program: Program) -> None:
            self.insist(program)

        insist()

    def script(self, program: Program) -> str:
        """The program for psql, with what it was answered here."""
        for session in self.sessions:
            session.connection.texts = []
        try:
            trial = self.judge(program)
        finally:
            for session in self.sessions:
                session.connection.texts = None
        return render_script(program, trial.run.events, trial.broken)

    def judge(self, program: Program) -> Trial:
        known = prepare_tables(self.control, program.jobs)
        before = read_things(self.control)
        run = Run(self.sessions, self.control, known)
        try:
            run.run(program.steps)
        finally:
            for number, session in enumerate(self.sessions):
                sent = run.under_way.get(number)
                session.tidy(sent.future if sent else None)
        after = read_things(self.control)
        history = History(
            run.transactions,
            before,
            after,
            (_job_ids(before), _job_ids(after)),
            {
                table: (_rows(before, kind), _rows(after, kind))
                for table, kind in _KINDS
            },
        )
        return Trial(run, history, broken_laws(history))


_KINDS = (("approvals", "approval"), ("idempotency", "request"), ("nonces", "nonce"))


def _rows(things: Things, kind: str) -> int:
    return sum(1 for thing in things if thing[0] == kind)


def _job_ids(things: Things) -> frozenset[int]:
    return frozenset(
        job.id for thing, jobs in things.items() if thing[0] == "jobs" for job in jobs
    )


@contextmanager
def open_lab(url: str) -> Iterator[Lab]:
    """Open the sessions of a database that the migrations have built."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(datalayer.runtime.sync, "RawCursor", RecordingCursor)
        sessions = []
        for _ in range(SESSIONS):
            connection = Database.connect(url, autocommit=True)
            connection.execute("SET deadlock_timeout = '20ms'; SET TimeZone = 'UTC'")
            sessions.append(Session(connection))
            stack.callback(sessions[-1].close)
        control = psycopg.connect(url, autocommit=True)
        stack.enter_context(control)
        control.execute("SET TimeZone = 'UTC'")
        yield Lab(tuple(sessions), control)
