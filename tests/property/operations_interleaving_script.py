"""A program of several sessions as a script for psql."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from operations_interleaving_histories import Event, Text
from operations_interleaving_language import Control, Program
from operations_interleaving_laws import Broken, readable
from operations_interleaving_sessions import Database, control_text
from operations_interleaving_tables import starting_statements
from psycopg import RawCursor
from psycopg.sql import Literal

_NAMES = ("first", "second", "third")


class RecordingCursor(RawCursor[Any]):
    """A cursor that tells its connection what it sends, if that wants to know."""

    def execute(  # type: ignore[override] # the parameters are those of queries
        self, query: str, params: Sequence[object] = (), **options: bool | None
    ) -> RecordingCursor:
        connection = self.connection
        texts = connection.texts if isinstance(connection, Database) else None
        if texts is None:
            super().execute(query, params, **options)
            return self
        literals = [Literal(one).as_string(connection) for one in params]
        filled = re.sub(r"\$(\d+)", lambda m: literals[int(m[1]) - 1], query)
        texts.append(Text(filled, ()))
        super().execute(query, params, **options)
        columns = [f"{one.name} {one.type_display}" for one in self.description or ()]
        texts[-1] = Text(filled, tuple(columns))
        return self


def render_script(program: Program, events: list[Event], broken: list[Broken]) -> str:
    """What psql repeats, with what each statement returned here."""
    shown = [f"{one.law}:\n{one.shown_by}" for one in broken]
    used = sorted({session for session, _ in program.steps})
    parts = [
        *(f"-- {line}" for text in shown for line in text.splitlines()),
        *(f"-- {_NAMES[session]}: {step}" for session, step in program.steps),
        '-- In a new database with all migrations: psql -X -f this.sql "$DATABASE_URL"',
        "\\set ON_ERROR_STOP on",
        "SET TimeZone = 'UTC';",
        "CREATE EXTENSION IF NOT EXISTS dblink;",
        *starting_statements(program.jobs),
        *map(_connect, used),
        "\\set ON_ERROR_STOP off",
        *(text for _, text in sorted(line for one in events for line in _moments(one))),
        *(f"SELECT dblink_disconnect('{_NAMES[session]}');" for session in used),
    ]
    return "\n".join(parts) + "\n"


def _connect(session: int) -> str:
    return (
        f"SELECT dblink_connect('{_NAMES[session]}', format('dbname=%L host=%L port=%L "
        "user=%L', :'DBNAME', :'HOST', :'PORT', :'USER'));"
    )


def _moments(event: Event) -> Iterator[tuple[int, str]]:
    """What to do when a statement begins, and when it ends."""
    name, text = _NAMES[event.session], _text(event)
    returned = _returned(event)
    if not event.waited:
        yield event.sent, f"{_call(name, text)}\n{returned}"
        return
    yield (
        event.sent,
        f"-- The {name} session waits.\n"
        f"SELECT dblink_send_query('{name}', $step${text.sql}$step$);\n"
        "SELECT pg_sleep(0.2);",
    )
    result = f"FROM dblink_get_result('{name}', FALSE) AS answer ({_columns(text)});"
    yield (
        event.done,
        f"-- The {name} session goes on.\nSELECT * {result}\nSELECT * {result}\n"
        f"{returned}",
    )


def _text(event: Event) -> Text:
    return event.texts[-1] if event.texts else Text(control_text(event.step), ())


def _columns(text: Text) -> str:
    return ", ".join(text.columns) or "status text"


def _call(name: str, text: Text) -> str:
    if not text.columns:
        return f"SELECT dblink_exec('{name}', $step${text.sql}$step$, FALSE);"
    return (
        f"SELECT * FROM dblink('{name}', $step${text.sql}$step$, FALSE)\n"
        f"    AS answer ({_columns(text)});"
    )


def _returned(event: Event) -> str:
    if event.error:
        return f"-- It failed: {event.message.splitlines()[0]}\n"
    if isinstance(event.step, Control):
        return ""
    said = " and ".join(part.text for part in event.answer.parts)
    return f"-- It returned {said or readable(event.answer.shown)}.\n"
