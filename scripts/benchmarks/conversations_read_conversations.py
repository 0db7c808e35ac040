"""Reads of conversations and of what trains did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from benchmarks.conversations_samples import Read, Samples, conversation_id
from datalayer.queries.conversations import conversation, statistics

#: Blocks of a page of 50: each of its conversations is found by its last request, so
#: that all the others are walked past, and there are 300 at most. A filter walks past
#: the conversations that it leaves out, too.
_OF_A_PAGE = 20_000
_FILTERED = 5
_FILTERS = {"account_id", "has_subtasks", "model"}


def list_conversation_reads(samples: Samples) -> Iterator[Read]:
    """Return pages of conversations, their number, single ones and their branches."""
    yield from _pages(samples)
    yield Read(
        "a conversation by its id",
        lambda connection, call: conversation.get_conversation(
            connection, conversation_id=conversation_id(samples.number(call))
        ),
        index_only=True,
        at_most=100,
    )
    yield Read(
        "branches of 50 conversations",
        lambda connection, _: conversation.list_branches(
            connection,
            conversation_ids=[conversation_id(number) for number in samples.branched],
        ),
        index_only=True,
        at_most=1_000,
    )


def _pages(samples: Samples) -> Iterator[Read]:
    deep = {"after_timestamp": samples.middle, "after_request_id": UUID(int=0)}
    pages: dict[str, dict[str, object]] = {
        "first page": {},
        "a deep page": deep,
        "a deep page before a day": deep | {"until": samples.after(days=1)},
        "first page of a model": {"model": "gpt-5"},
        "first page of an account": {"account_id": "account-1"},
        "first page with sub-tasks": {"has_subtasks": True},
        "first page without sub-tasks": {"has_subtasks": False},
        "page of a day": {
            "since": samples.middle,
            "until": samples.middle + timedelta(days=1),
        },
    }
    for train in (samples.large_train, samples.small_train):
        size = "largest" if train == samples.large_train else "smallest"
        for title, options in pages.items():
            yield Read(
                f"conversations: {title}, {size} train",
                lambda connection, _, train=train, options=options: (  # type: ignore[misc]
                    conversation.list_conversations(
                        connection, train_id=train, **options
                    )
                ),
                index_only=True,
                at_most=_OF_A_PAGE * (_FILTERED if set(options) & _FILTERS else 1),
            )
        yield Read(
            f"conversations: number of them, {size} train",
            lambda connection, _, train=train: conversation.count_conversations(  # type: ignore[misc]
                connection, train_id=train
            ),
            index_only=True,
        )


def list_statistics_reads(samples: Samples) -> Iterator[Read]:
    """Return counts and sums of trains, of a day and of all time."""
    spans = {"a day": samples.after(days=1), "all time": samples.since}
    listings: dict[str, Callable[..., object]] = {
        "statistics": statistics.get_statistics,
        "statistics by model": statistics.list_model_statistics,
        "statistics by type": statistics.list_type_statistics,
        "dashboard": statistics.get_dashboard_statistics,
    }
    for what, function in listings.items():
        for length, since in spans.items():
            yield _of_a_train(f"{what} of {length}", samples, function, since)
    hourly: dict[str, Callable[..., object]] = {
        "hours as stored": statistics.list_hourly_statistics,
        "hours as counted now": statistics.list_hourly_activity,
    }
    for what, function in hourly.items():
        yield _of_a_train(f"{what}, of 7 d", samples, function, samples.after(days=7))
    yield Read(
        "hours as stored, of 7 d, all trains",
        lambda connection, _: statistics.list_hourly_statistics(
            connection, since=samples.after(days=7), until=samples.until
        ),
    )
    yield Read(
        "trains by activity",
        lambda connection, _: statistics.list_active_trains(connection),
        index_only=True,
        at_most=5_000,
    )


def _of_a_train(
    title: str, samples: Samples, function: Callable[..., object], since: datetime
) -> Read:
    return Read(
        f"{title}, largest train",
        lambda connection, _: function(
            connection,
            train_id=samples.large_train,
            since=since,
            until=samples.until,
        ),
    )
