# Derived by scripts/async_to_sync.py from test_many_rows_aio.py; do not edit.
"""Many sets of parameters in, over a synchronous connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.pq import TransactionStatus

from datalayer.errors import ConstraintViolation, TooManyRowsError
from datalayer.runtime import Copying, Query, int4, item_position
from datalayer.runtime.sync import execute_many, fetch_each, fetch_each_optional

SCHEMA = """
CREATE TABLE item (
    id int CONSTRAINT item_pkey PRIMARY KEY,
    name text CHECK (name <> 'bad')
);
"""


class ItemTaken(ConstraintViolation):
    """A violation of `item_pkey`."""


@dataclass(slots=True)
class Item:
    id: int
    name: str | None


PIPELINED: Query[None] = Query(
    name="add",
    source="q.sql:1",
    sql="INSERT INTO item (id, name) VALUES ($1, $2)",
    raises=(("item_pkey", ItemTaken),),
    names=("id", "name"),
)
WAYS = {
    "pipeline": PIPELINED,
    "copy": replace(
        PIPELINED,
        copying=Copying(
            "COPY item (id, name) FROM STDIN (FORMAT binary)", ("int4", "text")
        ),
    ),
    "text-copy": replace(PIPELINED, copying=Copying("COPY item (id, name) FROM STDIN")),
    "unnest": replace(
        PIPELINED,
        unnesting="INSERT INTO item (id, name) SELECT i.a, i.b"
        " FROM unnest($1::int[], $2::text[]) WITH ORDINALITY AS i (a, b, n)"
        " ORDER BY i.n",
    ),
}
RETURNING = " RETURNING id, name"
every_way = pytest.mark.parametrize("query", WAYS.values(), ids=list(WAYS))


@pytest.fixture
def session(empty_database: str) -> Iterator[Connection[Any]]:
    connecting = Connection.connect(empty_database, autocommit=True)
    with connecting as connection:
        connection.execute(SCHEMA)
        yield connection


def items(numbers: Iterable[int]) -> Iterator[Item]:
    return (Item(number, f"n{number}") for number in numbers)


def values(item: Item) -> tuple[object, ...]:
    return (int4(item.id), item.name)


def stored(session: Connection[Any]) -> list[tuple[Any, ...]]:
    cursor = session.execute("SELECT id, name FROM item ORDER BY id")
    return cursor.fetchall()


@every_way
def test_many_items_are_stored(session: Connection[Any], query: Query[None]) -> None:
    assert execute_many(session, query, items(range(2501)), values) == 2501

    assert len(stored(session)) == 2501


class Counted(Item):
    """An item that tells how many there are at once."""

    now, most = 0, 0

    def __init__(self, id: int, name: str) -> None:
        super().__init__(id, name)
        Counted.now += 1
        Counted.most = max(Counted.most, Counted.now)

    def __del__(self) -> None:
        Counted.now -= 1


@pytest.mark.parametrize(
    ("name", "most"), [("n", 40), ("n" * 1000, 10)], ids=["small", "large"]
)
def test_a_batch_is_in_memory_at_once(
    session: Connection[Any],
    name: str,
    most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("datalayer.runtime.many.BATCH_SIZE", 10)
    monkeypatch.setattr("datalayer.runtime.many.SMALL_BATCH_SIZE", 40)
    monkeypatch.setattr(Counted, "most", 0)
    given = (Counted(number, name) for number in range(155))

    assert execute_many(session, WAYS["copy"], given, values) == 155
    # One more is made while the last one is still at hand.
    assert most <= Counted.most <= most + 1


@every_way
@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (Item(5000, "bad"), psycopg.errors.CheckViolation),
        (Item(2**40, None), psycopg.errors.NumericValueOutOfRange),
        (Item(5000, "\0"), psycopg.DataError),
        (Item("no", None), TypeError),  # type: ignore[arg-type]  # what it is about
    ],
    ids=["check", "range", "nul", "python"],
)
def test_a_bad_item_is_told_by_its_position(
    session: Connection[Any],
    query: Query[None],
    bad: Item,
    error: type[Exception],
) -> None:
    for position in (0, 999, 1000):
        given = [*items(range(1005))]
        given[position] = bad

        with pytest.raises(error) as caught:
            execute_many(session, query, given, values)

        assert item_position(caught.value) == position
        assert caught.value.__notes__ == [f"in query add (q.sql:1), item {position}"]
        assert stored(session) == []
        assert session.info.transaction_status == TransactionStatus.IDLE


@every_way
def test_a_violation_has_the_values_of_its_item(
    session: Connection[Any], query: Query[None]
) -> None:
    given = [*items(range(1500)), Item(7, "again")]

    with session.transaction():
        with pytest.raises(ItemTaken) as caught:
            execute_many(session, query, given, values)
        assert execute_many(session, query, items([7]), values) == 1

    assert caught.value.values == {"id": 7, "name": "again"}
    assert caught.value.position == item_position(caught.value) == 1500
    assert stored(session) == [(7, "n7")]


def test_the_first_bad_item_is_told(session: Connection[Any]) -> None:
    given: list[Any] = [Item(1, None), Item(1, None), object()]

    with pytest.raises(ItemTaken) as caught:
        execute_many(session, PIPELINED, given, values)

    assert caught.value.position == 1


@pytest.mark.parametrize("way", ["copy", "text-copy", "unnest"])
def test_what_is_refused_together_is_sent_item_by_item(
    session: Connection[Any], way: str
) -> None:
    session.execute("ALTER TABLE item RENAME COLUMN name TO label")
    query = replace(WAYS[way], sql="INSERT INTO item (id, label) VALUES ($1, $2)")

    assert execute_many(session, query, items(range(3)), values) == 3


def test_row_level_security_is_no_obstacle(
    session: Connection[Any],
) -> None:
    session.execute("ALTER TABLE item ENABLE ROW LEVEL SECURITY")
    session.execute("ALTER TABLE item FORCE ROW LEVEL SECURITY")
    session.execute("CREATE POLICY small ON item WITH CHECK (id < 10)")
    session.execute("GRANT ALL ON item TO PUBLIC")
    session.execute("CREATE ROLE many_rows_guest")
    try:
        session.execute("SET ROLE many_rows_guest")
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
            execute_many(session, WAYS["copy"], items([1, 2, 30]), values)
        assert execute_many(session, WAYS["copy"], items([1, 2]), values) == 2
    finally:
        session.execute("RESET ROLE; REVOKE ALL ON item FROM PUBLIC")
        session.execute("DROP ROLE many_rows_guest")

    assert item_position(caught.value) == 2


@every_way
def test_rows_come_back_in_the_order_of_the_items(
    session: Connection[Any], query: Query[Any]
) -> None:
    returning = replace(
        query,
        row=Item,
        sql=query.sql + RETURNING,
        copying=None,
        unnesting=query.unnesting and query.unnesting + RETURNING,
    )
    given = [*items([*range(2000, 0, -1), 4000, 3000])]

    assert fetch_each(session, returning, given, values) == given


def test_an_item_without_a_row_returns_none(
    session: Connection[Any],
) -> None:
    execute_many(session, PIPELINED, items([1, 3]), values)
    update: Query[Item] = Query(
        name="change",
        source="q.sql:2",
        row=Item,
        sql="UPDATE item SET name = $2 WHERE id = $1 RETURNING id, name",
    )

    found = fetch_each_optional(session, update, items([3, 2, 1]), values)

    assert found == [Item(3, "n3"), None, Item(1, "n1")]


def test_a_second_row_of_an_item_is_refused(
    session: Connection[Any],
) -> None:
    execute_many(session, PIPELINED, items(range(3)), values)
    delete: Query[Item] = Query(
        name="remove",
        source="q.sql:3",
        row=Item,
        sql="DELETE FROM item WHERE id <> $1 AND $2::text <> '' RETURNING id, name",
    )

    with pytest.raises(TooManyRowsError):
        fetch_each_optional(session, delete, items([9]), values)

    assert len(stored(session)) == 3


@every_way
def test_a_pipeline_of_the_callers_works(
    session: Connection[Any], query: Query[None]
) -> None:
    with session.pipeline():
        assert execute_many(session, query, items(range(3)), values) == 3
        with pytest.raises(ItemTaken) as caught:
            execute_many(session, query, items([8, 9, 2]), values)

    assert caught.value.position == 2
    assert [number for number, _ in stored(session)] == [0, 1, 2]
