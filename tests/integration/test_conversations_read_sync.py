# Derived by scripts/async_to_sync.py from test_conversations_read_aio.py; do not edit.
"""Requests, sub-tasks and conversations are read a page at a time, in order."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from datalayer.domains.conversations import (
    ConversationFilter,
    ReceivedChunk,
    ReceivedRequest,
    ReceivedResponse,
    find_request_details,
    get_conversation,
    list_branch_requests,
    list_branches,
    list_chunks,
    list_conversation_requests,
    list_failed_requests,
    list_requests,
    list_subtask_counts,
    list_subtasks,
    page_conversations,
    store_chunks,
    store_request,
    store_response,
)
from datalayer.domains.conversations.errors import RequestNotFound
from datalayer.domains.errors import InvalidArgument, NaiveTime
from datalayer.queries.conversations.request import RequestSummary
from datalayer.runtime import UNSET, JsonInput

pytestmark = pytest.mark.postgres

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def connect(url: str) -> Connection[Any]:
    return Connection.connect(url, autocommit=True)


def store(
    connection: Connection[Any],
    number: int,
    *contents: str,
    minute: int = 0,
    train_id: str = "red",
    answer: JsonInput | None = None,
    status: int | None = None,
) -> None:
    roles = ("user", "assistant")
    messages: list[JsonInput] = [
        {"role": roles[place % 2], "content": content}
        for place, content in enumerate(contents)
    ]
    request = ReceivedRequest(
        request_id=UUID(int=number),
        timestamp=FIRST + timedelta(minutes=minute),
        train_id=train_id,
        path="/v1/messages",
        body={"messages": messages},
    )
    store_request(connection, request=request)
    if answer is not None or status is not None:
        response = ReceivedResponse(status=status, body=answer)
        store_response(connection, request_id=UUID(int=number), response=response)


def calls(*prompts: str) -> JsonInput:
    return {
        "content": [
            {
                "type": "tool_use",
                "id": f"call {prompt}",
                "name": "Task",
                "input": {"prompt": prompt},
            }
            for prompt in prompts
        ]
    }


def numbers(rows: list[RequestSummary]) -> list[int]:
    return [row.request_id.int for row in rows]


# Requests


def test_requests_of_a_train_are_read_newest_first(database_url: str) -> None:
    with connect(database_url) as connection:
        # Two at the same time, and one of another train.
        for number, minute in ((1, 1), (2, 2), (3, 2), (4, 3)):
            store(connection, number, f"question {number}", minute=minute)
        store(connection, 5, "question", minute=2, train_id="blue")

        seen: list[RequestSummary] = []
        while page := list_requests(
            connection,
            train_id="red",
            after_timestamp=seen[-1].timestamp if seen else UNSET,
            after_request_id=seen[-1].request_id if seen else UNSET,
            row_limit=1,
        ):
            seen += page
        between = list_requests(
            connection,
            train_id="red",
            since=FIRST + timedelta(minutes=1),
            until=FIRST + timedelta(minutes=2),
        )
    assert numbers(seen) == [4, 3, 2, 1]
    assert numbers(between) == [1]


def test_failed_requests_have_an_error_or_a_status(database_url: str) -> None:
    with connect(database_url) as connection:
        store(connection, 1, "a", status=399)
        store(connection, 2, "b", status=400)
        store(connection, 3, "c", answer={"error": {"message": "no"}})

        failed = list_failed_requests(connection, train_id="red")
    assert numbers(failed) == [3, 2]


def test_details_have_the_first_chunks_and_count_all(database_url: str) -> None:
    chunks = [ReceivedChunk(index, str(index)) for index in (3, 1, 2)]
    one = UUID(int=1)
    with connect(database_url) as connection:
        store(connection, 1, "a")
        store_chunks(connection, request_id=one, chunks=chunks)

        some = find_request_details(connection, request_id=one, chunk_limit=2)
        others = list_chunks(
            connection, request_id=one, after_chunk_index=some.chunks[-1].chunk_index
        )
        whole = find_request_details(connection, request_id=one)
        with pytest.raises(RequestNotFound):
            find_request_details(connection, request_id=UUID(int=2))
    assert [chunk.data for chunk in some.chunks] == ["1", "2"]
    assert [chunk.data for chunk in others] == ["3"]
    assert [chunk.data for chunk in whole.chunks] == ["1", "2", "3"]
    assert (some.chunk_count, whole.chunk_count) == (3, 3)
    assert some.request.request_id == one


# Sub-tasks


def test_sub_tasks_of_a_request_are_their_beginnings(database_url: str) -> None:
    with connect(database_url) as connection:
        store(connection, 1, "question", answer=calls("look", "seek"))
        store(connection, 2, "look", minute=1)
        store(connection, 3, "look", "found", "go on", minute=2)
        store(connection, 4, "seek", minute=3)
        # Sent again, because the answer was lost.
        store(connection, 5, "seek", minute=4)

        first = list_subtasks(connection, request_id=UUID(int=1), row_limit=1)
        second = list_subtasks(connection, request_id=UUID(int=1), cursor=first.next)
        ids = [UUID(int=number) for number in (9, 2, 1)]
        counts = list_subtask_counts(connection, request_ids=ids)
    rows = first.items + second.items
    assert numbers(rows) == [2, 4]
    assert [row.branch_id for row in rows] == ["subtask_1", "subtask_2"]
    assert second.next is None
    assert [(row.request_id.int, row.subtask_count) for row in counts] == [
        (1, 2),
        (2, 0),
        (9, 0),
    ]


# Conversations


def test_a_conversation_is_read_with_its_branches(database_url: str) -> None:
    with connect(database_url) as connection:
        store(connection, 1, "a", answer=calls("look"))
        store(connection, 2, "a", "b", "c", minute=1)
        store(connection, 3, "a", "b", "d", minute=2)
        store(connection, 4, "look", minute=3)
        store(connection, 5, "other", minute=4)

        wanted = ConversationFilter(train_id="red")
        page = page_conversations(connection, wanted=wanted, maximum=1)
        older = page.summaries[1]
        known = older.conversation.conversation_id
        found = get_conversation(connection, conversation_id=known)
        requests = list_conversation_requests(connection, conversation_id=known)
        main = list_branch_requests(connection, conversation_id=known, branch_id="main")
        branches = list_branches(connection, conversation_ids=[known])
    assert page.total == 1
    assert found == older.conversation
    assert (found.request_count, found.branch_count, found.subtask_count) == (4, 3, 1)
    assert numbers(requests.items) == [1, 2, 3, 4]
    assert numbers(main.items) == [1, 2]
    assert tuple(branches) == older.branches
    assert [branch.first_request_id.int for branch in branches] == [1, 3, 4]
    assert [branch.is_subtask for branch in branches] == [False, False, True]


def test_an_empty_page_has_no_last(database_url: str) -> None:
    with connect(database_url) as connection:
        wanted = ConversationFilter(train_id="red")
        page = page_conversations(connection, wanted=wanted, maximum=5)

        assert get_conversation(connection, conversation_id=UUID(int=1)) is None
    assert (page.summaries, page.total, page.last) == ((), 0, None)


def test_what_cannot_be_asked_for_is_refused(database_url: str) -> None:
    naive = FIRST.replace(tzinfo=None)
    with connect(database_url) as connection:
        for wanted, limit in (("a\0", 1), ("a", 0), ("a", -1)):
            with pytest.raises(InvalidArgument):
                page_conversations(
                    connection,
                    wanted=ConversationFilter(train_id=wanted),
                    row_limit=limit,
                )
        with pytest.raises(NaiveTime):
            page_conversations(
                connection, wanted=ConversationFilter(train_id="a", since=naive)
            )
