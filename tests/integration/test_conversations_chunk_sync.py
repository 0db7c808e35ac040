# Derived by scripts/async_to_sync.py from test_conversations_chunk_aio.py; do not edit.
"""Chunks are stored once each, in order, and all of a call or none."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection, Rollback

from datalayer.domains.conversations import (
    ReceivedChunk,
    ReceivedRequest,
    count_chunks,
    list_chunks,
    store_chunks,
    store_request,
)
from datalayer.domains.conversations.chunks import BATCH
from datalayer.domains.conversations.errors import InvalidChunks, RequestNotFound

pytestmark = pytest.mark.postgres

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
ONE = UUID(int=1)

#: As many as one statement takes, and more, which are copied.
SIZES = [3, BATCH + 3]


def connect(url: str, *, autocommit: bool = True) -> Connection[Any]:
    connection = Connection.connect(url, autocommit=autocommit)
    request = ReceivedRequest(
        request_id=ONE, timestamp=FIRST, train_id="team", path="/v1/messages"
    )
    store_request(connection, request=request)
    return connection


def some_chunks(*indexes: int, data: str = "data") -> list[ReceivedChunk]:
    return [ReceivedChunk(index, f"{data} {index}", index % 3) for index in indexes]


def stored_texts(connection: Connection[Any]) -> list[str]:
    found = list_chunks(connection, request_id=ONE, row_limit=10_000)
    return [chunk.data for chunk in found]


def roll_back() -> None:
    raise Rollback


@pytest.mark.parametrize("size", SIZES)
def test_chunks_are_stored_in_order(database_url: str, size: int) -> None:
    backwards = some_chunks(*reversed(range(size)))
    with connect(database_url) as connection:
        new = store_chunks(connection, request_id=ONE, chunks=backwards)

        texts = stored_texts(connection)
        count = count_chunks(connection, request_id=ONE)
    assert new == count == size
    assert texts == [f"data {index}" for index in range(size)]


@pytest.mark.parametrize("size", SIZES)
def test_one_that_is_there_is_passed_over(database_url: str, size: int) -> None:
    with connect(database_url) as connection:
        first = some_chunks(1, 2, 1, data="first")
        assert store_chunks(connection, request_id=ONE, chunks=first) == 2

        chunks = [*some_chunks(*range(size)), *some_chunks(0, data="again")]
        new = store_chunks(connection, request_id=ONE, chunks=chunks)
        again = store_chunks(connection, request_id=ONE, chunks=chunks)

        texts = stored_texts(connection)
    assert (new, again) == (size - 2, 0)
    assert texts[:3] == ["data 0", "first 1", "first 2"]


@pytest.mark.parametrize("size", SIZES)
def test_the_first_one_of_an_index_is_kept(database_url: str, size: int) -> None:
    chunks = [*some_chunks(*range(size)), *some_chunks(0, 1, data="again")]
    with connect(database_url) as connection:
        assert store_chunks(connection, request_id=ONE, chunks=chunks) == size

        assert (stored_texts(connection))[:2] == ["data 0", "data 1"]


def test_any_text_is_kept(database_url: str) -> None:
    texts = ["", "\\N", "\\.", 'a\tb\r\n"c"\\', "é\U0001f600\x01", "\\u0000", "{}"]
    chunks = [ReceivedChunk(index, text) for index, text in enumerate(texts)]
    more = some_chunks(*range(len(texts), BATCH + 1))
    with connect(database_url) as connection:
        with connection.transaction():
            store_chunks(connection, request_id=ONE, chunks=chunks)
            assert stored_texts(connection) == texts
            roll_back()
        store_chunks(connection, request_id=ONE, chunks=chunks + more)

        assert (stored_texts(connection))[: len(texts)] == texts


@pytest.mark.parametrize("size", SIZES)
def test_a_chunk_has_the_time_it_is_given(database_url: str, size: int) -> None:
    late = FIRST + timedelta(microseconds=1)
    chunks = [ReceivedChunk(0, "a", 7, late), *some_chunks(*range(1, size))]
    with connect(database_url) as connection:
        connection.execute("SET timezone TO 'Asia/Kathmandu'")
        store_chunks(connection, request_id=ONE, chunks=chunks)

        [one, two] = list_chunks(connection, request_id=ONE, row_limit=2)
    assert (one.timestamp, one.token_count, one.chunk_index) == (late, 7, 0)
    assert two.timestamp > late


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("autocommit", [True, False])
def test_an_unknown_request_is_told(
    database_url: str, size: int, *, autocommit: bool
) -> None:
    unknown, chunks = UUID(int=7), some_chunks(*range(size))
    with connect(database_url, autocommit=autocommit) as connection:
        with connection.transaction():
            store_chunks(connection, request_id=ONE, chunks=chunks)
            with pytest.raises(RequestNotFound) as missing:
                store_chunks(connection, request_id=unknown, chunks=chunks)

        assert count_chunks(connection, request_id=ONE) == size
    assert missing.value.request_id == unknown


def test_bad_chunks_are_told_by_position_before_any_is_stored(
    database_url: str,
) -> None:
    naive = FIRST.replace(tzinfo=None)
    chunks: Sequence[ReceivedChunk] = [
        ReceivedChunk(0, "good"),
        ReceivedChunk(-1, "a"),
        ReceivedChunk(2**31, "a"),
        ReceivedChunk(3, "a\0b"),
        ReceivedChunk(4, "ab\ud800"),
        ReceivedChunk(5, "a", -1),
        ReceivedChunk(6, "a", 2**31),
        ReceivedChunk(7, "a", 0, naive),
        ReceivedChunk(8, b"a"),  # type: ignore[arg-type]  # what a caller might give
        ReceivedChunk(-1, "\0"),
        ReceivedChunk(10, "good"),
    ]
    with connect(database_url) as connection:
        with pytest.raises(InvalidChunks) as bad:
            store_chunks(connection, request_id=ONE, chunks=chunks)

        assert count_chunks(connection, request_id=ONE) == 0
    problems = dict(bad.value.problems)
    assert list(problems) == list(range(1, 10))
    assert problems[3] == "the data holds NUL, at character 1"
    assert problems[4] == "the data holds a lone surrogate, at character 2"
    assert problems[9].startswith("the index is -1, not")
    assert problems[9].endswith("; the data holds NUL, at character 0")
    assert "9 chunks cannot be stored\n  at 1: the index is -1" in str(bad.value)


def test_many_bad_chunks_are_told_in_few_words(database_url: str) -> None:
    with connect(database_url) as connection:
        with pytest.raises(InvalidChunks) as bad:
            store_chunks(
                connection, request_id=ONE, chunks=[ReceivedChunk(-1, "a")] * 5000
            )

    assert len(bad.value.problems) == 5000
    assert str(bad.value).endswith(
        "at 9: the index is -1, not a whole number from 0 on\n  and 4990 more"
    )


def test_a_role_with_row_level_security_stores_many(database_url: str) -> None:
    with connect(database_url) as connection, connection.transaction():
        for statement in (
            "ALTER TABLE streaming_chunks ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY everything ON streaming_chunks USING (TRUE)",
            "CREATE ROLE isolated_writer",
            "GRANT SELECT, INSERT ON streaming_chunks, api_requests TO isolated_writer",
            "SET LOCAL ROLE isolated_writer",
        ):
            connection.execute(statement)
        chunks = some_chunks(*range(SIZES[1]))
        new = store_chunks(connection, request_id=ONE, chunks=chunks)
        roll_back()

    assert new == SIZES[1]


def test_no_chunks_are_none(database_url: str) -> None:
    with connect(database_url) as connection:
        assert store_chunks(connection, request_id=ONE, chunks=[]) == 0


def test_chunks_come_in_pages(database_url: str) -> None:
    with connect(database_url) as connection:
        store_chunks(connection, request_id=ONE, chunks=some_chunks(4, 2, 9, 7))

        seen: list[int] = []
        while page := list_chunks(
            connection,
            request_id=ONE,
            after_chunk_index=seen[-1] if seen else -1,
            row_limit=3,
        ):
            seen += [chunk.chunk_index for chunk in page]
    assert seen == [2, 4, 7, 9]


@pytest.mark.parametrize("size", SIZES)
def test_a_caller_may_take_everything_back(database_url: str, size: int) -> None:
    with connect(database_url) as connection:
        with connection.transaction():
            store_chunks(connection, request_id=ONE, chunks=some_chunks(*range(size)))
            roll_back()

        assert count_chunks(connection, request_id=ONE) == 0
