"""Every row that stays as it is, is on one page, while others come, change and go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import psycopg
from hypothesis import strategies as st
from paging_project import MOODS, ORDERS

#: A row without its id: rank, title and mood, with many ties.
Entry = tuple[int, str, str]
#: Returns a page of entries: `(limit, cursor)`.
ReadPage = Callable[[int, str | None], Any]

_ENTRIES: st.SearchStrategy[Entry] = st.tuples(
    st.integers(0, 2), st.sampled_from(["", "a", "b"]), st.sampled_from(MOODS)
)
#: Ids of rows that stay are even.
_ODD = st.integers(0, 12).map(lambda number: 2 * number + 1)
#: Deletes a row, or stores or changes it.
_CHANGES = st.tuples(_ODD, st.none() | _ENTRIES)


@dataclass(frozen=True)
class Reading:
    """What is stored, in which order it is read, and what happens meanwhile."""

    staying: list[Entry]
    passing: dict[int, Entry]
    order: str
    #: The sizes of the pages, one after the other, and what changes behind each.
    limits: list[int]
    changes: list[list[tuple[int, Entry | None]]] = field(default_factory=list)

    def rows(self) -> dict[int, Entry]:
        """Return the rows that are stored at first, by their ids."""
        return self.stable() | self.passing

    def stable(self) -> dict[int, Entry]:
        """Return the rows that nobody touches."""
        return {2 * number: entry for number, entry in enumerate(self.staying)}


def readings() -> st.SearchStrategy[Reading]:
    return st.builds(
        Reading,
        st.lists(_ENTRIES, max_size=10),
        st.dictionaries(_ODD, _ENTRIES, max_size=6),
        st.sampled_from(sorted(ORDERS)),
        st.lists(st.integers(1, 4), min_size=1, max_size=4),
        st.lists(st.lists(_CHANGES, max_size=4), max_size=6),
    )


def store(connection: psycopg.Connection[Any], rows: dict[int, Entry]) -> None:
    """Replace all rows."""
    connection.execute("DELETE FROM entry")
    for number, entry in rows.items():
        change(connection, number, entry)


def change(
    connection: psycopg.Connection[Any], number: int, entry: Entry | None
) -> None:
    """Delete a row, or store it as it shall be."""
    connection.execute("DELETE FROM entry WHERE id = %s", (number,))
    if entry is not None:
        connection.execute(
            "INSERT INTO entry (id, rank, title, mood) VALUES (%s, %s, %s, %s)",
            (number, *entry),
        )


def check_reading(
    connection: psycopg.Connection[Any], reading: Reading, read_page: ReadPage
) -> None:
    """Read all pages; fail unless they show each stable row once, and in order."""
    store(connection, reading.rows())
    shown: list[Any] = []
    cursor, number = None, 0
    while True:
        limit = reading.limits[number % len(reading.limits)]
        page = read_page(limit, cursor)
        assert len(page.items) <= limit
        assert page.next is None or len(page.items) == limit
        shown += page.items
        assert len(shown) < 200, "the pages have no end"
        if page.next is None:
            break
        for each in reading.changes[number : number + 1]:
            for id_, entry in each:
                change(connection, id_, entry)
        cursor, number = page.next, number + 1

    stable = reading.stable()
    assert sorted(each.id for each in shown if each.id in stable) == sorted(stable)
    keys = [sort_key(each, ORDERS[reading.order]) for each in shown]
    assert all(first < second for first, second in pairwise(keys))
    for each in shown:
        if each.id in stable:
            assert (each.rank, each.title, each.mood) == stable[each.id]


def sort_key(row: Any, names: tuple[str, ...]) -> tuple[_Key, ...]:  # noqa: ANN401 - generated
    """Return what a row is sorted by."""
    return tuple(
        _Key(_value(row, name.removeprefix("-")), descending=name.startswith("-"))
        for name in names
    )


@dataclass(frozen=True)
class _Key:
    value: Any
    descending: bool

    def __lt__(self, other: _Key) -> bool:
        if self.descending:
            return bool(other.value < self.value)
        return bool(self.value < other.value)


def _value(row: Any, name: str) -> object:  # noqa: ANN401 - generated
    value = getattr(row, name)
    return MOODS.index(value) if name == "mood" else value
