"""A program as a script for psql that checks itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator

from history_columns import TABLES, Table
from history_language import Copy, Program, Settings, Tidy
from history_laws import Broken
from history_model import Model
from history_preparation import PLAIN, PREPARATION, SESSION_PREPARATION
from history_reading import expected_rows
from history_rendering import copy_data, render, render_settings
from history_sessions import Completed, Run
from history_values import quote

_NAMES = ("first", "second")
#: Texts that are longer are compared by digest.
_LONG = 1000


def render_script(
    program: Program,
    settings: tuple[Settings, Settings],
    run: Run,
    broken: Iterable[Broken],
    *,
    tidy: str,
) -> str:
    """What psql repeats, with a check at the end of what history says."""
    shown = [f"{one.law}: {one.shown_by}" for one in broken]
    body = (
        _together(run.completed, settings)
        if program.sessions > 1
        else _alone(run.completed, settings[0], tidy)
    )
    parts = [
        *(f"-- {line}" for text in shown for line in text.splitlines()),
        '-- In a new database with all migrations: psql -X -f this.sql "$DATABASE_URL"',
        "\\set ON_ERROR_STOP on",
        f"{render_settings(PLAIN)};",
        PREPARATION,
        *body,
        "-- Rows of history that are not what they should be.",
        "\\set ON_ERROR_STOP on",
        f"{render_settings(PLAIN)};",
        *(_check(table, run.model) for table in TABLES),
    ]
    return "\n".join(parts) + "\n"


def _alone(events: list[Completed], settings: Settings, tidy: str) -> Iterator[str]:
    chosen = f"{render_settings(settings)};"
    yield f"{SESSION_PREPARATION}\n{chosen}\n\\set ON_ERROR_STOP off"
    for event in events:
        if isinstance(event.statement, Tidy):
            yield f"{render_settings(PLAIN)};\n{tidy};\n{chosen}"
            continue
        # One message is one transaction, as it was run.
        yield render(event.statement, 0).replace(";\nSELECT", "\\;\nSELECT") + ";"
        if isinstance(event.statement, Copy):
            yield copy_data(event.statement, 0) + "\\."
        if event.error:
            yield f"-- It failed: {event.message.splitlines()[0]}"


def _together(
    events: list[Completed], settings: tuple[Settings, Settings]
) -> Iterator[str]:
    yield "CREATE EXTENSION IF NOT EXISTS dblink;"
    for name, chosen in zip(_NAMES, settings, strict=True):
        yield (
            f"SELECT dblink_connect('{name}', format('dbname=%L host=%L port=%L "
            "user=%L', :'DBNAME', :'HOST', :'PORT', :'USER'));"
        )
        yield f"SELECT dblink_exec('{name}', $step${SESSION_PREPARATION}$step$);"
        yield f"SELECT dblink_exec('{name}', $step${render_settings(chosen)}$step$);"
    yield "\\set ON_ERROR_STOP off"
    for _, text in sorted(line for event in events for line in _moments(event)):
        yield text
    yield from (f"SELECT dblink_disconnect('{name}');" for name in _NAMES)


def _moments(event: Completed) -> Iterator[tuple[int, str]]:
    """What to do when a statement begins, and when it ends."""
    name, text = _NAMES[event.session], render(event.statement, 0)
    if event.error == "57014":
        text = "DO $do$BEGIN RAISE EXCEPTION 'both sessions would wait'; END$do$"
    if event.done == event.sent + 1:
        yield event.sent, f"SELECT dblink_exec('{name}', $step${text}$step$, FALSE);"
        return
    yield (
        event.sent,
        f"-- The {name} session waits for the other one.\n"
        + (
            f"SELECT dblink_send_query('{name}', $step${text}$step$);\n"
            "SELECT pg_sleep(0.2);"
        ),
    )
    result = f"SELECT * FROM dblink_get_result('{name}', FALSE) AS (status text);"
    yield event.done, f"-- The {name} session goes on.\n{result}\n{result}"


def _check(table: Table, model: Model) -> str:
    """Compare the history, row after row for each key, or fail."""
    versions = sorted(model.committed, key=lambda v: (v.key, v.statement))
    wanted = [
        json.dumps(
            [
                row.key,
                row.operation,
                row.reference,
                row.changed,
                _short(row.old),
                _short(row.new),
            ],
            ensure_ascii=False,
        )
        for row in expected_rows(versions, table)
    ]
    return _CHECK.format(
        history=table.history,
        long=_LONG,
        wanted=quote(f"[{','.join(wanted)}]"),
        name=table.name,
    )


def _short(text: str | None) -> str | None:
    """The text of old_values or new_values as the query below shows it."""
    if text is None or len(text) <= _LONG:
        return text
    return f"md5:{hashlib.md5(text.encode()).hexdigest()}"


_CHECK = """
CREATE TEMP VIEW said_{name} AS
SELECT
    row_number() OVER (ORDER BY entity_id, seq) AS place,
    jsonb_build_array(
        entity_id, operation, entity_ref, changed_fields, old_text, new_text
    ) AS said
FROM public.{history},
    LATERAL (
        SELECT
            CASE WHEN length(old_values::text) > {long}
                THEN 'md5:' || md5(old_values::text) ELSE old_values::text END,
            CASE WHEN length(new_values::text) > {long}
                THEN 'md5:' || md5(new_values::text) ELSE new_values::text END
    ) AS shown (old_text, new_text);
CREATE TEMP VIEW due_{name} AS
SELECT
    place,
    due
FROM jsonb_array_elements(
    {wanted}::jsonb
) WITH ORDINALITY AS due (due, place);
SELECT
    place,
    said,
    due
FROM said_{name} FULL JOIN due_{name} USING (place)
WHERE said IS DISTINCT FROM due
ORDER BY place;
DO $do$BEGIN
    IF EXISTS (
        SELECT FROM said_{name} FULL JOIN due_{name} USING (place)
        WHERE said IS DISTINCT FROM due
    ) THEN
        RAISE EXCEPTION '{history} is not what it should be';
    END IF;
END$do$;"""
