"""Many sets of parameters in, over an asynchronous connection."""

# twin: test_many_rows_sync.py

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from datalayer.errors import ConstraintViolation, TooManyRowsError
from datalayer.runtime import Copying, Query, int4, item_position
from datalayer.runtime.aio import execute_many, fetch_each, fetch_each_optional

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
async def session(empty_database: str) -> AsyncIterator[AsyncConnection[Any]]:
    connecting = AsyncConnection.connect(empty_database, autocommit=True)
    async with await connecting as connection:
        await connection.execute(SCHEMA)
        yield connection


def items(numbers: Iterable[int]) -> Iterator[Item]:
    return (Item(number, f"n{number}") for number in numbers)


def values(item: Item) -> tuple[object, ...]:
    return (int4(item.id), item.name)


async def stored(session: AsyncConnection[Any]) -> list[tuple[Any, ...]]:
    cursor = await session.execute("SELECT id, name FROM item ORDER BY id")
    return await cursor.fetchall()


@every_way
async def test_many_items_are_stored(
    session: AsyncConnection[Any], query: Query[None]
) -> None:
    assert await execute_many(session, query, items(range(2501)), values) == 2501

    assert len(await stored(session)) == 2501


async def test_an_asynchronous_iterable_is_read(  # async only
    session: AsyncConnection[Any],  # async only
) -> None:  # async only
    async def given() -> AsyncIterator[Item]:  # async only
        for item in items(range(1500)):  # async only
            yield item  # async only

    assert await execute_many(session, PIPELINED, given(), values) == 1500  # async only


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
async def test_a_batch_is_in_memory_at_once(
    session: AsyncConnection[Any],
    name: str,
    most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("datalayer.runtime.aio_many.BATCH_SIZE", 10)
    monkeypatch.setattr("datalayer.runtime.aio_many.SMALL_BATCH_SIZE", 40)
    monkeypatch.setattr(Counted, "most", 0)
    given = (Counted(number, name) for number in range(155))

    assert await execute_many(session, WAYS["copy"], given, values) == 155
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
async def test_a_bad_item_is_told_by_its_position(
    session: AsyncConnection[Any],
    query: Query[None],
    bad: Item,
    error: type[Exception],
) -> None:
    for position in (0, 999, 1000):
        given = [*items(range(1005))]
        given[position] = bad

        with pytest.raises(error) as caught:
            await execute_many(session, query, given, values)

        assert item_position(caught.value) == position
        assert caught.value.__notes__ == [f"in query add (q.sql:1), item {position}"]
        assert await stored(session) == []
        assert session.info.transaction_status == TransactionStatus.IDLE


@every_way
async def test_a_violation_has_the_values_of_its_item(
    session: AsyncConnection[Any], query: Query[None]
) -> None:
    given = [*items(range(1500)), Item(7, "again")]

    async with session.transaction():
        with pytest.raises(ItemTaken) as caught:
            await execute_many(session, query, given, values)
        assert await execute_many(session, query, items([7]), values) == 1

    assert caught.value.values == {"id": 7, "name": "again"}
    assert caught.value.position == item_position(caught.value) == 1500
    assert await stored(session) == [(7, "n7")]


async def test_the_first_bad_item_is_told(session: AsyncConnection[Any]) -> None:
    given: list[Any] = [Item(1, None), Item(1, None), object()]

    with pytest.raises(ItemTaken) as caught:
        await execute_many(session, PIPELINED, given, values)

    assert caught.value.position == 1


@pytest.mark.parametrize("way", ["copy", "text-copy", "unnest"])
async def test_what_is_refused_together_is_sent_item_by_item(
    session: AsyncConnection[Any], way: str
) -> None:
    await session.execute("ALTER TABLE item RENAME COLUMN name TO label")
    query = replace(WAYS[way], sql="INSERT INTO item (id, label) VALUES ($1, $2)")

    assert await execute_many(session, query, items(range(3)), values) == 3


async def test_row_level_security_is_no_obstacle(
    session: AsyncConnection[Any],
) -> None:
    await session.execute("ALTER TABLE item ENABLE ROW LEVEL SECURITY")
    await session.execute("ALTER TABLE item FORCE ROW LEVEL SECURITY")
    await session.execute("CREATE POLICY small ON item WITH CHECK (id < 10)")
    await session.execute("GRANT ALL ON item TO PUBLIC")
    await session.execute("CREATE ROLE many_rows_guest")
    try:
        await session.execute("SET ROLE many_rows_guest")
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
            await execute_many(session, WAYS["copy"], items([1, 2, 30]), values)
        assert await execute_many(session, WAYS["copy"], items([1, 2]), values) == 2
    finally:
        await session.execute("RESET ROLE; REVOKE ALL ON item FROM PUBLIC")
        await session.execute("DROP ROLE many_rows_guest")

    assert item_position(caught.value) == 2


@every_way
async def test_rows_come_back_in_the_order_of_the_items(
    session: AsyncConnection[Any], query: Query[Any]
) -> None:
    returning = replace(
        query,
        row=Item,
        sql=query.sql + RETURNING,
        copying=None,
        unnesting=query.unnesting and query.unnesting + RETURNING,
    )
    given = [*items([*range(2000, 0, -1), 4000, 3000])]

    assert await fetch_each(session, returning, given, values) == given


async def test_an_item_without_a_row_returns_none(
    session: AsyncConnection[Any],
) -> None:
    await execute_many(session, PIPELINED, items([1, 3]), values)
    update: Query[Item] = Query(
        name="change",
        source="q.sql:2",
        row=Item,
        sql="UPDATE item SET name = $2 WHERE id = $1 RETURNING id, name",
    )

    found = await fetch_each_optional(session, update, items([3, 2, 1]), values)

    assert found == [Item(3, "n3"), None, Item(1, "n1")]


async def test_a_second_row_of_an_item_is_refused(
    session: AsyncConnection[Any],
) -> None:
    await execute_many(session, PIPELINED, items(range(3)), values)
    delete: Query[Item] = Query(
        name="remove",
        source="q.sql:3",
        row=Item,
        sql="DELETE FROM item WHERE id <> $1 AND $2::text <> '' RETURNING id, name",
    )

    with pytest.raises(TooManyRowsError):
        await fetch_each_optional(session, delete, items([9]), values)

    assert len(await stored(session)) == 3


@every_way
async def test_a_pipeline_of_the_callers_works(
    session: AsyncConnection[Any], query: Query[None]
) -> None:
    async with session.pipeline():
        assert await execute_many(session, query, items(range(3)), values) == 3
        with pytest.raises(ItemTaken) as caught:
            await execute_many(session, query, items([8, 9, 2]), values)

    assert caught.value.position == 2
    assert [number for number, _ in await stored(session)] == [0, 1, 2]
