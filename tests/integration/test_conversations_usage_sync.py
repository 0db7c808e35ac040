# Derived by scripts/async_to_sync.py from test_conversations_usage_aio.py; do not edit.
"""Token usage: windows, days, buckets and samples, and what is refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from datalayer.domains import errors
from datalayer.domains.conversations import (
    get_usage,
    list_daily_usage,
    list_sliding_usage,
    list_usage,
)

pytestmark = pytest.mark.postgres

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def connect(url: str) -> Connection[Any]:
    return Connection.connect(url, autocommit=True)


def store(
    connection: Connection[Any],
    *before: timedelta,
    account_id: str | None = "acc",
    train_id: str = "docs",
    model: str | None = "m",
    at: datetime = NOON,
) -> None:
    """Store requests, each so long before a time, of 10 tokens in and 1 out."""
    for each in before:
        connection.execute(
            "INSERT INTO api_requests (request_id, timestamp, train_id, account_id,"
            " model, path, headers, input_tokens, output_tokens,"
            " cache_creation_input_tokens, cache_read_input_tokens)"
            " VALUES (gen_random_uuid(), %s, %s, %s, %s, '/', '{}', 10, 1, 3, 4)",
            (at - each, train_id, account_id, model),
        )


def test_a_window_begins_at_its_first_moment_and_ends_before_its_last(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        store(connection, 0 * HOUR, MINUTE, 5 * HOUR, 5 * HOUR + MINUTE)

        used = get_usage(connection, account_id="acc", until=NOON)

    assert used.request_count == 2
    assert (used.input_tokens, used.output_tokens, used.total_tokens) == (20, 2, 22)
    assert used.cache_creation_input_tokens == 6
    assert used.cache_read_input_tokens == 8


def test_a_window_ends_now_by_the_clock_of_the_server(database_url: str) -> None:
    with connect(database_url) as connection:
        store(connection, MINUTE, 3 * HOUR, at=datetime.now(UTC))

        used = get_usage(connection, account_id="acc", duration=HOUR)

    assert used.request_count == 1


def test_a_window_without_requests_is_zero(database_url: str) -> None:
    with connect(database_url) as connection:
        used = get_usage(connection, train_id="docs", until=NOON)

    assert (used.request_count, used.total_tokens) == (0, 0)


def test_an_account_is_narrowed_down_by_train_and_model(
    database_url: str,
) -> None:
    scopes: list[dict[str, Any]] = [
        {"account_id": "acc"},
        {"account_id": "acc", "train_id": "docs"},
        {"account_id": "acc", "train_id": "docs", "model": "m"},
        {"train_id": "docs"},
        {"train_id": "docs", "model": "m"},
    ]
    with connect(database_url) as connection:
        store(connection, MINUTE)
        store(connection, MINUTE, train_id="web")
        store(connection, MINUTE, model=None)
        store(connection, MINUTE, account_id=None)
        store(connection, MINUTE, account_id="other")

        used = [get_usage(connection, until=NOON, **scope) for scope in scopes]

    assert [each.request_count for each in used] == [3, 2, 1, 4, 3]


def test_days_are_those_of_utc_in_every_session(database_url: str) -> None:
    """In Kolkata it is the next day from 18:30 UTC on."""
    with connect(database_url) as connection:
        connection.execute("SET timezone = 'Asia/Kolkata'")
        store(connection, 0 * HOUR, 12 * HOUR, 12 * HOUR + MINUTE, 2 * DAY)

        days = list_daily_usage(
            connection, account_id="acc", days=3, until=NOON + 11 * HOUR
        )

    assert [(day.used_on, day.request_count) for day in days] == [
        (date(2026, 3, 27), 1),
        (date(2026, 3, 28), 1),
        (date(2026, 3, 29), 2),
    ]


def test_buckets_without_requests_are_there_and_the_last_is_cut_off(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        store(connection, MINUTE, 3 * HOUR)

        buckets = list_usage(
            connection,
            train_id="docs",
            since=NOON - 3 * HOUR,
            until=NOON - MINUTE / 2,
            width=HOUR,
        )

    assert [bucket.request_count for bucket in buckets] == [1, 0, 1]
    assert [bucket.total_tokens for bucket in buckets] == [11, 0, 11]
    assert buckets[0].started_at == NOON - 3 * HOUR
    assert buckets[1].ended_at == buckets[2].started_at == NOON - HOUR
    assert buckets[2].ended_at == NOON - MINUTE / 2


def test_a_sample_is_the_window_before_it(database_url: str) -> None:
    with connect(database_url) as connection:
        store(connection, 0 * HOUR, HOUR, 2 * HOUR, 8 * HOUR)

        samples = list_sliding_usage(
            connection,
            account_id="acc",
            since=NOON - 3 * HOUR,
            until=NOON + 7 * HOUR,
            step=HOUR,
        )
        windows = [
            get_usage(connection, account_id="acc", until=sample.sampled_at)
            for sample in samples
        ]

    counts = [sample.request_count for sample in samples]
    assert counts == [1, 0, 1, 2, 3, 3, 3, 2, 1, 0, 0]
    assert counts == [window.request_count for window in windows]
    assert [s.total_tokens for s in samples] == [w.total_tokens for w in windows]


def test_no_time_has_no_buckets_and_one_sample(database_url: str) -> None:
    with connect(database_url) as connection:
        buckets = list_usage(
            connection, account_id="acc", since=NOON, until=NOON, width=HOUR
        )
        samples = list_sliding_usage(
            connection, account_id="acc", since=NOON, until=NOON, step=HOUR
        )
        reversed_samples = list_sliding_usage(
            connection, account_id="acc", since=NOON, until=NOON - HOUR, step=HOUR
        )

    assert (buckets, reversed_samples) == ([], [])
    assert [sample.request_count for sample in samples] == [0]


_Call = Callable[..., object]


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (get_usage, {}, "`account_id` is None"),
        (get_usage, {"train_id": "a\0b"}, "`train_id` is 'a\\\\x00b'"),
        (get_usage, {"train_id": "t", "duration": 0 * HOUR}, "`duration` is"),
        (get_usage, {"train_id": "t", "until": datetime(2026, 1, 1)}, "no time zone"),
        (list_daily_usage, {"train_id": "t", "days": 0}, "`days` is 0"),
        (list_daily_usage, {"train_id": "t", "days": 10**6}, "`days` is 1000000"),
        (
            list_usage,
            {"train_id": "t", "since": NOON, "until": NOON, "width": 0 * HOUR},
            "`width` is",
        ),
        (
            list_usage,
            {"train_id": "t", "since": NOON - DAY, "width": timedelta(microseconds=9)},
            "at most 100,000 points",
        ),
        (
            list_sliding_usage,
            {"train_id": "t", "since": NOON, "until": NOON + DAY, "step": -HOUR},
            "`step` is",
        ),
        (
            list_sliding_usage,
            {"train_id": "t", "since": NOON, "step": HOUR, "duration": 10**6 * DAY},
            "`duration` is",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    database_url: str, call: _Call, arguments: dict[str, object], message: str
) -> None:
    with connect(database_url) as connection:
        with pytest.raises((errors.InvalidArgument, errors.NaiveTime), match=message):
            call(connection, **arguments)
