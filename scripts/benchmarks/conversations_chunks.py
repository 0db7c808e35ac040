"""Ways to store the chunks of a streamed response."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg

from benchmarks.conversations_traffic import make_chunks
from benchmarks.measure import Contender, Timing, measure
from benchmarks.report import Figure, Goal, Row, Table
from datalayer.domains.conversations import ReceivedChunk, store_chunks

SIZES = (200, 100_000)
#: How many are stored row by row, where each takes as long as the others.
_ONE_BY_ONE = {"rows, 1 trans.": 2_000, "rows, autocommit": 200}
_AT_LEAST = 20.0
_OF_THE_FLOOR = 1.5
_INSERT = (
    "INSERT INTO streaming_chunks"
    " (request_id, chunk_index, timestamp, data, token_count)"
    " VALUES (%s, %s, %s, %s, %s)"
)
_COPY = (
    "COPY streaming_chunks (request_id, chunk_index, timestamp, data, token_count)"
    " FROM STDIN"
)
_TYPES = ("uuid", "int4", "timestamptz", "text", "int4")
_NOTE = """\
Time for each chunk. COPY is the bare statement, which refuses duplicates as a whole.
Row by row is one INSERT a chunk, prepared, each in its own transaction or all in one;
of 100,000 chunks those ways store 200 and 2,000. COPY is not 20 times as fast as rows
in one transaction either, where the server is on the same machine."""

Connection = psycopg.Connection[Any]
#: A chunk as SQL takes it.
Values = tuple[UUID, int, datetime, str, int]
Store = Callable[[Connection, list[Values]], object]


def _copy(connection: Connection, rows: Sequence[Values]) -> None:
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for row in rows:
            copy.write_row(row)


def _many(connection: Connection, rows: Sequence[Values]) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)


def _rows(connection: Connection, rows: Sequence[Values]) -> None:
    with connection.transaction():
        _each(connection, rows)


def _each(connection: Connection, rows: Sequence[Values]) -> None:
    cursor = connection.cursor()
    for row in rows:
        cursor.execute(_INSERT, row, prepare=True)


_OURS = "store_chunks"
#: What it is compared with; the last one is the floor.
_PEERS: dict[str, Store] = {
    "rows, autocommit": _each,
    "rows, 1 trans.": _rows,
    "executemany": _many,
    "COPY": _copy,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A connection and a request whose chunks are stored over it."""

    connection: Connection
    request_id: UUID


def _contender(name: str, place: Place, size: int) -> Contender:
    """Return the storing of so many chunks, each time with higher indexes."""
    amount = min(size, _ONE_BY_ONE.get(name, size))
    batches: Iterator[list[ReceivedChunk]] = (
        make_chunks(range(start, start + amount))
        for start in itertools.count(0, amount)
    )
    ready: list[Callable[[], object]] = []

    def prepare(calls: int) -> None:
        ready[:] = [
            _storing(name, place, batch) for batch in itertools.islice(batches, calls)
        ]

    return Contender(name, lambda _: ready.pop()(), prepare, units=amount)


def _storing(
    name: str, place: Place, chunks: list[ReceivedChunk]
) -> Callable[[], object]:
    if name == _OURS:
        return lambda: store_chunks(
            place.connection, request_id=place.request_id, chunks=chunks
        )
    rows = [_values(place.request_id, chunk) for chunk in chunks]
    return lambda: _PEERS[name](place.connection, rows)


def _values(request_id: UUID, chunk: ReceivedChunk) -> Values:
    assert chunk.timestamp is not None
    return (
        request_id,
        chunk.chunk_index,
        chunk.timestamp,
        chunk.data,
        chunk.token_count,
    )


def measure_chunks(
    url: str,
    *,
    sizes: Sequence[int] = SIZES,
    rounds: int,
    say: Callable[[str], None],
) -> Table:
    """Compare our function with what else there is, down to the bare COPY."""
    found: dict[int, list[Timing]] = {}
    for size in sizes:
        say(f"storing {size:,} chunks")
        with ExitStack() as stack:
            contenders = [
                _contender(name, _open(stack, url), size) for name in (_OURS, *_PEERS)
            ]
            found[size] = measure(contenders, rounds=rounds)
    return _tabulate(found)


def _open(stack: ExitStack, url: str) -> Place:
    connection = stack.enter_context(psycopg.connect(url, autocommit=True))
    request_id = uuid4()
    connection.execute(
        "INSERT INTO api_requests (request_id, timestamp, train_id, path, headers)"
        " VALUES (%s, now(), 'train-001', '/v1/messages', '{}')",
        [request_id],
    )
    return Place(connection, request_id)


def _tabulate(found: dict[int, list[Timing]]) -> Table:
    names = (_OURS, *_PEERS)
    return Table(
        "store: each chunk of one request",
        (*names, *(f"{name}/ours" for name in names[1:3]), "ours/COPY"),
        tuple(
            Row(
                f"{size:,} chunks",
                (
                    *(Figure(timing.median, "s") for timing in timings),
                    *(
                        Figure(timing.median / timings[0].median)
                        for timing in timings[1:3]
                    ),
                    Figure(timings[0].median / timings[-1].median),
                ),
            )
            for size, timings in found.items()
        ),
        goals=tuple(
            goal for size, timings in found.items() for goal in _judge(size, timings)
        ),
        note=_NOTE,
    )


def _judge(size: int, timings: Sequence[Timing]) -> Iterator[Goal]:
    ours, one_by_one, floor = (timings[number].median for number in (0, 1, -1))
    yield Goal(
        f"{size:,} chunks at least {_AT_LEAST:.0f} times as fast as row by row"
        f" ({one_by_one / ours:.1f})",
        one_by_one >= _AT_LEAST * ours,
    )
    yield Goal(
        f"{size:,} chunks at most {_OF_THE_FLOOR} times COPY ({ours / floor:.2f})",
        ours <= _OF_THE_FLOOR * floor,
    )
