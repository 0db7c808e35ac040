"""Uses of many rows in and out that a type checker must accept, and understand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

import psycopg
from cases.many_rows import entry
from cases.many_rows.aio import entry as aio_entry
from cases.many_rows.enums import Kind
from psycopg.rows import TupleRow


def many_in(connection: psycopg.Connection[TupleRow]) -> None:
    """Items are parameters or rows that fit, in any iterable."""
    given = (entry.RelabelParameters(entry_id=n, label="a") for n in range(3))
    assert_type(entry.relabel(connection, given), list[entry.Note | None])
    notes = entry.list_notes(connection)
    assert_type(entry.relabel(connection, notes), list[entry.Note | None])
    made = [entry.CreateNotesParameters(label="a", kind=Kind.TASK)]
    assert_type(entry.create_notes(connection, made), list[entry.Note])
    weights = (entry.CreateWeightsParameters(label="a", weight=n) for n in range(3))
    assert_type(entry.create_weights(connection, weights), int)


def many_out(connection: psycopg.Connection[TupleRow]) -> None:
    """A stream gives rows, a map has keys."""
    with entry.iterate_notes(connection, order="label") as notes:
        assert_type(notes, Iterator[entry.Note])
        assert_type(next(notes).label, str)
    by_id = entry.map_entries(connection)
    assert_type(by_id, dict[int, entry.MapEntriesRow])
    assert_type(by_id[1].kind, Kind)
    assert_type(entry.map_labels(connection), dict[str, entry.Note])
    assert_type(entry.map_first_entries(connection), dict[str, int])
    assert_type(entry.map_kinds(connection), dict[int, list[int | None] | None])


async def twins(connection: psycopg.AsyncConnection[Any]) -> None:
    """Items may come by and by."""

    async def given() -> AsyncIterator[aio_entry.RelabelParameters]:
        yield aio_entry.RelabelParameters(entry_id=1, label="a")

    found = await aio_entry.relabel(connection, given())
    assert_type(found, list[entry.Note | None])
    async with aio_entry.iterate_notes(connection) as notes:
        assert_type([note.label async for note in notes], list[str])
    assert_type(await aio_entry.map_labels(connection), dict[str, entry.Note])
    assert_type(await aio_entry.map_first_entries(connection), dict[str, int])
