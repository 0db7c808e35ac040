"""A database in which programs run, are observed and judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from history_columns import TABLES, Kind, Table
from history_language import Program, Settings
from history_laws import (
    FAILING_LAW,
    MODEL_LAW,
    SETTINGS_LAW,
    WRITING_LAW,
    Broken,
    broken_laws,
)
from history_model import Recorded, RowId, State
from history_preparation import (
    PLAIN,
    PREPARATION,
    SESSION_PREPARATION,
    TIDY,
)
from history_reading import HistoryRow, Observation
from history_rendering import render_settings
from history_script import render_script
from history_sessions import Completed, Run, ServerSession, Unexpected
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy


class LawsBroken(AssertionError):
    """A program breaks laws; the text is the program as a script."""

    def __init__(self, broken: list[Broken], script: str) -> None:
        super().__init__(f"{', '.join(one.law for one in broken)}\n\n{script}")
        self.broken = broken
        self.script = script


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a program, and what is wrong with it."""

    settings: tuple[Settings, Settings]
    run: Run
    broken: list[Broken]
    #: All of its history that settings could change, if it came to its end.
    said: list[str] | None


@dataclass
class Lab:
    """A migrated database with two sessions, or one where the server has no more."""

    sessions: tuple[ServerSession, ...]
    watcher: psycopg.Connection[Any] | None
    #: Which Tidy it knows.
    kind: str
    #: How the reader of history sorts; anything but seq is a mistake.
    reading_order: str = "seq"
    base: int = 0

    @property
    def control(self) -> psycopg.Connection[Any]:
        return self.sessions[0].connection

    def insist(self, program: Program) -> None:
        """Raise an error with the program as a script if it breaks laws."""
        broken = self.judge(program)
        if broken:
            raise LawsBroken(broken, self.script(program))

    def insist_on_all(self, programs: SearchStrategy[Program], examples: int) -> None:
        """Try programs; raise an error with the smallest found that breaks laws."""

        @settings(max_examples=examples)
        @given(program=programs)
        def insist(program: Program) -> None:
            self.insist(program)

        insist()

    def judge(self, program: Program) -> list[Broken]:
        """Run a program under both its settings; return the laws that it breaks."""
        first = self._try(program, program.settings)
        second = self._try(program, program.other_settings)
        broken = {one.law: one for one in (*second.broken, *first.broken)}
        if first.said is not None and second.said is not None:
            differing = sorted(set(first.said) ^ set(second.said))
            if differing:
                shown = "\n".join(differing)[:2000]
                broken[SETTINGS_LAW] = Broken(SETTINGS_LAW, shown)
        return list(broken.values())

    def script(self, program: Program) -> str:
        """The program for psql, under the settings with which it fails."""
        trial = self._try(program, program.settings)
        if not trial.broken:
            trial = self._try(program, program.other_settings)
        return render_script(
            program,
            trial.settings,
            trial.run,
            trial.broken,
            tidy=TIDY[self.kind],
        )

    def _try(self, program: Program, settings: tuple[Settings, Settings]) -> Trial:
        self.base += 10
        self._clean_tables()

        def tidy() -> None:
            self._set((PLAIN,))
            self.control.execute(TIDY[self.kind])
            self._set(settings[:1])

        watcher = self.watcher if program.sessions > 1 else None
        run = Run(self.sessions, watcher, self.base, tidy, self.kind != "native")
        try:
            self._set(settings)
            run.run(program.steps)
        except Unexpected as error:
            return Trial(settings, run, [_unexpected(error.completed)], None)
        finally:
            self._clean_sessions()
        observation = self.observe()
        broken = broken_laws(observation, run.model)
        if observation.live != run.model.rows:
            broken.append(Broken(MODEL_LAW, f"{observation.live}, {run.model.rows}"))
        return Trial(settings, run, broken, _said(observation))

    def _set(self, settings: tuple[Settings, ...]) -> None:
        for session, chosen in zip(self.sessions, settings, strict=False):
            session.connection.execute(render_settings(chosen))

    def _clean_sessions(self) -> None:
        for session in self.sessions:
            if session.raw.is_busy():
                session.cancel()
            session.outcome()
            session.connection.rollback()
            session.connection.execute(render_settings(PLAIN))

    def _clean_tables(self) -> None:
        for table in TABLES:
            self.control.execute(f"DELETE FROM public.{table.name}")

    # What the tables hold.

    def observe(self) -> Observation:
        live: dict[RowId, State] = {}
        digests: dict[RowId, dict[str, str | None]] = {}
        for table in TABLES:
            for key, values, summed in self._live(table):
                live[table.name, key] = values
                digests[table.name, key] = summed
        history = {table.name: tuple(self._history(table)) for table in TABLES}
        return Observation(history, live, digests)

    def _live(
        self, table: Table
    ) -> Iterator[tuple[int, dict[str, str | None], dict[str, str | None]]]:
        digested = [c.name for c in table.tracked if c.kind is Kind.DIGEST]
        texts = [
            f"{c.name}::text" if c.sql_type == "jsonb" else f"to_json({c.name})::text"
            for c in table.columns
        ]
        texts += [f"public._jsonb_digest_summary({name})::text" for name in digested]
        names = [column.name for column in table.columns]
        for key, *values in self.control.execute(
            f"SELECT id, {', '.join(texts)} FROM public.{table.name}"
        ).fetchall():
            state = dict(zip(names, values, strict=False))
            yield (
                key - self.base,
                state,
                dict(zip(digested, values[len(names) :], strict=True)),
            )

    def _history(self, table: Table) -> Iterator[HistoryRow]:
        for (
            seq,
            txid,
            operation,
            key,
            reference,
            changed,
            old,
            new,
        ) in self.control.execute(
            "SELECT seq, txid::text, operation, entity_id, entity_ref,"
            " changed_fields, old_values::text, new_values::text"
            f" FROM public.{table.history}"
            " WHERE entity_id > %s AND entity_id < %s"
            f" ORDER BY {self.reading_order}",
            (self.base, self.base + 10),
        ).fetchall():
            said = Recorded(
                operation, key - self.base, reference, tuple(changed), old, new
            )
            yield HistoryRow(seq, txid, said)


def _unexpected(completed: Completed) -> Broken:
    denied = completed.error == "42501"
    law = WRITING_LAW if denied else FAILING_LAW
    return Broken(law, f"{completed.statement}: {completed.message}")


def _said(observation: Observation) -> list[str]:
    """All that settings could change, for each row in the order of its versions."""
    return sorted(
        f"{name} {row.recorded.key} {place}: {row.recorded}"
        for name, rows in observation.history.items()
        for place, row in enumerate(
            sorted(rows, key=lambda row: (row.recorded.key, row.seq))
        )
    )


@contextmanager
def open_lab(url: str, *, kind: str = "native") -> Iterator[Lab]:
    """Open the sessions of a database that the migrations have built."""
    alone = kind == "webassembly"
    with ExitStack() as stack:

        def connect() -> psycopg.Connection[Any]:
            # Nothing is prepared: what is planned depends on settings and on chunks.
            opened = psycopg.connect(
                url,
                autocommit=True,
                prepare_threshold=None,
                options="-c client_min_messages=error",
            )
            return stack.enter_context(opened)

        sessions = tuple(ServerSession(connect()) for _ in range(1 if alone else 2))
        sessions[0].connection.execute(render_settings(PLAIN))
        sessions[0].connection.execute(PREPARATION)
        for session in sessions:
            session.connection.execute(SESSION_PREPARATION)
        yield Lab(sessions, None if alone else connect(), kind)
