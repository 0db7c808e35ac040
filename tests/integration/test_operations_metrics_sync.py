# Derived by scripts/async_to_sync.py from test_operations_metrics_aio.py; do not edit.
"""Counters and latencies, also where somebody has left something else."""

from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from datalayer.domains.operations import (
    Latency,
    Metrics,
    get_metrics,
    increment_counter,
    observe_latency,
)
from datalayer.domains.operations.errors import InvalidLatency
from datalayer.runtime import JsonValue

pytestmark = pytest.mark.postgres


def connect(url: str) -> Connection[Any]:
    return Connection.connect(url, autocommit=True)


def store(connection: Connection[Any], payload: JsonValue) -> None:
    connection.execute("TRUNCATE assistly_metrics")
    connection.execute(
        "INSERT INTO assistly_metrics (id, payload) VALUES (1, %s)", [Jsonb(payload)]
    )


def load(connection: Connection[Any]) -> JsonValue:
    rows = connection.execute("SELECT payload FROM assistly_metrics")
    [(payload,)] = rows.fetchall()
    stored: JsonValue = payload
    return stored


def test_there_are_no_metrics_before_the_first(database_url: str) -> None:
    with connect(database_url) as connection:
        metrics = get_metrics(connection)

    assert metrics == Metrics(counters={}, latencies={}, updated_at=None)


def test_a_counter_begins_at_zero(database_url: str) -> None:
    with connect(database_url) as connection:
        created = increment_counter(connection, name="new", amount=0)
        counted = [
            increment_counter(connection, name="posts"),
            increment_counter(connection, name="posts", amount=41),
            increment_counter(connection, name="posts", amount=-50),
            increment_counter(connection, name="a name, 'quoted' \"too\""),
        ]
        metrics = get_metrics(connection)

    assert created == 0
    assert counted == [1, 42, -8, 1]
    assert metrics.counters == {"new": 0, "posts": -8, "a name, 'quoted' \"too\"": 1}
    assert metrics.latencies == {}
    assert metrics.updated_at is not None


def test_a_latency_has_count_total_and_maximum(database_url: str) -> None:
    with connect(database_url) as connection:
        for milliseconds in (0.1, Decimal("0.2"), 3, 0):
            observe_latency(connection, name="post", milliseconds=milliseconds)
        observe_latency(connection, name="other", milliseconds=0)
        metrics = get_metrics(connection)
        payload = load(connection)

    assert metrics.latencies == {
        "post": Latency(count=4, total=3.3, max=3.0),
        "other": Latency(count=1, total=0.0, max=0.0),
    }
    assert payload == {
        "latencies": {
            "post": {"count": 4, "total": 3.3, "max": 3},
            "other": {"count": 1, "total": 0, "max": 0},
        }
    }


def test_counters_and_latencies_leave_each_other_alone(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        store(connection, {"version": 2, "counters": {"kept": 1}})
        observe_latency(connection, name="post", milliseconds=1)
        increment_counter(connection, name="posts")
        payload = load(connection)

    assert payload == {
        "version": 2,
        "counters": {"kept": 1, "posts": 1},
        "latencies": {"post": {"count": 1, "total": 1, "max": 1}},
    }


def test_what_is_stored_last_is_the_newest(database_url: str) -> None:
    with connect(database_url) as connection:
        increment_counter(connection, name="posts")
        first = get_metrics(connection)
        observe_latency(connection, name="post", milliseconds=1)
        second = get_metrics(connection)
        increment_counter(connection, name="posts")
        third = get_metrics(connection)

    assert first.updated_at is not None
    assert second.updated_at is not None
    assert third.updated_at is not None
    assert first.updated_at < second.updated_at < third.updated_at


_RUBBISH: list[JsonValue] = [
    None,
    [],
    [{"counters": {"posts": 5}}],
    "text",
    7,
    {},
    {"counters": None, "latencies": None},
    {"counters": [1], "latencies": ["post"]},
    {"counters": "posts", "latencies": 3},
    {"counters": {"posts": None}, "latencies": {"post": None}},
    {"counters": {"posts": "5"}, "latencies": {"post": [1]}},
    {"counters": {"posts": {"a": 1}}, "latencies": {"post": {}}},
    {"counters": {"posts": True}, "latencies": {"post": {"count": "1"}}},
    {
        "counters": {"posts": [5]},
        "latencies": {"post": {"count": None, "total": "NaN", "max": [9]}},
    },
]


def test_rubbish_counts_as_nothing(database_url: str) -> None:
    with connect(database_url) as connection:
        for payload in _RUBBISH:
            store(connection, payload)
            before = get_metrics(connection)
            counted = increment_counter(connection, name="posts", amount=3)
            observe_latency(connection, name="post", milliseconds=2)
            after = get_metrics(connection)

            assert (payload, before.counters) == (payload, {})
            assert (payload, counted) == (payload, 3)
            assert (payload, after.counters) == (payload, {"posts": 3})
            assert after.latencies == {"post": Latency(count=1, total=2.0, max=2.0)}


def test_of_a_fraction_the_whole_part_counts(database_url: str) -> None:
    with connect(database_url) as connection:
        store(
            connection,
            {
                "counters": {"posts": 2.9, "other": -2.9},
                "latencies": {"post": {"count": 1.9, "total": 2.5}},
            },
        )
        before = get_metrics(connection)
        posts = increment_counter(connection, name="posts")
        other = increment_counter(connection, name="other")
        observe_latency(connection, name="post", milliseconds=1)
        after = get_metrics(connection)

    assert before.counters == {"posts": 2, "other": -2}
    assert before.latencies == {"post": Latency(count=1, total=2.5, max=0.0)}
    assert (posts, other) == (3, -1)
    assert after.counters == {"posts": 3, "other": -1}
    assert after.latencies == {"post": Latency(count=2, total=3.5, max=1.0)}


def test_numbers_beyond_a_float_are_left_out(database_url: str) -> None:
    with connect(database_url) as connection:
        connection.execute(
            "INSERT INTO assistly_metrics (id, payload)"
            """ VALUES (1, '{"counters": {"large": 1e400, "small": 1},"""
            """ "latencies": {"post": {"count": 2, "total": 1e400, "max": 3}}}')"""
        )
        metrics = get_metrics(connection)

    assert metrics.counters == {"small": 1}
    assert metrics.latencies == {"post": Latency(count=2, total=0.0, max=3.0)}


_NO_LATENCIES: list[float | Decimal] = [
    -1,
    -1e-300,
    float("nan"),
    float("inf"),
    float("-inf"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    Decimal("-0.001"),
]


def test_what_is_no_latency_is_refused(database_url: str) -> None:
    with connect(database_url) as connection:
        observe_latency(connection, name="post", milliseconds=1)
        for milliseconds in _NO_LATENCIES:
            with pytest.raises(InvalidLatency) as caught:
                observe_latency(connection, name="post", milliseconds=milliseconds)

            assert caught.value.name == "post"
            assert caught.value.milliseconds is milliseconds
        metrics = get_metrics(connection)

    assert metrics.latencies == {"post": Latency(count=1, total=1.0, max=1.0)}
