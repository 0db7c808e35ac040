"""Reads of tokens and of analyses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from benchmarks.conversations_samples import Connection, Read, Samples
from datalayer.domains.conversations.analyses import claim_analysis
from datalayer.domains.conversations.usage import (
    get_usage,
    list_daily_usage,
    list_sliding_usage,
    list_usage,
)

_WINDOWS = {
    "1 h": timedelta(hours=1),
    "5 h": timedelta(hours=5),
    "7 d": timedelta(days=7),
}


def list_usage_reads(samples: Samples) -> Iterator[Read]:
    """Return windows, days, buckets and sliding windows."""
    for name, duration in _WINDOWS.items():
        yield Read(
            f"tokens of an account in {name}", partial(_window, samples, duration)
        )
    yield from _other_windows(samples)
    yield Read(
        "tokens of an account on each of 30 days",
        lambda connection, call: list_daily_usage(
            connection, account_id=samples.account(call), until=samples.until
        ),
    )
    yield Read(
        "tokens of an account in each hour of 7 d",
        lambda connection, call: list_usage(
            connection,
            account_id=samples.account(call),
            since=samples.after(days=7),
            until=samples.until,
            width=timedelta(hours=1),
        ),
    )
    yield Read(
        "windows of 5 h of an account, each 10 min of a day",
        lambda connection, call: list_sliding_usage(
            connection,
            account_id=samples.account(call),
            since=samples.after(days=1),
            until=samples.until,
            step=timedelta(minutes=10),
        ),
    )


def _window(
    samples: Samples, duration: timedelta, connection: Connection, call: int
) -> object:
    return get_usage(
        connection,
        account_id=samples.account(call),
        duration=duration,
        until=samples.until,
    )


def _other_windows(samples: Samples) -> Iterator[Read]:
    yield Read(
        "tokens of the largest train in 5 h",
        lambda connection, _: get_usage(
            connection, train_id=samples.large_train, until=samples.until
        ),
    )
    yield Read(
        "tokens of an account in 7 d, one train, one model",
        lambda connection, call: get_usage(
            connection,
            account_id=samples.account(call),
            train_id=samples.train(call % 20),
            model="claude-sonnet-4-5",
            duration=timedelta(days=7),
            until=samples.until,
        ),
    )


def list_analysis_reads(_samples: Samples) -> Iterator[Read]:
    """Return what workers do all the time."""
    yield Read(
        "claim of an analysis",
        lambda connection, _: claim_analysis(connection, lease=timedelta(minutes=5)),
        changes=True,
    )
