# twin: test_operations_lock_sync.py
"""The worker lock: one holder, tokens that grow, and a fence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from datalayer.domains.operations import errors
from datalayer.domains.operations.aio import (
    acquire_worker_lock,
    fenced,
    get_worker_lock,
    release_worker_lock,
    renew_worker_lock,
)
from datalayer.queries.operations.worker_lock import WorkerLock

pytest_plugins = ["automation_fixtures"]
pytestmark = pytest.mark.postgres

NOW = datetime(2030, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TTL = timedelta(seconds=30)


async def connect(url: str) -> AsyncConnection[Any]:
    return await AsyncConnection.connect(url, autocommit=True)


async def acquire(
    connection: AsyncConnection[Any], owner_id: str, now: datetime = NOW
) -> WorkerLock:
    held = await acquire_worker_lock(connection, owner_id=owner_id, ttl=TTL, now=now)
    assert held is not None
    return held


async def test_a_free_lock_is_acquired(native_url: str) -> None:
    async with await connect(native_url) as connection:
        free = await get_worker_lock(connection)
        held = await acquire(connection, "ada")
        found = await get_worker_lock(connection, now=NOW)

    assert free is None
    assert (held.owner_id, held.token) == ("ada", 1)
    assert (held.acquired_at, held.expires_at) == (NOW, NOW + TTL)
    assert found == held


async def test_without_now_the_clock_is_the_server_s(native_url: str) -> None:
    async with await connect(native_url) as connection:
        held = await acquire_worker_lock(connection, owner_id="ada", ttl=TTL)
        found = await get_worker_lock(connection)

    assert held is not None
    assert held.expires_at - held.acquired_at >= TTL
    assert found == held


async def test_another_gets_it_once_it_has_expired(native_url: str) -> None:
    async with await connect(native_url) as connection:
        first = await acquire(connection, "ada")
        early = await acquire_worker_lock(
            connection, owner_id="ben", ttl=TTL, now=NOW + TTL - MICROSECOND
        )
        second = await acquire(connection, "ben", NOW + TTL)

    assert early is None
    assert (second.owner_id, second.token) == ("ben", first.token + 1)


async def test_an_own_lock_is_acquired_again_with_a_new_token(native_url: str) -> None:
    async with await connect(native_url) as connection:
        first = await acquire(connection, "ada")
        second = await acquire(connection, "ada", NOW + MICROSECOND)
        with pytest.raises(errors.FenceRefused):
            async with fenced(connection, token=first.token, now=NOW + MICROSECOND):
                pass

    assert second.token == first.token + 1


async def test_tokens_grow_over_every_way_to_lose_the_lock(native_url: str) -> None:
    tokens = []
    async with await connect(native_url) as connection:
        held = await acquire(connection, "ada")
        tokens.append(held.token)
        await release_worker_lock(
            connection, owner_id="ada", token=held.token, now=NOW + MICROSECOND
        )
        for number, owner in enumerate(["ben", "ada", "ben", "ben"]):
            held = await acquire(connection, owner, NOW + (number + 1) * TTL)
            tokens.append(held.token)

    assert tokens == [1, 2, 3, 4, 5]


async def test_a_held_lock_is_renewed(native_url: str) -> None:
    async with await connect(native_url) as connection:
        held = await acquire(connection, "ada")
        later = NOW + TTL - MICROSECOND

        renewed = await renew_worker_lock(
            connection, owner_id="ada", token=held.token, ttl=TTL, now=later
        )

    assert renewed is not None
    assert (renewed.token, renewed.acquired_at) == (held.token, NOW)
    assert renewed.expires_at == later + TTL


@pytest.mark.parametrize(
    ("owner_id", "token", "after"),
    [
        ("ada", 1, TTL),
        ("ada", 1, 2 * TTL),
        ("ada", 2, timedelta(0)),
        ("ada", 0, timedelta(0)),
        ("ben", 1, timedelta(0)),
    ],
    ids=["expired", "long-expired", "newer-token", "older-token", "other-owner"],
)
async def test_what_is_not_held_is_neither_renewed_nor_released(
    native_url: str, owner_id: str, token: int, after: timedelta
) -> None:
    async with await connect(native_url) as connection:
        held = await acquire(connection, "ada")
        where: Any = {"owner_id": owner_id, "token": token, "now": NOW + after}

        renewed = await renew_worker_lock(connection, ttl=TTL, **where)
        released = await release_worker_lock(connection, **where)
        found = await get_worker_lock(connection, now=NOW)

    assert (renewed, released) == (None, False)
    assert found == held


async def test_a_released_lock_is_free_at_once(native_url: str) -> None:
    async with await connect(native_url) as connection:
        held = await acquire(connection, "ada")
        where: Any = {"owner_id": "ada", "token": held.token}

        released = await release_worker_lock(connection, **where, now=NOW)
        twice = await release_worker_lock(connection, **where, now=NOW)
        renewed = await renew_worker_lock(connection, **where, ttl=TTL, now=NOW)
        free = await get_worker_lock(connection, now=NOW)
        next_one = await acquire(connection, "ben")

    assert (released, twice, renewed, free) == (True, False, None, None)
    assert next_one.token == held.token + 1


async def test_locks_of_other_ids_are_others(native_url: str) -> None:
    async with await connect(native_url) as connection:
        await acquire(connection, "ada")
        other = await acquire_worker_lock(
            connection, owner_id="ben", ttl=TTL, lock_id=-2, now=NOW
        )
        found = await get_worker_lock(connection, lock_id=-2, now=NOW)

    assert other is not None
    assert (other.id, other.token) == (-2, 1)
    assert found == other


# The fence


async def test_a_guarded_transaction_commits_what_it_wrote(native_url: str) -> None:
    async with await connect(native_url) as connection:
        held = await acquire(connection, "ada")

        async with fenced(connection, token=held.token, now=NOW) as guarded:
            await connection.execute("CREATE TABLE written ()")
        found = await connection.execute("SELECT to_regclass('written')")
        [name] = await found.fetchone() or [None]

    assert guarded == held
    assert name == "written"


async def test_an_error_inside_rolls_back(native_url: str) -> None:
    async with await connect(native_url) as connection:
        held = await acquire(connection, "ada")

        async def write_and_fail() -> None:
            async with fenced(connection, token=held.token, now=NOW):
                await connection.execute("CREATE TABLE written ()")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await write_and_fail()
        found = await connection.execute("SELECT to_regclass('written')")
        [name] = await found.fetchone() or ["?"]

    assert name is None


@pytest.mark.parametrize("lost", ["expired", "released", "acquired", "never", "other"])
async def test_a_lost_lock_is_refused_before_anything_is_done(
    native_url: str, lost: str
) -> None:
    now, lock_id, reached = NOW, 1, False
    async with await connect(native_url) as connection:
        token = (await acquire(connection, "ada")).token
        if lost == "expired":
            now += TTL
        elif lost == "released":
            await release_worker_lock(connection, owner_id="ada", token=token, now=NOW)
        elif lost == "acquired":
            now += TTL
            await acquire(connection, "ben", now)
        elif lost == "never":
            token += 1
        else:
            lock_id = 2

        with pytest.raises(errors.FenceRefused) as refused:
            async with fenced(connection, token=token, lock_id=lock_id, now=now):
                reached = True
        status = connection.info.transaction_status

    assert not reached
    assert (refused.value.lock_id, refused.value.token) == (lock_id, token)
    assert status == TransactionStatus.IDLE
