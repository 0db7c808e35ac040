"""A database in which programs run, are observed and judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from history_language import Program, Settings
from history_laws import SETTINGS_LAW, WRITING_LAW, Broken, broken_laws
from history_model import Recorded, RowId, State
from history_reading import HistoryRow, Observation
from history_rendering import render_settings
from history_sessions import Completed, Run, ServerSession, Unexpected
from history_tables import TABLES, Kind, Table

#: What sessions are set to between programs.
PLAIN = Settings(
    (
        ("session_replication_role", "origin"),
        ("timezone", "'UTC'"),
        ("datestyle", "'ISO, MDY'"),
        ("intervalstyle", "'postgres'"),
        ("search_path", "public"),
        ("standard_conforming_strings", "on"),
        ("transform_null_equals", "off"),
        ("extra_float_digits", "1"),
        ("client_min_messages", "error"),
    ),
    as_writer=False,
)

#: A role that may write the tables, and things that are called like ours.
PREPARATION = """
DO $do$BEGIN
    CREATE ROLE history_writer;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END$do$;
GRANT SELECT, INSERT, UPDATE, DELETE
ON public.execution, public.worker TO history_writer;
CREATE SCHEMA decoy;
GRANT USAGE ON SCHEMA decoy TO history_writer;
CREATE TABLE decoy.execution (LIKE public.execution);
CREATE TABLE decoy.worker (LIKE public.worker);
CREATE TABLE decoy.execution_history (LIKE public.execution_history);
CREATE TABLE decoy.worker_history (LIKE public.worker_history);
CREATE FUNCTION decoy._jsonb_digest_summary(jsonb) RETURNS jsonb
LANGUAGE sql AS $$ SELECT '{"decoy": true}'::jsonb $$;
CREATE FUNCTION decoy._jsonb_history_value(jsonb) RETURNS jsonb
LANGUAGE sql AS $$ SELECT '{"decoy": true}'::jsonb $$;
CREATE FUNCTION decoy.jsonb_build_object(text, bigint) RETURNS jsonb
LANGUAGE sql AS $$ SELECT '{"decoy": true}'::jsonb $$;
CREATE FUNCTION decoy.appended(text[], text) RETURNS text[]
LANGUAGE sql AS $$ SELECT '{decoy}'::text[] $$;
CREATE OPERATOR decoy.|| (
    FUNCTION = decoy.appended, LEFTARG = text[], RIGHTARG = text
);
"""
#: The same for each session: what is temporary comes before everything else.
SESSION_PREPARATION = """
CREATE TEMP TABLE execution_history (LIKE public.execution_history);
CREATE TEMP TABLE worker_history (LIKE public.worker_history);
GRANT ALL ON pg_temp.execution_history, pg_temp.worker_history TO history_writer;
"""

#: What moves rows and changes none, by whether the profile is timescaledb.
TIDY = {
    False: "SELECT * FROM public.datalayer_maintain()",
    True: """
        SELECT public.compress_chunk(chunk, if_not_compressed => TRUE)
        FROM (
            SELECT public.show_chunks('public.execution') AS chunk
            UNION ALL SELECT public.show_chunks('public.execution_history')
            UNION ALL SELECT public.show_chunks('public.worker_history')
        ) AS every
    """,
}


class LawsBroken(AssertionError):
    """A program breaks laws; the text is the program as a script."""

    def __init__(self, broken: list[Broken], script: str) -> None:
        super().__init__(f"{', '.join(one.law for one in broken)}\n\n{script}")
        self.broken = broken
        self.script = script


@dataclass
class Lab:
    """A migrated database with two sessions, or one where the server has no more."""

    sessions: tuple[ServerSession, ...]
    watcher: psycopg.Connection[Any] | None
    timescaledb: bool
    #: How the reader of history sorts; anything but seq is a mistake.
    reading_order: str = "seq"
    base: int = 0

    @property
    def control(self) -> psycopg.Connection[Any]:
        return self.sessions[0].connection

    def judge(self, program: Program) -> list[Broken]:
        """Run a program under both its settings, and say which laws it breaks."""
        first, broken = self._judge_run(program, program.settings)
        if broken:
            return broken
        second, broken = self._judge_run(program, program.other_settings)
        if not broken and first != second:
            differing = sorted(set(first) ^ set(second))
            broken = [Broken(SETTINGS_LAW, "\n".join(differing)[:2000])]
        return broken

    def _judge_run(
        self, program: Program, settings: tuple[Settings, Settings]
    ) -> tuple[list[str], list[Broken]]:
        self.base += 10
        self._clean_tables()
        watcher = self.watcher if program.sessions > 1 else None

        def tidy() -> None:
            self._set((PLAIN,))
            self.control.execute(TIDY[self.timescaledb])
            self._set(settings[:1])

        run = Run(self.sessions, watcher, self.base, tidy)
        try:
            self._set(settings)
            run.run(program.steps)
        except Unexpected as error:
            return [], [_unexpected(error.completed)]
        finally:
            self._clean_sessions()
        observation = self.observe()
        if observation.live != run.model.rows:
            for k in set(observation.live) | set(run.model.rows):
                print(
                    "DIFF",
                    k,
                    [
                        (
                            c,
                            (observation.live.get(k) or {}).get(c),
                            (run.model.rows.get(k) or {}).get(c),
                        )
                        for c in (observation.live.get(k) or run.model.rows.get(k))
                        if (observation.live.get(k) or {}).get(c)
                        != (run.model.rows.get(k) or {}).get(c)
                    ],
                )
            for c in run.completed:
                print("   ", c)
        assert observation.live == run.model.rows, "the model is wrong"
        return _bytes(observation), broken_laws(observation, run.model)

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
    law = WRITING_LAW if denied else "the language: a statement fails when it should"
    return Broken(law, f"{completed.statement}: {completed.message}")


def _bytes(observation: Observation) -> list[str]:
    """All that settings could change, for each row in the order of its versions."""
    return sorted(
        f"{name} {row.recorded.key} {place}: {row.recorded}"
        for name, rows in observation.history.items()
        for place, row in enumerate(
            sorted(rows, key=lambda row: (row.recorded.key, row.seq))
        )
    )


@contextmanager
def open_lab(
    url: str, *, timescaledb: bool = False, alone: bool = False
) -> Iterator[Lab]:
    """Open the sessions of a database that the migrations have built."""
    with ExitStack() as stack:

        def connect() -> psycopg.Connection[Any]:
            opened = psycopg.connect(
                url, autocommit=True, options="-c client_min_messages=error"
            )
            return stack.enter_context(opened)

        sessions = tuple(ServerSession(connect()) for _ in range(1 if alone else 2))
        sessions[0].connection.execute(render_settings(PLAIN))
        sessions[0].connection.execute(PREPARATION)
        for session in sessions:
            session.connection.execute(SESSION_PREPARATION)
        yield Lab(sessions, None if alone else connect(), timescaledb)


def without_replication_role(settings: Settings) -> Settings:
    """For hypertables, whose triggers cannot be made to fire always."""
    kept = (pair for pair in settings.values if pair[0] != "session_replication_role")
    return replace(settings, values=tuple(kept))
