"""What each index on the requests weighs, and what it costs whoever stores them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.conversations_load import Loaded, hurry
from benchmarks.conversations_samples import conversation_id, request_id
from benchmarks.conversations_traffic import make_exchanges
from benchmarks.measure import Contender, Timing, cpu_clock, measure
from benchmarks.report import Figure, Row, Table
from datalayer.queries.conversations.request import complete_request, create_request
from datalayer.runtime.json import dumps

#: How many pairs the write-ahead log is weighed with.
_WEIGHED = 300
_NOTE = """\
A pair is a request and its response, stored one after the other by the statements of
the writer. Time is what the server's process had of the processor, where the system
tells it. An index is dropped in a transaction that stores pairs and is rolled back.
Storing a response writes the row anew, so that each index gets a second entry."""

Connection = psycopg.Connection[Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Choice:
    """Indexes that are dropped to see what they cost, under one name."""

    name: str
    dropped: tuple[str, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a pair takes, without some indexes."""

    timing: Timing
    #: Bytes of the write-ahead log.
    log: float


def measure_indexes(loaded: Loaded, *, rounds: int, say: Say) -> list[Table]:
    """Store pairs without each index in turn, and with all and without all."""
    say("storing requests without some indexes")
    with (
        psycopg.connect(loaded.url, autocommit=True) as settings,
        # Pages that are logged whole, now and then, would hide the rest.
        hurry(settings),
        psycopg.connect(loaded.url) as connection,
    ):
        choices = _choices(connection)
        clock = cpu_clock(connection.info.backend_pid) or time.perf_counter
        pairs = store_pairs(connection, loaded.conversations)
        timings = measure(
            [_contender(connection, choice, pairs, clock) for choice in choices],
            rounds=rounds,
        )
        costs = [
            Cost(timing, _log(connection, choice, pairs))
            for choice, timing in zip(choices, timings, strict=True)
        ]
        connection.rollback()
    return [_tabulate(loaded, choices, costs)]


def store_pairs(connection: Connection, conversations: int) -> Iterator[None]:
    """Store a request and its response at each step, in trains of different sizes."""
    chance = Random(1)
    for number, exchange in enumerate(make_exchanges("")):
        request, response = exchange.request, exchange.response
        continued = chance.randint(1, conversations)
        create_request(
            connection,
            request_id=request.request_id,
            timestamp=request.timestamp,
            train_id=f"train-{1 + int(200 * chance.random() ** 4):03}",
            account_id=f"account-{number % 20}",
            path=request.path,
            headers=dumps(request.headers).decode(),
            body=dumps(request.body).decode(),
            request_type="inference",
            model="claude-sonnet-4-5",
            current_message_hash=f"{chance.getrandbits(256):064x}",
            parent_message_hash=f"{chance.getrandbits(256):064x}",
            system_hash=f"{number % 50:064x}",
            conversation_id=conversation_id(continued),
            message_count=3,
            parent_request_id=request_id(continued, 0),
        )
        complete_request(
            connection,
            request_id=request.request_id,
            response_status=response.status,
            response_body=dumps(response.body).decode(),
            duration_ms=response.duration_ms,
            first_token_ms=response.first_token_ms,
            input_tokens=900,
            output_tokens=200,
        )
        yield


def _choices(connection: Connection) -> list[Choice]:
    indexes: list[tuple[str, int]] = connection.execute(
        "SELECT relname, pg_relation_size(pg_class.oid)"
        " FROM pg_class INNER JOIN pg_index ON indexrelid = pg_class.oid"
        " WHERE indrelid = 'api_requests'::regclass AND NOT indisprimary"
        " ORDER BY 2 DESC, 1"
    ).fetchall()
    names = tuple(name for name, _ in indexes)
    total = sum(size for _, size in indexes)
    return [
        Choice("all indexes", (), total),
        *(Choice(f"without {name}", (name,), size) for name, size in indexes),
        Choice("without all but the key", names, total),
    ]


def _contender(
    connection: Connection,
    choice: Choice,
    pairs: Iterator[None],
    clock: Callable[[], float],
) -> Contender:
    return Contender(
        choice.name,
        lambda _: next(pairs),
        lambda _: _drop(connection, choice, pairs),
        clock=clock,
    )


def _drop(connection: Connection, choice: Choice, pairs: Iterator[None]) -> None:
    connection.rollback()
    for name in choice.dropped:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    # Plans are made anew after the indexes have changed.
    next(pairs)


def _log(connection: Connection, choice: Choice, pairs: Iterator[None]) -> float:
    _drop(connection, choice, pairs)
    started = _position(connection)
    for _ in range(_WEIGHED):
        next(pairs)
    return (_position(connection) - started) / _WEIGHED


def _position(connection: Connection) -> int:
    row = connection.execute(
        "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"
    ).fetchone()
    assert row is not None
    return int(row[0])


def _tabulate(
    loaded: Loaded, choices: Sequence[Choice], costs: Sequence[Cost]
) -> Table:
    whole = costs[0]
    return Table(
        f"indexes on {loaded.requests:,} requests: a request and its response stored",
        ("size", "a request", "pair takes", "saves", "log of a pair", "saves log"),
        tuple(
            Row(
                choice.name,
                (
                    Figure(choice.bytes, "B"),
                    Figure(choice.bytes / loaded.requests, "B"),
                    Figure(cost.timing.median, "s"),
                    Figure(100 * (1 - cost.timing.median / whole.timing.median), "%"),
                    Figure(cost.log, "B"),
                    Figure(100 * (1 - cost.log / whole.log), "%"),
                ),
            )
            for choice, cost in zip(choices, costs, strict=True)
        ),
        note=_NOTE,
    )
