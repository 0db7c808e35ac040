"""Reads of requests, one by one and in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

from benchmarks.conversations_samples import (
    Connection,
    Read,
    Samples,
    conversation_id,
    request_id,
)
from datalayer.queries.conversations import chunk, request
from datalayer.runtime import UNSET

#: Rows of a page.
_PAGE = 100
#: Blocks that a row may take, with its part of the way through an index.
_BLOCKS_A_ROW = 4
_OF_A_PAGE = _BLOCKS_A_ROW * _PAGE


def list_request_reads(samples: Samples) -> Iterator[Read]:
    """Return single requests, pages of them, and what belongs to them."""
    yield Read(
        "a request by its id",
        lambda connection, call: request.get_request(
            connection, request_id=request_id(samples.number(call), 0)
        ),
        at_most=10,
    )
    yield Read(
        "chunks of a request",
        lambda connection, call: chunk.list_chunks(
            connection,
            request_id=request_id(samples.number(call) // 100 * 100 + 1, 0),
        ),
    )
    yield from _pages(samples)
    yield from _conversations(samples)
    yield from _subtasks(samples)


def _pages(samples: Samples) -> Iterator[Read]:
    trains = (("largest", samples.large_train), ("smallest", samples.small_train))
    places = (("first", None), ("a deep", samples.middle))
    listings: tuple[tuple[str, Callable[..., object]], ...] = (
        ("requests", request.list_requests),
        ("failed requests", request.list_failed_requests),
    )
    for what, listing in listings:
        for size, train in trains:
            for place, before in places:
                yield Read(
                    f"{place} page of {what}, {size} train",
                    lambda connection, _, f=listing, train=train, before=before: f(  # type: ignore[misc]
                        connection,
                        train_id=train,
                        after_timestamp=before or UNSET,
                        after_request_id=UUID(int=0) if before else UNSET,
                        row_limit=_PAGE,
                    ),
                    at_most=_OF_A_PAGE,
                )


def _conversations(samples: Samples) -> Iterator[Read]:
    for size, numbers in (("some", ()), ("the longest", samples.longest)):

        def choose(call: int, numbers: tuple[int, ...] = numbers) -> UUID:
            if not numbers:
                return conversation_id(samples.number(call))
            return conversation_id(numbers[call % len(numbers)])

        yield Read(
            f"requests of a conversation, {size}",
            lambda connection, call, choose=choose: request.list_conversation_requests(  # type: ignore[misc]
                connection, conversation_id=choose(call), row_limit=_PAGE
            ),
            at_most=_OF_A_PAGE,
        )
        yield Read(
            f"requests of a branch, {size}",
            lambda connection, call, choose=choose: request.list_branch_requests(  # type: ignore[misc]
                connection,
                conversation_id=choose(call),
                branch_id="main",
                row_limit=_PAGE,
            ),
            at_most=_OF_A_PAGE,
        )


def _subtasks(samples: Samples) -> Iterator[Read]:
    def parent(call: int) -> UUID:
        return request_id(samples.with_tasks[call % len(samples.with_tasks)], 5)

    yield Read(
        "sub-tasks of a request",
        lambda connection, call: request.list_subtasks(
            connection, request_id=parent(call)
        ),
        at_most=_OF_A_PAGE,
    )
    yield Read(
        "counts of sub-tasks of 100 requests",
        lambda connection, _: count_subtasks(connection, samples),
        at_most=_OF_A_PAGE,
    )


def count_subtasks(connection: Connection, samples: Samples) -> object:
    """Count the sub-tasks of as many requests as a page has."""
    ids = [
        request_id(number, place)
        for number in samples.with_tasks[:10]
        for place in range(_PAGE // 10)
    ]
    return request.list_subtask_counts(connection, request_ids=ids)
