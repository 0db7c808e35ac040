"""What generated code calls, over an asynchronous connection."""

# twin: test_runtime_sync.py

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.rows import dict_row, kwargs_row
from psycopg.types.enum import EnumInfo, register_enum

from datalayer.errors import NoRowError, TooManyRowsError
from datalayer.runtime import NO_ROW, Query, array, enum_value, int4, text_array
from datalayer.runtime.aio import (
    execute,
    execute_many,
    execute_script,
    fetch_all,
    fetch_one,
    fetch_optional,
    fetch_or_no_row,
)

Fetch = Callable[..., Awaitable[object]]

SCHEMA = """
CREATE TYPE mood AS ENUM ('happy', 'so-so, "really"', 'NULL', '{sad}', 'back\\slash');
CREATE TABLE item (id int PRIMARY KEY, name text, CONSTRAINT positive CHECK (id > 0));
"""


class Mood(StrEnum):
    HAPPY = "happy"
    SO_SO = 'so-so, "really"'
    NULL = "NULL"
    SAD = "{sad}"
    BACKSLASH = "back\\slash"


@dataclass(slots=True)
class Item:
    id: int
    name: str | None


@pytest.fixture
async def session(empty_database: str) -> AsyncIterator[AsyncConnection[Any]]:
    async with await AsyncConnection.connect(empty_database) as connection:
        await connection.execute(SCHEMA)
        await connection.commit()
        yield connection


def rows_query(sql: str) -> Query[Item]:
    return Query(name="shop.items", source="queries/shop.sql:3", sql=sql, row=Item)


def value_query(sql: str) -> Query[Any]:
    return Query(name="shop.value", source="queries/shop.sql:9", sql=sql)


def command(sql: str) -> Query[None]:
    return Query(name="shop.command", source="queries/shop.sql:12", sql=sql)


ITEMS = rows_query("SELECT g AS id, 'n' || g AS name FROM generate_series(1, $1) AS g")
COUNT = value_query("SELECT count(*) FROM item")
ADD = command("INSERT INTO item (id, name) VALUES ($1, $2)")


async def test_rows_become_objects(session: AsyncConnection[Any]) -> None:
    assert await fetch_all(session, ITEMS, (int4(2),)) == [Item(1, "n1"), Item(2, "n2")]


async def test_no_rows_are_an_empty_list(session: AsyncConnection[Any]) -> None:
    assert await fetch_all(session, ITEMS, (int4(0),)) == []


@pytest.mark.parametrize("fetch", [fetch_one, fetch_optional, fetch_or_no_row])
async def test_one_row_is_returned(session: AsyncConnection[Any], fetch: Fetch) -> None:
    assert await fetch(session, ITEMS, (int4(1),)) == Item(1, "n1")


@pytest.mark.parametrize("fetch", [fetch_one, fetch_optional, fetch_or_no_row])
async def test_a_second_row_raises(session: AsyncConnection[Any], fetch: Fetch) -> None:
    with pytest.raises(TooManyRowsError) as caught:
        await fetch(session, ITEMS, (int4(3),))

    assert caught.value.query == "shop.items"
    assert caught.value.source == "queries/shop.sql:3"
    assert caught.value.count == 3
    assert "`shop.items` (queries/shop.sql:3) returned 3 rows" in str(caught.value)


async def test_a_missing_promised_row_raises(session: AsyncConnection[Any]) -> None:
    with pytest.raises(NoRowError, match=r"`shop.items` \(queries/shop.sql:3\)"):
        await fetch_one(session, ITEMS, (int4(0),))


async def test_a_missing_optional_row_is_none(session: AsyncConnection[Any]) -> None:
    assert await fetch_optional(session, ITEMS, (int4(0),)) is None


async def test_null_differs_from_no_row(session: AsyncConnection[Any]) -> None:
    query = value_query("SELECT NULL::int FROM generate_series(1, $1)")

    assert await fetch_or_no_row(session, query, (int4(1),)) is None
    assert await fetch_or_no_row(session, query, (int4(0),)) is NO_ROW
    assert not NO_ROW


async def test_null_is_the_value_of_a_certain_row(
    session: AsyncConnection[Any],
) -> None:
    assert await fetch_one(session, value_query("SELECT max(id) FROM item")) is None


async def test_affected_rows_are_counted(session: AsyncConnection[Any]) -> None:
    await execute(session, ADD, (int4(1), "a"))
    await execute(session, ADD, (int4(2), "b"))

    assert await execute(session, command("UPDATE item SET name = 'c'")) == 2
    assert await execute(session, command("DELETE FROM item WHERE id = 9")) == 0


async def test_a_command_without_a_count_affects_nothing(
    session: AsyncConnection[Any],
) -> None:
    assert await execute(session, command("CREATE TABLE other ()")) == 0


async def test_each_parameter_set_is_run(session: AsyncConnection[Any]) -> None:
    sets = ((int4(number), None) for number in range(1, 2502))

    assert await execute_many(session, ADD, sets, tuple) == 2501
    assert await fetch_one(session, COUNT) == 2501


async def test_no_parameter_sets_affect_nothing(session: AsyncConnection[Any]) -> None:
    assert await execute_many(session, ADD, [], tuple) == 0


async def test_one_wrong_parameter_set_undoes_all(
    session: AsyncConnection[Any],
) -> None:
    await session.set_autocommit(True)
    sets = [(int4(number), None) for number in [*range(1, 2000), 5]]

    with pytest.raises(psycopg.errors.UniqueViolation):
        await execute_many(session, ADD, sets, tuple)

    assert await fetch_one(session, COUNT) == 0


async def test_a_transaction_survives_a_wrong_parameter_set(
    session: AsyncConnection[Any],
) -> None:
    async with session.transaction():
        await execute(session, ADD, (int4(1), None))
        with pytest.raises(psycopg.errors.CheckViolation):
            await execute_many(session, ADD, [(int4(2), None), (int4(-1), None)], tuple)

    assert await fetch_one(session, COUNT) == 1


async def test_an_exception_of_the_iterable_undoes_all(
    session: AsyncConnection[Any],
) -> None:
    def sets() -> Iterator[tuple[object, ...]]:
        yield from ((int4(number), None) for number in range(1, 1500))
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        await execute_many(session, ADD, sets(), tuple)

    assert await fetch_one(session, COUNT) == 0


async def test_parameter_sets_are_consumed_in_batches(
    session: AsyncConnection[Any],
) -> None:
    class Tracked(tuple[object, ...]):
        alive = 0
        most = 0

        def __new__(cls, values: tuple[object, ...]) -> Tracked:
            cls.alive += 1
            cls.most = max(cls.most, cls.alive)
            return super().__new__(cls, values)

        def __del__(self) -> None:
            type(self).alive -= 1

    sets = (Tracked((int4(number), None)) for number in range(1, 10_001))

    assert await execute_many(session, ADD, sets, tuple) == 10_000
    # Small ones come in batches of 8,000.
    assert Tracked.most <= 8_001


async def test_a_script_runs_all_statements(session: AsyncConnection[Any]) -> None:
    script = command("INSERT INTO item VALUES (1, '%'); INSERT INTO item VALUES (2);")

    await execute_script(session, script)

    assert await fetch_one(session, COUNT) == 2


async def test_a_script_can_run_often(session: AsyncConnection[Any]) -> None:
    for _ in range(10):
        await execute_script(session, command("SELECT 1; SELECT 2"))


@pytest.mark.parametrize("row_factory", [dict_row, kwargs_row(dict)])
async def test_the_row_factory_of_a_connection_does_not_matter(
    empty_database: str, row_factory: Callable[..., Any]
) -> None:
    connecting = AsyncConnection.connect(empty_database, row_factory=row_factory)
    async with await connecting as connection:
        rows = await fetch_all(connection, ITEMS, (int4(1),))

        assert rows == [Item(1, "n1")]
        assert await fetch_one(connection, value_query("SELECT 5")) == 5


async def test_percent_signs_are_sent_as_written(session: AsyncConnection[Any]) -> None:
    query = value_query("SELECT 'a%s %(b)s %%' LIKE 'a\\%%' AND $1 % 2 = 1")

    assert await fetch_one(session, query, (int4(3),)) is True


async def test_an_error_says_in_which_query(session: AsyncConnection[Any]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        await execute(session, ADD, (int4(-1), "a"))

    assert caught.value.diag.constraint_name == "positive"
    assert caught.value.__notes__ == ["in query shop.command (queries/shop.sql:12)"]


@pytest.mark.parametrize(
    ("run", "arguments"),
    [
        (fetch_all, ()),
        (fetch_one, ()),
        (fetch_optional, ()),
        (fetch_or_no_row, ()),
        (execute, ()),
        (execute_many, ([()], tuple)),
        (execute_script, ()),
    ],
    ids=["all", "one", "optional", "or-no-row", "execute", "many", "script"],
)
async def test_each_way_to_run_a_query_names_it(
    session: AsyncConnection[Any], run: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero) as caught:
        await run(session, command("SELECT 1 / 0"), *arguments)

    (note,) = caught.value.__notes__
    assert (
        note.removesuffix(", item 0") == "in query shop.command (queries/shop.sql:12)"
    )


async def test_a_value_that_python_cannot_hold_names_the_query(
    session: AsyncConnection[Any],
) -> None:
    with pytest.raises(psycopg.DataError) as caught:
        await fetch_one(session, value_query("SELECT 'infinity'::date"))

    assert caught.value.__notes__ == ["in query shop.value (queries/shop.sql:9)"]


async def test_a_closed_connection_behaves_as_psycopg_has_it(
    session: AsyncConnection[Any],
) -> None:
    await session.close()

    with pytest.raises(psycopg.OperationalError, match="the connection is closed"):
        await fetch_all(session, ITEMS, (int4(1),))


async def test_a_pipeline_of_the_caller_works(session: AsyncConnection[Any]) -> None:
    async with session.pipeline():
        assert await execute(session, ADD, (int4(1), "a")) == 1
        sets = [(int4(2), None), (int4(3), None)]
        assert await execute_many(session, ADD, sets, tuple) == 2
        assert await fetch_one(session, COUNT) == 3
        assert await execute(session, command("UPDATE item SET name = 'x'")) == 3


async def test_running_a_query_often_changes_nothing(
    session: AsyncConnection[Any],
) -> None:
    for number in range(20):
        assert len(await fetch_all(session, ITEMS, (int4(number),))) == number


async def test_the_server_sees_the_name_of_a_query(
    session: AsyncConnection[Any],
) -> None:
    query = value_query(
        "/* shop.value */\n"
        "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    )

    assert (await fetch_one(session, query)).startswith("/* shop.value */")


# Enums

MOODS: Query[Any] = Query(
    name="shop.moods",
    source="queries/shop.sql:20",
    sql="SELECT enum_range(NULL::mood)",
    convert=((0, text_array(enum_value(Mood))),),
)
MOOD: Query[Any] = Query(
    name="shop.mood",
    source="queries/shop.sql:24",
    sql="SELECT $1::mood",
    convert=((0, enum_value(Mood)),),
)


@pytest.mark.parametrize("member", list(Mood))
async def test_an_enum_column_is_a_member(
    session: AsyncConnection[Any], member: Mood
) -> None:
    assert await fetch_one(session, MOOD, (member,)) is member


async def test_a_null_enum_is_none(session: AsyncConnection[Any]) -> None:
    assert await fetch_one(session, MOOD, (None,)) is None


async def test_an_enum_array_is_a_list_of_members(
    session: AsyncConnection[Any],
) -> None:
    assert await fetch_one(session, MOODS) == list(Mood)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", []),
        ("{happy,null}", [Mood.HAPPY, None]),
        ('{"NULL",NULL}', [Mood.NULL, None]),
        ("[5:5]={happy}", [Mood.HAPPY]),
        ("{{happy},{NULL}}", [[Mood.HAPPY], [None]]),
    ],
    ids=["empty", "null", "label-null", "bounds", "nested"],
)
async def test_enum_arrays_of_any_form_are_read(
    session: AsyncConnection[Any], text: str, expected: list[Any]
) -> None:
    query: Query[Any] = Query(
        name="shop.moods",
        source="queries/shop.sql:20",
        sql="SELECT $1::mood[]",
        convert=((0, text_array(enum_value(Mood))),),
    )

    assert await fetch_one(session, query, (text,)) == expected


async def test_enums_are_members_though_psycopg_knows_the_type(
    session: AsyncConnection[Any],
) -> None:
    info = await EnumInfo.fetch(session, "mood")
    assert info is not None
    register_enum(info, session)

    assert await fetch_one(session, MOOD, ("happy",)) is Mood.HAPPY
    assert await fetch_one(session, MOODS) == list(Mood)


async def test_enums_are_members_though_they_were_registered(
    session: AsyncConnection[Any],
) -> None:
    info = await EnumInfo.fetch(session, "mood")
    assert info is not None
    register_enum(info, session, Mood, mapping={each: each.value for each in Mood})

    assert await fetch_one(session, MOOD, (Mood.SAD,)) is Mood.SAD
    assert await fetch_one(session, MOODS) == list(Mood)


async def test_an_enum_array_is_a_parameter(session: AsyncConnection[Any]) -> None:
    query = value_query("SELECT 'happy'::mood = ANY ($1)")

    assert await fetch_one(session, query, ([Mood.HAPPY, Mood.SAD],)) is True
    assert await fetch_one(session, query, ([Mood.SAD],)) is False
    assert await fetch_one(session, query, ([],)) is False


async def test_a_label_that_the_code_does_not_know_names_the_query(
    session: AsyncConnection[Any],
) -> None:
    await session.execute("ALTER TYPE mood ADD VALUE 'new'")
    await session.commit()

    with pytest.raises(ValueError, match="'new' is not a valid Mood") as caught:
        await fetch_one(session, MOOD, ("new",))

    assert caught.value.__notes__ == ["in query shop.mood (queries/shop.sql:24)"]


async def test_arrays_of_the_parameters_type_are_sent(
    session: AsyncConnection[Any],
) -> None:
    query = value_query("SELECT pg_typeof($1)::text || cardinality($1::int[])")

    assert await fetch_one(session, query, (array(int4, [1, 2]),)) == "integer[]2"


async def test_many_connections_of_one_program_do_not_meet(
    empty_database: str,
) -> None:
    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(
                await AsyncConnection.connect(empty_database)
            )
            for _ in range(3)
        ]

        for number, connection in enumerate(connections):
            assert len(await fetch_all(connection, ITEMS, (int4(number),))) == number
