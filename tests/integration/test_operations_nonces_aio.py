# twin: test_operations_nonces_sync.py
"""Nonces, each of which is used once while its message is young."""

from datetime import timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection, IsolationLevel, Rollback, errors

from datalayer.domains.errors import InvalidArgument
from datalayer.domains.operations.aio import (
    prune_nonces,
    register_nonce,
    use_nonce,
)
from datalayer.domains.operations.errors import (
    NonceReplayed,
    TimestampOutOfRange,
)
from datalayer.queries.aio.operations.nonce import get_clock_ms
from datalayer.queries.aio.operations.nonce import prune_nonces as prune_some

pytestmark = pytest.mark.postgres

MINUTE = timedelta(minutes=1)
REPEATABLE_READ = IsolationLevel.REPEATABLE_READ


async def connect(url: str) -> AsyncConnection[Any]:
    return await AsyncConnection.connect(url, autocommit=True)


async def roll_back() -> None:
    raise Rollback


async def test_a_nonce_is_registered_once(database_url: str) -> None:
    async with await connect(database_url) as connection:
        first = await register_nonce(connection, nonce="n", timestamp_ms=1)
        second = await register_nonce(connection, nonce="n", timestamp_ms=1)
        later = await register_nonce(connection, nonce="n", timestamp_ms=2)
        other = await register_nonce(connection, nonce="N", timestamp_ms=1)

    assert (first, second, later, other) == (True, False, False, True)


async def test_a_nonce_of_a_transaction_that_failed_is_free(database_url: str) -> None:
    async with await connect(database_url) as connection:
        async with connection.transaction():
            inside = await register_nonce(connection, nonce="n", timestamp_ms=1)
            await roll_back()
        after = await register_nonce(connection, nonce="n", timestamp_ms=1)

    assert (inside, after) == (True, True)


async def test_a_nonce_that_a_snapshot_misses_is_not_registered_again(
    database_url: str,
) -> None:
    async with (
        await connect(database_url) as one,
        await connect(database_url) as two,
    ):
        await two.set_isolation_level(REPEATABLE_READ)
        async with two.transaction(force_rollback=True):
            await get_clock_ms(two)
            await register_nonce(one, nonce="n", timestamp_ms=1)
            with pytest.raises(errors.SerializationFailure):
                await register_nonce(two, nonce="n", timestamp_ms=1)


async def test_using_a_nonce_again_is_a_replay(database_url: str) -> None:
    async with await connect(database_url) as connection:
        clock = await get_clock_ms(connection)
        await use_nonce(connection, nonce="n", timestamp_ms=clock)

        with pytest.raises(NonceReplayed) as caught:
            await use_nonce(connection, nonce="n", timestamp_ms=clock)

    assert caught.value.nonce == "n"


async def test_a_message_within_five_minutes_is_accepted(database_url: str) -> None:
    async with await connect(database_url) as connection:
        for distance in (-300_000, -1, 0, 1, 300_000):
            await use_nonce(
                connection,
                nonce=f"n{distance}",
                timestamp_ms=10**12 + distance,
                now_ms=10**12,
            )


async def test_a_message_further_away_is_refused_and_its_nonce_not_used(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        for distance in (-(10**13), -300_001, 300_001, 10**13):
            with pytest.raises(TimestampOutOfRange) as caught:
                await use_nonce(
                    connection,
                    nonce="n",
                    timestamp_ms=10**12 + distance,
                    now_ms=10**12,
                )

            assert caught.value.timestamp_ms == 10**12 + distance
            assert caught.value.clock_ms == 10**12
        is_first = await register_nonce(connection, nonce="n", timestamp_ms=1)

    assert is_first


async def test_the_clock_is_the_one_of_the_server(database_url: str) -> None:
    async with await connect(database_url) as connection:
        clock = await get_clock_ms(connection)
        with pytest.raises(TimestampOutOfRange):
            await use_nonce(
                connection, nonce="n", timestamp_ms=clock - 2000, tolerance=MINUTE / 60
            )
        row = await (
            await connection.execute("SELECT extract(epoch FROM clock_timestamp())")
        ).fetchone()

    assert row is not None
    assert row[0] * 1000 >= clock - 1


async def test_nonces_with_arguments_out_of_bounds_are_refused(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        with pytest.raises(InvalidArgument):
            await use_nonce(connection, nonce="n\0", timestamp_ms=1)
        with pytest.raises(InvalidArgument):
            await use_nonce(
                connection, nonce="n", timestamp_ms=1, tolerance=timedelta(0)
            )
        with pytest.raises(InvalidArgument):
            await prune_nonces(connection, before_ms=1, batch_size=0)


async def test_pruning_removes_what_is_older_and_nothing_else(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        for batch_size in (1, 2, 3, 1000):
            await connection.execute("TRUNCATE assistly_nonces")
            for number in range(8):
                await register_nonce(
                    connection, nonce=f"n{number}", timestamp_ms=number
                )
            pruned = await prune_nonces(connection, before_ms=6, batch_size=batch_size)
            again = await prune_nonces(connection, before_ms=6, batch_size=batch_size)
            free = [
                await register_nonce(connection, nonce=f"n{number}", timestamp_ms=0)
                for number in range(8)
            ]

            assert (pruned, again) == (6, 0)
            assert free == [True] * 6 + [False] * 2


async def test_the_oldest_nonces_are_pruned_first(database_url: str) -> None:
    async with await connect(database_url) as connection:
        for number in (3, 1, 2, 4):
            await register_nonce(connection, nonce=f"n{number}", timestamp_ms=number)
        pruned = await prune_some(connection, before_ms=10, row_limit=2)
        rows = await (
            await connection.execute("SELECT timestamp_ms FROM assistly_nonces")
        ).fetchall()

    assert pruned == 2
    assert sorted(rows) == [(3,), (4,)]


async def test_pruning_commits_each_batch(database_url: str) -> None:
    async with (
        await AsyncConnection.connect(database_url) as one,
        await connect(database_url) as two,
    ):
        await register_nonce(two, nonce="n", timestamp_ms=1)
        await prune_nonces(one, before_ms=2)
        free = await register_nonce(two, nonce="n", timestamp_ms=1)

    assert free
