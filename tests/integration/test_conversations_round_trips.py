"""How often storing a request, its response and its chunks waits for the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from counting_proxy import CountingProxy, counting_proxy

from datalayer.domains.conversations import (
    ReceivedChunk,
    ReceivedRequest,
    ReceivedResponse,
    store_chunks,
    store_request,
    store_response,
)
from datalayer.runtime import JsonInput

pytestmark = pytest.mark.postgres

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def through(
    tmp_path: Path, database_url: str
) -> Iterator[tuple[CountingProxy, psycopg.Connection[Any]]]:
    """A proxy, and a connection through it in autocommit mode."""
    with counting_proxy(tmp_path, database_url) as (proxy, url):
        connection = psycopg.connect(url, autocommit=True)
        with connection:
            yield proxy, connection


def a_request(number: int, turns: int = 1) -> ReceivedRequest:
    messages: list[JsonInput] = [{"role": "user", "content": "question 0"}]
    for turn in range(1, turns):
        messages.append({"role": "assistant", "content": f"answer {turn - 1}"})
        messages.append({"role": "user", "content": f"question {turn}"})
    return ReceivedRequest(
        request_id=UUID(int=number),
        timestamp=_FIRST + timedelta(minutes=number),
        train_id="team",
        path="/v1/messages",
        headers={"x-api-key": "sk-ant-0123456789"},
        body={"model": "m", "messages": messages},
        ip_address="192.0.2.1",
    )


_RESPONSE = ReceivedResponse(
    status=200,
    headers={"content-type": "text/event-stream"},
    body={
        "content": [{"type": "text", "text": "answer 0"}],
        "usage": {"input_tokens": 3, "output_tokens": 5},
    },
    duration_ms=700,
)
_CHUNKS = [ReceivedChunk(index, f"data: {index}\n\n", 1) for index in range(200)]


def count_turns(proxy: CountingProxy, act: Callable[[], object]) -> int:
    before = proxy.turns
    act()
    return proxy.turns - before


def test_a_request_its_response_and_its_chunks_take_three_round_trips(
    through: tuple[CountingProxy, psycopg.Connection[Any]],
) -> None:
    proxy, connection = through

    def store() -> None:
        store_request(connection, request=a_request(1), link=False)
        store_response(connection, request_id=UUID(int=1), response=_RESPONSE)
        store_chunks(connection, request_id=UUID(int=1), chunks=_CHUNKS)

    assert count_turns(proxy, store) == 3


def test_statements_are_prepared_once(
    through: tuple[CountingProxy, psycopg.Connection[Any]],
) -> None:
    proxy, connection = through

    def store(number: int) -> int:
        request = a_request(number)
        return count_turns(
            proxy, lambda: store_request(connection, request=request, link=False)
        )

    # psycopg prepares a statement when it is used for the sixth time.
    assert [store(number) for number in range(8)] == [1, 1, 1, 1, 1, 2, 1, 1]


def test_linking_takes_few_more(
    through: tuple[CountingProxy, psycopg.Connection[Any]],
) -> None:
    proxy, connection = through
    connection.prepare_threshold = None

    def store(number: int, turns: int) -> int:
        request = a_request(number, turns)
        return count_turns(proxy, lambda: store_request(connection, request=request))

    # BEGIN, the lock of the train, candidates, the row, COMMIT; a beginning looks for
    # the call of a sub-task as well, and a branch for names that are taken.
    assert [store(number, number) for number in range(1, 6)] == [6, 5, 5, 5, 5]
    assert store(6, 4) <= 6
    assert store(7, 4) <= 6
