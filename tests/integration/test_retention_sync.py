# Derived by scripts/async_to_sync.py from test_retention_aio.py; do not edit.
"""What retention removes, and what it leaves: synchronously."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from datalayer.domains.errors import InvalidArgument, NaiveTime
from datalayer.domains.operations import (
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


def connect(url: str) -> Connection[Any]:
    return Connection.connect(url, autocommit=True)


def add_approval(
    connection: Connection[Any],
    name: str,
    created_at: datetime,
    status: str = "approved",
) -> None:
    connection.execute(
        "INSERT INTO assistly_approvals (id, status, created_at, decided_at, payload)"
        " VALUES (%s, %s, %s, %s, '{}')",
        (name, status, created_at, None if status == "pending" else NOW),
    )


def add_answer(
    connection: Connection[Any], name: str, saved_at: datetime, state: str = "done"
) -> None:
    connection.execute(
        "INSERT INTO assistly_idempotency (key, state, saved_at, value)"
        " VALUES (%s, %s, %s, %s)",
        (name, state, saved_at, None if state == "in_flight" else "null"),
    )


def add_nonce(connection: Connection[Any], name: str, timestamp_ms: int) -> None:
    connection.execute(
        "INSERT INTO assistly_nonces VALUES (%s, %s)", (name, timestamp_ms)
    )


def names(connection: Connection[Any]) -> str:
    """Return what is left in the three tables, sorted."""
    cursor = connection.execute(
        "SELECT id FROM assistly_approvals UNION ALL SELECT key FROM"
        " assistly_idempotency UNION ALL SELECT nonce FROM assistly_nonces ORDER BY 1"
    )
    return " ".join([row[0] for row in cursor.fetchall()])


def run(connection: Connection[Any], **arguments: Any) -> RetentionReport:  # noqa: ANN401
    report = run_retention(
        connection, **{"settings": ROOM, "now": NOW, "force": True, **arguments}
    )
    assert report is not None
    return report


def test_a_row_of_exactly_the_age_limit_is_kept(database_url: str) -> None:
    with connect(database_url) as connection:
        limit_ms = int((NOW - DAY).timestamp() * 1000)
        add_approval(connection, "a_kept", NOW - 30 * DAY)
        add_approval(connection, "a_gone", NOW - 30 * DAY - INSTANT)
        add_answer(connection, "b_kept", NOW - 14 * DAY)
        add_answer(connection, "b_gone", NOW - 14 * DAY - INSTANT)
        add_nonce(connection, "c_kept", limit_ms)
        add_nonce(connection, "c_gone", limit_ms - 1)

        report = run(connection)

        assert names(connection) == "a_kept b_kept c_kept"
    assert report == RetentionReport(1, 0, 1, 0, 1)
    assert report.removed == 3


def test_a_limit_between_milliseconds_keeps_the_later_one(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        limit_ms = int((NOW - DAY).timestamp() * 1000)
        add_nonce(connection, "before", limit_ms)
        add_nonce(connection, "after", limit_ms + 1)

        run(connection, now=NOW + INSTANT)

        assert names(connection) == "after"


def test_nonces_before_1970_and_far_ahead_do_no_harm(database_url: str) -> None:
    with connect(database_url) as connection:
        add_nonce(connection, "first", -(2**63))
        add_nonce(connection, "last", 2**63 - 1)

        run(connection)

        assert names(connection) == "last"


def test_what_is_undecided_or_under_way_stays_for_ever(
    database_url: str,
) -> None:
    strict = RetentionSettings(1, 1, 1, 1, 1)
    with connect(database_url) as connection:
        for number in range(3):
            old = NOW - (100 + number) * DAY
            add_approval(connection, f"pending{number}", old, "pending")
            add_answer(connection, f"in_flight{number}", old, "in_flight")

        assert run(connection, settings=strict) == NOTHING


def test_the_newest_stay_and_the_undecided_count_among_them(
    database_url: str,
) -> None:
    settings = replace(ROOM, max_approvals=3, max_idempotency=3)
    with connect(database_url) as connection:
        for number, kind in enumerate(["new", "open", "edge", "surplus", "open2"]):
            at = NOW - timedelta(minutes=number)
            is_open = kind.startswith("open")
            status, state = "pending" if is_open else "rejected", "done"
            add_approval(connection, f"a_{kind}", at, status)
            state = "in_flight" if is_open else "done"
            add_answer(connection, f"b_{kind}", at, state)

        report = run(connection, settings=settings)

        kept = ["a_edge", "a_new", "a_open", "a_open2"]
        assert names(connection) == " ".join(
            [*kept, *[name.replace("a_", "b_") for name in kept]]
        )
    assert report == RetentionReport(0, 1, 0, 1, 0)


@pytest.mark.parametrize("size", [1, 1000])
def test_of_the_same_age_the_greater_names_stay(database_url: str, size: int) -> None:
    settings = replace(ROOM, max_approvals=2, max_idempotency=2)
    with connect(database_url) as connection:
        for letter in "cadb":
            add_approval(connection, f"a_{letter}", NOW)
            add_answer(connection, f"b_{letter}", NOW)

        run(connection, settings=settings, batch_size=size)

        assert names(connection) == "a_c a_d b_c b_d"


def test_as_many_as_the_maximum_stay(database_url: str) -> None:
    settings = replace(ROOM, max_approvals=3)
    with connect(database_url) as connection:
        for letter in "abc":
            add_approval(connection, letter, NOW)

        assert run(connection, settings=settings) == NOTHING


def test_what_is_too_old_and_too_much_counts_as_old(database_url: str) -> None:
    settings = RetentionSettings(1, 2, 1, 2, 1)
    with connect(database_url) as connection:
        for number in range(6):
            at = NOW - number * timedelta(hours=7)
            add_approval(connection, f"a{number}", at)
            add_answer(connection, f"b{number}", at)

        report = run(connection, settings=settings)
        again = run(connection, settings=settings)

        assert names(connection) == "a0 a1 b0 b1"
    assert report == RetentionReport(2, 2, 2, 2, 0)
    assert again == NOTHING


@pytest.mark.parametrize("size", [1, 2, 3, 4, 100])
def test_batches_remove_the_same(database_url: str, size: int) -> None:
    told: list[RetentionProgress] = []
    with connect(database_url) as connection:
        for number in range(4):
            add_nonce(connection, f"{number}", number)

        report = run(connection, batch_size=size, report=told.append)

        assert names(connection) == ""
    assert report == RetentionReport(0, 0, 0, 0, 4)
    whole = [*range(size, 4, size), 4]
    assert told == [RetentionProgress("old_nonces", count) for count in whole]


def test_finished_batches_stay_when_it_is_interrupted(database_url: str) -> None:
    def interrupt(progress: RetentionProgress) -> None:
        if progress.removed == 4:
            raise KeyboardInterrupt

    with connect(database_url) as connection:
        for number in range(6):
            add_nonce(connection, f"{number}", number)
        connection.set_autocommit(False)

        with pytest.raises(KeyboardInterrupt):
            run(connection, batch_size=2, report=interrupt)

        connection.rollback()
        assert names(connection) == "4 5"


def test_in_a_transaction_of_the_caller_all_can_be_taken_back(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        add_nonce(connection, "old", 0)

        with connection.transaction(force_rollback=True):
            assert run_retention(connection, settings=ROOM, now=NOW)
            assert names(connection) == ""

        assert names(connection) == "old"
        assert run_retention(connection, settings=ROOM, now=NOW)


def test_a_locked_row_waits_until_next_time(database_url: str) -> None:
    with (
        connect(database_url) as connection,
        connect(database_url) as other,
    ):
        # It waits for nobody; a version that did would wait for ever.
        connection.execute("SET lock_timeout = '20s'")
        for name in ("free", "held", "loose"):
            add_approval(connection, name, NOW - 99 * DAY)
        with other.transaction():
            other.execute("SELECT FROM assistly_approvals WHERE id = 'held' FOR UPDATE")

            first = run(connection, batch_size=1)

            assert names(connection) == "held"
        second = run(connection)

    assert (first.removed, second.removed) == (2, 1)


def test_one_turn_a_minute(database_url: str) -> None:
    minute = timedelta(minutes=1)
    moments = [NOW, NOW, NOW + minute - INSTANT, NOW + minute, NOW + 2 * minute]
    with connect(database_url) as connection:
        turns = [
            run_retention(connection, settings=ROOM, now=moment) is not None
            for moment in moments
        ]

    assert turns == [True, False, False, True, True]


def test_a_forced_run_neither_asks_for_a_turn_nor_takes_one(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        run(connection)

        assert run_retention(connection, settings=ROOM, now=NOW)
        assert run(connection) == NOTHING


def test_a_clock_that_is_put_back_does_not_stop_it(database_url: str) -> None:
    with connect(database_url) as connection:
        run_retention(connection, settings=ROOM, now=NOW + 3650 * DAY)

        assert run_retention(connection, settings=ROOM, now=NOW)
        assert not run_retention(connection, settings=ROOM, now=NOW - DAY / 2)
        assert run_retention(connection, settings=ROOM, now=NOW - DAY)


def test_without_now_the_clock_of_the_server_counts(database_url: str) -> None:
    with connect(database_url) as connection:
        cursor = connection.execute("SELECT now()")
        row = cursor.fetchone()
        assert row is not None
        add_approval(connection, "kept", row[0] - 30 * DAY + timedelta(hours=1))
        add_approval(connection, "gone", row[0] - 30 * DAY)

        assert run_retention(connection, settings=ROOM)

        assert names(connection) == "kept"
        assert run_retention(connection, settings=ROOM) is None


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
def test_a_day_has_24_hours_in_every_time_zone(
    database_url: str, zone: str, now: datetime
) -> None:
    settings = RetentionSettings(1, 99, 1, 99, 1)
    with connect(database_url) as connection:
        connection.execute("SELECT set_config('timezone', %s, false)", (zone,))
        add_approval(connection, "a_kept", now - DAY)
        add_approval(connection, "a_gone", now - DAY - INSTANT)
        add_answer(connection, "b_kept", now - DAY)
        add_answer(connection, "b_gone", now - DAY - INSTANT)
        add_nonce(connection, "c_kept", int((now - DAY).timestamp() * 1000))
        add_nonce(connection, "c_gone", int((now - DAY).timestamp() * 1000) - 1)

        run(connection, settings=settings, now=now)

        assert names(connection) == "a_kept b_kept c_kept"


def test_the_largest_settings_can_be_used(database_url: str) -> None:
    most = RetentionSettings(36_500, 10**9, 36_500, 10**9, 36_500)
    with connect(database_url) as connection:
        add_approval(connection, "a", NOW - 36_500 * DAY)
        add_nonce(connection, "n", 0)

        assert run(connection, settings=most) == NOTHING


def test_without_settings_the_environment_counts(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETENTION_NONCES_DAYS", "2")
    with connect(database_url) as connection:
        add_nonce(connection, "kept", int((NOW - 2 * DAY).timestamp() * 1000))

        assert run_retention(connection, now=NOW) == NOTHING


def test_wrong_arguments_take_no_turn(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(database_url) as connection:
        with pytest.raises(InvalidArgument, match="`batch_size` is 0"):
            run_retention(connection, batch_size=0)
        with pytest.raises(NaiveTime, match="`now`"):
            run_retention(connection, now=NOW.replace(tzinfo=None))
        with monkeypatch.context() as wrong:
            wrong.setenv("RETENTION_NONCES_DAYS", "0")
            with pytest.raises(InvalidSetting, match="RETENTION_NONCES_DAYS"):
                run_retention(connection)

        assert run_retention(connection, now=NOW) == NOTHING


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_at_a_higher_isolation_whoever_comes_late_has_no_turn(
    database_url: str, level: str
) -> None:
    with (
        connect(database_url) as connection,
        connect(database_url) as other,
    ):
        connection.execute("INSERT INTO assistly_retention VALUES (1, %s)", (NOW,))
        later = NOW + DAY
        with connection.transaction():
            # The snapshot is from before the other's turn.
            connection.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
            connection.execute("SELECT 1")
            assert run_retention(other, settings=ROOM, now=later)

            assert run_retention(connection, settings=ROOM, now=later) is None
