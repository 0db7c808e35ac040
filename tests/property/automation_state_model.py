"""What an execution was at each moment, told without its history.

A life of an entity is a list of steps, each at the time of its transaction. Times may
go back, as they do where transactions overlap. The model keeps a snapshot after each
step, and so needs no fold.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import psycopg
from hypothesis import strategies as st

from datalayer.queries.automation.execution_history import (
    GET_EXECUTION_STATE,
    ExecutionState,
)
from datalayer.runtime import JsonValue, Query, fetch_optional, int8, timestamptz

Connection = psycopg.Connection[Any]
Fields: TypeAlias = dict[str, JsonValue]

START = datetime(2026, 3, 1, tzinfo=UTC)
ALWAYS = ("status", "executor", "action_ref")
UNSET: Fields = {"env_vars": None, "result": None, "workflow_task": None}


@dataclass(frozen=True)
class Row:
    """A row of history, and what the entity was after it."""

    time: int
    operation: str
    old_values: Fields | None
    new_values: Fields | None
    after: Fields | None


@dataclass(frozen=True)
class Life:
    """All that was recorded of an entity, and how many rows retention has taken."""

    rows: tuple[Row, ...]
    dropped: int

    @property
    def kept(self) -> tuple[Row, ...]:
        """The rows that are still there."""
        return self.rows[self.dropped :]

    def moments(self) -> list[int]:
        """Return the times of all rows, and those just before and after."""
        return sorted({row.time + step for row in self.rows for step in (-1, 0, 1)})

    def expected(self, moment: int) -> tuple[Fields, bool] | None:
        """Return what should be known of the entity, and whether that is all."""
        kept = self.kept
        if not kept:
            return None
        past = next((n for n, row in enumerate(kept) if row.time > moment), len(kept))
        place = self.dropped + past
        state = self.rows[place - 1].after if place else None
        if state is None:
            return None
        born = max(
            n for n, row in enumerate(self.rows[:place]) if row.operation == "INSERT"
        )
        if born >= self.dropped:
            return state, True
        return {n: state[n] for n in state if n in self._told(place)}, False

    def _told(self, place: int) -> set[str]:
        """Return the fields of which rows of one life tell that are kept."""
        told: set[str] = set()
        for number, row in enumerate(self.rows):
            if row.operation != "UPDATE" and number >= place:
                break
            if row.operation == "INSERT":
                told = set()
            if row.operation == "UPDATE" and number >= self.dropped:
                told |= set(row.new_values or {})
        return told


values: dict[str, st.SearchStrategy[JsonValue]] = {
    "status": st.sampled_from(["requested", "running", "failed"]),
    "executor": st.none() | st.integers(1, 3),
    "env_vars": st.sampled_from([None, {}, {"$json": None}, {"a": 1}, {"a": 1.0}]),
    "workflow_task": st.sampled_from([None, {"$json": None}, [], {"b": [True, 1]}]),
    "result": st.sampled_from([None, {"digest": "md5:a", "size": 1, "type": "null"}]),
}


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Draw lives with births, changes, deaths and rebirths, in any order of times."""
    state: Fields | None = None
    rows: list[Row] = []
    time = 10
    for _ in range(draw(st.integers(1, 9))):
        time = max(1, time + draw(st.integers(-3, 6)))
        row = _draw_row(draw, time, state)
        state = row.after
        rows.append(row)
    return Life(tuple(rows), draw(st.integers(0, len(rows)) | st.just(0)))


def _draw_row(draw: st.DrawFn, time: int, state: Fields | None) -> Row:
    if state is None:
        born = {name: draw(value) for name, value in values.items()}
        born["action_ref"] = "core.echo"
        recorded = {n: v for n, v in born.items() if n in ALWAYS or v is not None}
        return Row(time, "INSERT", None, recorded, born)
    if draw(st.integers(0, 5)) == 0:
        return Row(time, "DELETE", None, None, None)
    changed = draw(st.sets(st.sampled_from(sorted(values)), min_size=1, max_size=3))
    new = {name: draw(values[name]) for name in sorted(changed)}
    new = {n: v for n, v in new.items() if exact(v) != exact(state[n])}
    if not new:
        other = "running" if state["status"] != "running" else "failed"
        new = {"status": other}
    old = {name: state[name] for name in new}
    return Row(time, "UPDATE", old, new, {**state, **new})


def exact(value: object) -> str:
    """Return a text that is the same for what is the same, 1 and 1.0 kept apart."""
    return json.dumps(value, sort_keys=True)


def moment_of(time: int) -> datetime:
    """Return the moment of a time of the model."""
    return START + timedelta(minutes=time)


def store(connection: Connection, entity_id: int, life: Life) -> None:
    """Write the rows that are kept into the history, as its owner may."""
    with connection.cursor() as cursor:
        for row in life.kept:
            cursor.execute(
                "INSERT INTO execution_history (time, operation, entity_id,"
                " entity_ref, changed_fields, old_values, new_values)"
                " VALUES (%s, %s, %s, 'core.echo', %s, %s, %s)",
                (
                    moment_of(row.time),
                    row.operation,
                    entity_id,
                    sorted(row.old_values or {}),
                    row.old_values and json.dumps(row.old_values),
                    row.new_values and json.dumps(row.new_values),
                ),
            )


def check_states(
    connection: Connection, life: Life, query: Query[ExecutionState]
) -> None:
    """Compare the query with the model at every moment that matters."""
    with connection.transaction(force_rollback=True):
        store(connection, 7, life)
        for moment in life.moments():
            parameters = (timestamptz(moment_of(moment)), int8(7))
            found = fetch_optional(connection, query, parameters)
            expected = life.expected(moment)
            shown = found and (found.known_fields, found.is_complete)
            assert exact(shown) == exact(expected), (life.kept, moment)


@dataclass(frozen=True)
class Mutant:
    """A wrong way to ask for a state."""

    name: str
    change: Callable[[str], str]

    @property
    def query(self) -> Query[ExecutionState]:
        """The query, changed."""
        changed: Any = self.change(GET_EXECUTION_STATE.sql)
        assert changed != GET_EXECUTION_STATE.sql, "the mutant changes nothing"
        return replace(GET_EXECUTION_STATE, sql=changed)


def replacing(name: str, old: str, new: str) -> Mutant:
    """Return a mutant that has another text in one place."""
    return Mutant(name, lambda sql: sql.replace(old, new))


MUTANTS = [
    replacing("each-time-alone", "max(time) OVER so_far <=", "time <="),
    replacing("before-not-until", "OVER so_far <=", "OVER so_far <"),
    replacing("fold-by-time", "(ORDER BY seq ROWS", "(ORDER BY time, seq ROWS"),
    replacing("deaths-ignored", "nearest.operation <> 'DELETE'", "TRUE"),
    replacing("births-ignored", "nearest.operation <> 'INSERT'", "TRUE"),
    replacing("one-life", "ON nearest.life = change.life", "ON TRUE"),
    replacing("oldest-change-wins", "THEN -told.seq", "THEN told.seq"),
    replacing("last-old-value-wins", "ELSE told.seq END", "ELSE -told.seq END"),
    replacing("nothing-filled-in", "ELSE change.old_values END", "END"),
    replacing("absent-stays-absent", '"result": null', '"ignored": null'),
    replacing("always-complete", "bool_or(operation = 'INSERT')", "bool_or(TRUE)"),
]
