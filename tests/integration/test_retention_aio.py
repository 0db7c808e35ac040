"""What retention removes, and what it leaves: asynchronously."""

# twin: test_retention_sync.py

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection

from datalayer.domains.errors import InvalidArgument, NaiveTime
from datalayer.domains.operations.aio import (
    RetentionProgress,
    RetentionReport,
    RetentionSettings,
    run_retention,
)
from datalayer.domains.operations.errors import InvalidSetting

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
DAY = timedelta(hours=24)
#: Nothing of these tests is as much.
ROOM = RetentionSettings()
NOTHING = RetentionReport(0, 0, 0, 0, 0)


async def connect(url: str) -> AsyncConnection[Any]:
    return await AsyncConnection.connect(url, autocommit=True)


async def add_approval(
    connection: AsyncConnection[Any],
    name: str,
    created_at: datetime,
    status: str = "approved",
) -> None:
    await connection.execute(
        "INSERT INTO assistly_approvals (id, status, created_at, decided_at, payload)"
        " VALUES (%s, %s, %s, %s, '{}')",
        (name, status, created_at, None if status == "pending" else NOW),
    )


async def add_answer(
    connection: AsyncConnection[Any], name: str, saved_at: datetime, state: str = "done"
) -> None:
    await connection.execute(
        "INSERT INTO assistly_idempotency (key, state, saved_at, value)"
        " VALUES (%s, %s, %s, %s)",
        (name, state, saved_at, None if state == "in_flight" else "null"),
    )


async def add_nonce(
    connection: AsyncConnection[Any], name: str, timestamp_ms: int
) -> None:
    await connection.execute(
        "INSERT INTO assistly_nonces VALUES (%s, %s)", (name, timestamp_ms)
    )


async def names(connection: AsyncConnection[Any]) -> str:
    """Return what is left in the three tables, sorted."""
    cursor = await connection.execute(
        "SELECT id FROM assistly_approvals UNION ALL SELECT key FROM"
        " assistly_idempotency UNION ALL SELECT nonce FROM assistly_nonces ORDER BY 1"
    )
    return " ".join([row[0] for row in await cursor.fetchall()])


async def run(connection: AsyncConnection[Any], **arguments: Any) -> RetentionReport:  # noqa: ANN401
    report = await run_retention(
        connection, **{"settings": ROOM, "now": NOW, "force": True, **arguments}
    )
    assert report is not None
    return report


async def test_a_row_of_exactly_the_age_limit_is_kept(database_url: str) -> None:
    async with await connect(database_url) as connection:
        limit_ms = int((NOW - DAY).timestamp() * 1000)
        await add_approval(connection, "a_kept", NOW - 30 * DAY)
        await add_approval(connection, "a_gone", NOW - 30 * DAY - INSTANT)
        await add_answer(connection, "b_kept", NOW - 14 * DAY)
        await add_answer(connection, "b_gone", NOW - 14 * DAY - INSTANT)
        await add_nonce(connection, "c_kept", limit_ms)
        await add_nonce(connection, "c_gone", limit_ms - 1)

        report = await run(connection)

        assert await names(connection) == "a_kept b_kept c_kept"
    assert report == RetentionReport(1, 0, 1, 0, 1)
    assert report.removed == 3


async def test_a_limit_between_milliseconds_keeps_the_later_one(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        limit_ms = int((NOW - DAY).timestamp() * 1000)
        await add_nonce(connection, "before", limit_ms)
        await add_nonce(connection, "after", limit_ms + 1)

        await run(connection, now=NOW + INSTANT)

        assert await names(connection) == "after"


async def test_nonces_before_1970_and_far_ahead_do_no_harm(database_url: str) -> None:
    async with await connect(database_url) as connection:
        await add_nonce(connection, "first", -(2**63))
        await add_nonce(connection, "last", 2**63 - 1)

        await run(connection)

        assert await names(connection) == "last"


async def test_what_is_undecided_or_under_way_stays_for_ever(
    database_url: str,
) -> None:
    strict = RetentionSettings(1, 1, 1, 1, 1)
    async with await connect(database_url) as connection:
        for number in range(3):
            old = NOW - (100 + number) * DAY
            await add_approval(connection, f"pending{number}", old, "pending")
            await add_answer(connection, f"in_flight{number}", old, "in_flight")

        assert await run(connection, settings=strict) == NOTHING


async def test_the_newest_stay_and_the_undecided_count_among_them(
    database_url: str,
) -> None:
    settings = replace(ROOM, max_approvals=3, max_idempotency=3)
    async with await connect(database_url) as connection:
        for number, kind in enumerate(["new", "open", "edge", "surplus", "open2"]):
            at = NOW - timedelta(minutes=number)
            is_open = kind.startswith("open")
            status, state = "pending" if is_open else "rejected", "done"
            await add_approval(connection, f"a_{kind}", at, status)
            state = "in_flight" if is_open else "done"
            await add_answer(connection, f"b_{kind}", at, state)

        report = await run(connection, settings=settings)

        kept = ["a_edge", "a_new", "a_open", "a_open2"]
        assert await names(connection) == " ".join(
            [*kept, *[name.replace("a_", "b_") for name in kept]]
        )
    assert report == RetentionReport(0, 1, 0, 1, 0)


@pytest.mark.parametrize("size", [1, 1000])
async def test_of_the_same_age_the_greater_names_stay(
    database_url: str, size: int
) -> None:
    settings = replace(ROOM, max_approvals=2, max_idempotency=2)
    async with await connect(database_url) as connection:
        for letter in "cadb":
            await add_approval(connection, f"a_{letter}", NOW)
            await add_answer(connection, f"b_{letter}", NOW)

        await run(connection, settings=settings, batch_size=size)

        assert await names(connection) == "a_c a_d b_c b_d"


async def test_as_many_as_the_maximum_stay(database_url: str) -> None:
    settings = replace(ROOM, max_approvals=3)
    async with await connect(database_url) as connection:
        for letter in "abc":
            await add_approval(connection, letter, NOW)

        assert await run(connection, settings=settings) == NOTHING


async def test_what_is_too_old_and_too_much_counts_as_old(database_url: str) -> None:
    settings = RetentionSettings(1, 2, 1, 2, 1)
    async with await connect(database_url) as connection:
        for number in range(6):
            at = NOW - number * timedelta(hours=7)
            await add_approval(connection, f"a{number}", at)
            await add_answer(connection, f"b{number}", at)

        report = await run(connection, settings=settings)
        again = await run(connection, settings=settings)

        assert await names(connection) == "a0 a1 b0 b1"
    assert report == RetentionReport(2, 2, 2, 2, 0)
    assert again == NOTHING


@pytest.mark.parametrize("size", [1, 2, 3, 4, 100])
async def test_batches_remove_the_same(database_url: str, size: int) -> None:
    told: list[RetentionProgress] = []
    async with await connect(database_url) as connection:
        for number in range(4):
            await add_nonce(connection, f"{number}", number)

        report = await run(connection, batch_size=size, report=told.append)

        assert await names(connection) == ""
    assert report == RetentionReport(0, 0, 0, 0, 4)
    whole = [*range(size, 4, size), 4]
    assert told == [RetentionProgress("old_nonces", count) for count in whole]


async def test_finished_batches_stay_when_it_is_interrupted(database_url: str) -> None:
    def interrupt(progress: RetentionProgress) -> None:
        if progress.removed == 4:
            raise KeyboardInterrupt

    async with await connect(database_url) as connection:
        for number in range(6):
            await add_nonce(connection, f"{number}", number)
        await connection.set_autocommit(False)

        with pytest.raises(KeyboardInterrupt):
            await run(connection, batch_size=2, report=interrupt)

        await connection.rollback()
        assert await names(connection) == "4 5"


async def test_in_a_transaction_of_the_caller_all_can_be_taken_back(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        await add_nonce(connection, "old", 0)

        async with connection.transaction(force_rollback=True):
            assert await run_retention(connection, settings=ROOM, now=NOW)
            assert await names(connection) == ""

        assert await names(connection) == "old"
        assert await run_retention(connection, settings=ROOM, now=NOW)


async def test_a_locked_row_waits_until_next_time(database_url: str) -> None:
    async with (
        await connect(database_url) as connection,
        await connect(database_url) as other,
    ):
        # It waits for nobody; a version that did would wait for ever.
        await connection.execute("SET lock_timeout = '20s'")
        for name in ("free", "held", "loose"):
            await add_approval(connection, name, NOW - 99 * DAY)
        async with other.transaction():
            await other.execute(
                "SELECT FROM assistly_approvals WHERE id = 'held' FOR UPDATE"
            )

            first = await run(connection, batch_size=1)

            assert await names(connection) == "held"
        second = await run(connection)

    assert (first.removed, second.removed) == (2, 1)


async def test_one_turn_a_minute(database_url: str) -> None:
    minute = timedelta(minutes=1)
    moments = [NOW, NOW, NOW + minute - INSTANT, NOW + minute, NOW + 2 * minute]
    async with await connect(database_url) as connection:
        turns = [
            await run_retention(connection, settings=ROOM, now=moment) is not None
            for moment in moments
        ]

    assert turns == [True, False, False, True, True]


async def test_a_forced_run_neither_asks_for_a_turn_nor_takes_one(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        await run(connection)

        assert await run_retention(connection, settings=ROOM, now=NOW)
        assert await run(connection) == NOTHING


async def test_a_clock_that_is_put_back_does_not_stop_it(database_url: str) -> None:
    async with await connect(database_url) as connection:
        await run_retention(connection, settings=ROOM, now=NOW + 3650 * DAY)

        assert await run_retention(connection, settings=ROOM, now=NOW)
        assert not await run_retention(connection, settings=ROOM, now=NOW - DAY / 2)
        assert await run_retention(connection, settings=ROOM, now=NOW - DAY)


async def test_without_now_the_clock_of_the_server_counts(database_url: str) -> None:
    async with await connect(database_url) as connection:
        cursor = await connection.execute("SELECT now()")
        row = await cursor.fetchone()
        assert row is not None
        await add_approval(connection, "kept", row[0] - 30 * DAY + timedelta(hours=1))
        await add_approval(connection, "gone", row[0] - 30 * DAY)

        assert await run_retention(connection, settings=ROOM)

        assert await names(connection) == "kept"
        assert await run_retention(connection, settings=ROOM) is None


# Two days in which a night of the zone has 23 and 25 hours, and one that was left out.
@pytest.mark.parametrize(
    ("zone", "now"),
    [
        ("America/New_York", datetime(2026, 3, 9, 6, 30, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 2, 5, 30, tzinfo=UTC)),
        ("Pacific/Apia", datetime(2011, 12, 31, 12, tzinfo=UTC)),
    ],
    ids=["short", "long", "skipped"],
)
async def test_a_day_has_24_hours_in_every_time_zone(
    database_url: str, zone: str, now: datetime
) -> None:
    settings = RetentionSettings(1, 99, 1, 99, 1)
    async with await connect(database_url) as connection:
        await connection.execute("SELECT set_config('timezone', %s, false)", (zone,))
        await add_approval(connection, "a_kept", now - DAY)
        await add_approval(connection, "a_gone", now - DAY - INSTANT)
        await add_answer(connection, "b_kept", now - DAY)
        await add_answer(connection, "b_gone", now - DAY - INSTANT)
        await add_nonce(connection, "c_kept", int((now - DAY).timestamp() * 1000))
        await add_nonce(connection, "c_gone", int((now - DAY).timestamp() * 1000) - 1)

        await run(connection, settings=settings, now=now)

        assert await names(connection) == "a_kept b_kept c_kept"


async def test_the_largest_settings_can_be_used(database_url: str) -> None:
    most = RetentionSettings(36_500, 10**9, 36_500, 10**9, 36_500)
    async with await connect(database_url) as connection:
        await add_approval(connection, "a", NOW - 36_500 * DAY)
        await add_nonce(connection, "n", 0)

        assert await run(connection, settings=most) == NOTHING


async def test_without_settings_the_environment_counts(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETENTION_NONCES_DAYS", "2")
    async with await connect(database_url) as connection:
        await add_nonce(connection, "kept", int((NOW - 2 * DAY).timestamp() * 1000))

        assert await run_retention(connection, now=NOW) == NOTHING


async def test_wrong_arguments_take_no_turn(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await connect(database_url) as connection:
        with pytest.raises(InvalidArgument, match="`batch_size` is 0"):
            await run_retention(connection, batch_size=0)
        with pytest.raises(NaiveTime, match="`now`"):
            await run_retention(connection, now=NOW.replace(tzinfo=None))
        with monkeypatch.context() as wrong:
            wrong.setenv("RETENTION_NONCES_DAYS", "0")
            with pytest.raises(InvalidSetting, match="RETENTION_NONCES_DAYS"):
                await run_retention(connection)

        assert await run_retention(connection, now=NOW) == NOTHING


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
async def test_at_a_higher_isolation_whoever_comes_late_has_no_turn(
    database_url: str, level: str
) -> None:
    async with (
        await connect(database_url) as connection,
        await connect(database_url) as other,
    ):
        await connection.execute(
            "INSERT INTO assistly_retention VALUES (1, %s)", (NOW,)
        )
        later = NOW + DAY
        async with connection.transaction():
            # The snapshot is from before the other's turn.
            await connection.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
            await connection.execute("SELECT 1")
            assert await run_retention(other, settings=ROOM, now=later)

            assert await run_retention(connection, settings=ROOM, now=later) is None
