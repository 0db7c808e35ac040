# twin: test_conversations_keys_sync.py
"""API keys: shown once, verified by their hash, revoked once, deleted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection
from psycopg import errors as pg

from datalayer.domains.conversations import errors
from datalayer.domains.conversations.aio import (
    create_api_key,
    create_train,
    delete_api_key,
    find_api_key,
    list_api_keys,
    revoke_api_key,
    verify_api_key,
)

pytestmark = pytest.mark.postgres

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)


async def connect(url: str, *, train: bool = True) -> AsyncConnection[Any]:
    connection = await AsyncConnection.connect(url, autocommit=True)
    if train:
        for name in ("blue", "red"):
            await create_train(
                connection, train_id=name, name=name, owner="ada@x", added_by="ada@x"
            )
    return connection


async def test_a_key_is_verified_and_its_row_is_returned(database_url: str) -> None:
    async with await connect(database_url) as connection:
        new = await create_api_key(
            connection, train_id="blue", name="laptop", created_by="ada@x"
        )
        found = await verify_api_key(connection, key=new.key, now=NOON)

    assert found is not None
    assert (found.id, found.train_id) == (new.row.id, "blue")
    assert (found.name, found.created_by) == ("laptop", "ada@x")
    assert found.last_used_at == NOON
    assert new.row.last_used_at is None


async def test_the_database_has_no_part_of_a_key_beyond_its_ends(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        new = await create_api_key(connection, train_id="blue")
        await verify_api_key(connection, key=new.key)
        rows = await connection.execute("SELECT k::text FROM train_api_keys AS k")
        stored = str(await rows.fetchall())

    hidden = new.key.removeprefix(new.row.key_prefix).removesuffix(new.row.key_suffix)
    assert new.row.key_hash in stored
    assert hidden[:8] not in stored
    assert hidden[-8:] not in stored


async def test_a_key_needs_a_train(database_url: str) -> None:
    async with await connect(database_url) as connection:
        with pytest.raises(errors.TrainNotFound):
            await create_api_key(connection, train_id="green")


async def test_other_keys_are_not_verified(database_url: str) -> None:
    async with await connect(database_url) as connection:
        new = await create_api_key(connection, train_id="blue")
        changed = new.key[:-1] + ("A" if new.key[-1] != "A" else "B")
        answers = [
            await verify_api_key(connection, key=key)
            for key in ("", "\0", new.row.key_hash, changed, new.key.lower())
        ]

    assert answers == [None] * 5


async def test_a_use_is_noted_at_most_once_a_minute(database_url: str) -> None:
    noted = []
    moments = [NOON, NOON + MINUTE - MICROSECOND, NOON + MINUTE, NOON]
    async with await connect(database_url) as connection:
        new = await create_api_key(connection, train_id="blue")
        for now in moments:
            found = await verify_api_key(connection, key=new.key, now=now)
            assert found is not None
            noted.append(found.last_used_at)
        versions = await connection.execute("SELECT xmin::text FROM train_api_keys")
        before = await versions.fetchall()
        await verify_api_key(connection, key=new.key, now=NOON + MINUTE)
        versions = await connection.execute("SELECT xmin::text FROM train_api_keys")
        after = await versions.fetchall()

    assert noted == [NOON, NOON, NOON + MINUTE, NOON + MINUTE]
    assert before == after


async def test_a_key_that_somebody_has_locked_is_verified_without_waiting(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        new = await create_api_key(connection, train_id="blue")
        async with (
            await connect(database_url, train=False) as other,
            other.transaction(),
        ):
            await verify_api_key(other, key=new.key)
            await connection.execute("SET lock_timeout = '1s'")
            found = await verify_api_key(connection, key=new.key)

    assert found is not None


async def test_a_revoked_key_is_not_verified_and_is_revoked_once(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        new = await create_api_key(connection, train_id="blue")
        key_id = new.row.id
        revoked = await revoke_api_key(
            connection, train_id="blue", key_id=key_id, revoked_by="bo@x", now=NOON
        )
        again = await revoke_api_key(
            connection, train_id="blue", key_id=key_id, revoked_by="cy@x"
        )
        verified = await verify_api_key(connection, key=new.key)
        found = await find_api_key(connection, train_id="blue", key_id=key_id)

    assert revoked is not None
    assert (revoked.revoked_at, revoked.revoked_by) == (NOON, "bo@x")
    assert (again, verified) == (None, None)
    assert found == revoked


async def test_a_deleted_key_is_gone(database_url: str) -> None:
    async with await connect(database_url) as connection:
        new = await create_api_key(connection, train_id="blue")
        await delete_api_key(connection, train_id="blue", key_id=new.row.id)
        verified = await verify_api_key(connection, key=new.key)
        with pytest.raises(errors.ApiKeyNotFound):
            await delete_api_key(connection, train_id="blue", key_id=new.row.id)
        with pytest.raises(errors.ApiKeyNotFound):
            await revoke_api_key(connection, train_id="blue", key_id=new.row.id)

    assert verified is None


async def test_a_key_of_another_train_is_unknown(database_url: str) -> None:
    async with await connect(database_url) as connection:
        new = await create_api_key(connection, train_id="blue")
        for call in (find_api_key, revoke_api_key, delete_api_key):
            with pytest.raises(errors.ApiKeyNotFound):
                await call(connection, train_id="red", key_id=new.row.id)
        found = await verify_api_key(connection, key=new.key)

    assert found is not None


async def test_keys_are_listed_page_by_page(database_url: str) -> None:
    async with await connect(database_url) as connection:
        made = [await create_api_key(connection, train_id="blue") for _ in range(3)]
        await create_api_key(connection, train_id="red")
        await revoke_api_key(connection, train_id="blue", key_id=made[1].row.id)
        first = await list_api_keys(connection, train_id="blue", row_limit=2)
        rest = await list_api_keys(connection, train_id="blue", cursor=first.next)

    keys = first.items + rest.items
    assert [key.id for key in keys] == [new.row.id for new in made]
    assert [key.revoked_at is None for key in keys] == [True, False, True]


async def test_a_whole_key_cannot_be_stored(database_url: str) -> None:
    async with await connect(database_url) as connection:
        new = await create_api_key(connection, train_id="blue")
        for column in ("key_hash", "key_prefix", "key_suffix"):
            with pytest.raises((pg.CheckViolation, pg.StringDataRightTruncation)):
                await connection.execute(
                    f"UPDATE train_api_keys SET {column} = %s", [new.key]
                )
