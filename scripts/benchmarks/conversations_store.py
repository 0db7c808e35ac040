"""What it takes to store a request with its response and its chunks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any

import psycopg

from benchmarks.conversations_chunks import SIZES, measure_chunks
from benchmarks.conversations_traffic import CHUNKS, Exchange, make_exchanges
from benchmarks.measure import Contender, Timing, measure
from benchmarks.report import Figure, Goal, Row, Table
from benchmarks.round_trips import count_round_trips
from datalayer.domains.conversations import (
    store_chunks,
    store_request,
    store_response,
)

_ROUND_TRIPS = 3
_NOTE = f"""\
A request of up to 39 messages, its response and {CHUNKS} chunks, by store_request,
store_response and store_chunks in autocommit mode, which wait for the disk after each.
Round trips are counted in what libpq traces. Linked ones find their conversation in a
transaction under the lock of their train."""

Connection = psycopg.Connection[Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to store an exchange."""

    name: str
    link: bool
    in_transaction: bool


WAYS = (
    Way("not linked", link=False, in_transaction=False),
    Way("not linked, 1 trans.", link=False, in_transaction=True),
    Way("linked", link=True, in_transaction=False),
)


def measure_store(
    url: str, *, sizes: Sequence[int] = SIZES, rounds: int, say: Say
) -> list[Table]:
    """Measure whole exchanges, and chunks beside other ways to store them."""
    say("storing requests with their responses and chunks")
    with ExitStack() as stack:
        places = [
            (way, stack.enter_context(psycopg.connect(url, autocommit=True)))
            for way in WAYS
        ]
        timings = measure([_contender(*place) for place in places], rounds=rounds)
        trips = [_count(*place) for place in places]
    return [
        _tabulate(timings, trips),
        measure_chunks(url, sizes=sizes, rounds=rounds, say=say),
    ]


def _contender(way: Way, connection: Connection) -> Contender:
    exchanges = make_exchanges(f"train {way.name}")
    ready: list[Exchange] = []

    def prepare(calls: int) -> None:
        ready[:] = reversed(list(itertools.islice(exchanges, calls)))

    return Contender(way.name, lambda _: _store(way, connection, ready.pop()), prepare)


def _store(way: Way, connection: Connection, exchange: Exchange) -> None:
    request_id = exchange.request.request_id
    with connection.transaction() if way.in_transaction else nullcontext():
        store_request(connection, request=exchange.request, link=way.link)
        store_response(connection, request_id=request_id, response=exchange.response)
        store_chunks(connection, request_id=request_id, chunks=exchange.chunks)


def _count(way: Way, connection: Connection) -> int:
    # The first one of a conversation, whose parent is searched in vain.
    exchange = next(make_exchanges(f"train {way.name} once more"))
    return count_round_trips(connection, lambda: _store(way, connection, exchange))


def _tabulate(timings: Sequence[Timing], trips: Sequence[int]) -> Table:
    least = trips[0]
    return Table(
        f"store: a request, its response and {CHUNKS} chunks",
        ("round trips", "median", "slowest"),
        tuple(
            Row(
                timing.name,
                (
                    Figure(count, "#"),
                    Figure(timing.median, "s"),
                    Figure(timing.slowest, "s"),
                ),
            )
            for timing, count in zip(timings, trips, strict=True)
        ),
        goals=(
            Goal(
                f"{_ROUND_TRIPS} round trips ({least})",
                least <= _ROUND_TRIPS,
                required=True,
            ),
        ),
        note=_NOTE,
    )
