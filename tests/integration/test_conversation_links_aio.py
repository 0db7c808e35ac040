# twin: test_conversation_links_sync.py
"""Requests linked as they arrive: branches, sub-tasks, summaries, late ones."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from datalayer.domains.conversations import Link, NewRequest
from datalayer.domains.conversations.aio import (
    link_request,
    link_requests,
    link_response,
    move_requests,
)
from datalayer.domains.conversations.errors import LinkingNotSerialised
from datalayer.domains.errors import NaiveTime
from datalayer.runtime import JsonInput

pytestmark = pytest.mark.postgres

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
SUMMARY = (
    "This session is being continued from a previous conversation that ran out of "
    "context. The conversation is summarized below:\n"
)
_COLUMNS = (
    "current_message_hash, parent_message_hash, system_hash, message_count,"
    " conversation_id, branch_id, parent_request_id, parent_task_request_id,"
    " is_subtask"
)


def user(text: str) -> JsonInput:
    return {"role": "user", "content": text}


def assistant(text: str) -> JsonInput:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def task(number: int, prompt: str) -> JsonInput:
    return {
        "type": "tool_use",
        "id": f"toolu_{number}",
        "name": "Task",
        "input": {"prompt": prompt},
    }


def request(
    messages: list[JsonInput],
    *,
    at: timedelta = 0 * SECOND,
    reply: JsonInput = "",
    train: str = "t",
) -> NewRequest:
    response: JsonInput = {"role": "assistant", "content": reply} if reply else None
    return NewRequest(uuid4(), train, NOON + at, {"messages": messages}, response)


async def connect(url: str) -> AsyncConnection[Any]:
    return await AsyncConnection.connect(url, autocommit=True)


async def store(connection: AsyncConnection[Any], new: NewRequest) -> UUID:
    """Link a request and store it, and return its id."""
    async with connection.transaction():
        linked = await link_requests(connection, requests=[new])
        await insert(connection, new, linked.links[0])
        await move_requests(connection, moves=linked.moves)
    return new.request_id


async def insert(connection: AsyncConnection[Any], new: NewRequest, link: Link) -> None:
    calls = link.task_tool_invocation
    await connection.execute(
        "INSERT INTO api_requests (request_id, timestamp, train_id, path, headers,"
        f" body, response_body, task_tool_invocation, {_COLUMNS})"
        f" VALUES (%s, %s, %s, '/', '{{}}', %s, %s, %s{', %s' * 9})",
        (
            new.request_id,
            new.timestamp,
            new.train_id,
            Jsonb(new.body),
            None if new.response_body is None else Jsonb(new.response_body),
            None if calls is None else Jsonb(calls),
            link.current_message_hash,
            link.parent_message_hash,
            link.system_hash,
            link.message_count,
            link.conversation_id,
            link.branch_id,
            link.parent_request_id,
            link.parent_task_request_id,
            link.is_subtask,
        ),
    )


async def links(connection: AsyncConnection[Any]) -> dict[UUID, Link]:
    cursor = await connection.execute(
        f"SELECT request_id, {_COLUMNS} FROM api_requests"
    )
    return {row[0]: Link(*row) for row in await cursor.fetchall()}


async def store_invoker(connection: AsyncConnection[Any], *prompts: str) -> UUID:
    calls: JsonInput = [task(number, prompt) for number, prompt in enumerate(prompts)]
    return await store(connection, request([user("q")], reply=calls))


async def test_parallel_subtasks_are_numbered(database_url: str) -> None:
    async with await connect(database_url) as connection:
        invoker = await store_invoker(connection, "Look", "Look")
        first = await store(connection, request([user("Look")], at=SECOND))
        second = await store(connection, request([user("Look")], at=2 * SECOND))
        repeated = await store(connection, request([user("Look")], at=3 * SECOND))
        found = await links(connection)

    assert [found[one].branch_id for one in (first, second, repeated)] == [
        "subtask_1",
        "subtask_2",
        "subtask_2",
    ]
    assert {found[one].parent_task_request_id for one in (first, second)} == {invoker}
    assert found[first].parent_request_id is None
    assert len({link.conversation_id for link in found.values()}) == 1


async def test_a_later_request_of_the_main_line_is_no_subtask(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        invoker = await store_invoker(connection, "Look")
        root = await store(
            connection, request([user("Look")], at=SECOND, reply="Seen.")
        )
        goes_on = [user("Look"), assistant("Seen."), user("Again")]
        inner = await store(connection, request(goes_on, at=2 * SECOND))
        other = [user("Look"), assistant("Seen."), user("Elsewhere")]
        beside = await store(connection, request(other, at=3 * SECOND))
        calls: JsonInput = {"role": "assistant", "content": [task(0, "Look")]}
        outer = [user("q"), calls, user("Thanks")]
        later = await store(connection, request(outer, at=4 * SECOND))
        found = await links(connection)

    assert [found[one].is_subtask for one in (root, inner, beside, later)] == [
        True,
        True,
        True,
        False,
    ]
    assert found[inner].branch_id == "subtask_1"
    assert found[beside].branch_id == "branch_20260101120003000000"
    assert found[beside].parent_task_request_id == invoker
    assert (found[later].branch_id, found[later].parent_request_id) == ("main", invoker)


@pytest.mark.parametrize(
    ("age", "is_subtask"), [(DAY, True), (DAY + SECOND, False)], ids=["day", "longer"]
)
async def test_a_subtask_begins_within_a_day(
    database_url: str, age: timedelta, is_subtask: bool
) -> None:
    async with await connect(database_url) as connection:
        await store_invoker(connection, "Look")
        root = await store(connection, request([user("Look")], at=age))
        found = await links(connection)

    assert found[root].is_subtask == is_subtask


async def test_a_call_that_was_stored_without_a_hash_is_found(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        await store_invoker(connection, "Look\n")
        await connection.execute(
            "UPDATE api_requests SET task_tool_invocation ="
            " jsonb_path_query_array(response_body, '$.content[*]')"
        )
        root = await store(connection, request([user("Look\n")], at=SECOND))
        found = await links(connection)

    assert found[root].branch_id == "subtask_1"


async def test_a_response_claims_the_subtasks_that_came_before_it(
    database_url: str,
) -> None:
    new = request([user("q")])
    response: JsonInput = {"content": [task(0, "Look"), task(1, "Listen")]}
    async with await connect(database_url) as connection:
        invoker = await store(connection, new)
        root = await store(
            connection, request([user("Look")], at=SECOND, reply=[task(2, "Deeper")])
        )
        nested = await store(connection, request([user("Deeper")], at=2 * SECOND))
        async with connection.transaction():
            linked = await link_response(
                connection, request_id=invoker, response_body=response
            )
            moved = await move_requests(connection, moves=linked.moves)
        found = await links(connection)

    assert moved == 2
    assert {found[one].conversation_id for one in (root, nested)} == {
        found[invoker].conversation_id
    }
    assert found[root].parent_task_request_id == invoker
    assert found[nested].parent_task_request_id == root
    assert {found[one].branch_id for one in (root, nested)} == {
        "subtask_1",
        "subtask_2",
    }


async def test_a_response_without_calls_moves_nothing(database_url: str) -> None:
    async with await connect(database_url) as connection:
        linked = await link_response(
            connection, request_id=uuid4(), response_body={"content": "Hello"}
        )
        unknown = await link_response(
            connection, request_id=uuid4(), response_body={"content": [task(0, "x")]}
        )

    assert (linked.moves, unknown.moves) == ((), ())


async def test_a_parent_that_comes_late_takes_its_continuations(
    database_url: str,
) -> None:
    answered = [user("q"), assistant("a"), user("r")]
    further = [*answered, assistant("b"), user("s")]
    async with await connect(database_url) as connection:
        last = await store(connection, request(further, at=2 * SECOND))
        middle = await store(connection, request(answered, at=SECOND, reply="b"))
        first = await store(connection, request([user("q")], reply="a"))
        found = await links(connection)

    assert found[last].parent_request_id == middle
    assert found[middle].parent_request_id == first
    assert {(link.conversation_id, link.branch_id) for link in found.values()} == {
        (first, "main")
    }


@pytest.mark.parametrize(
    ("response", "shown"),
    [
        ("We did this.", "We did this."),
        (
            "We did this.",
            "We did this.\n\nPlease continue the conversation from where"
            " we left it off.",
        ),
        (
            "<analysis>\nLong.\n</analysis>\n\n<summary>\nShort.\n</summary>",
            "Analysis:\nLong.\n\nSummary:\nShort.",
        ),
        ("<summary>\nShort.\n</summary>", "Summary:\r\nShort.\r\n"),
    ],
    ids=["plain", "ending", "headings", "heading"],
)
async def test_a_summary_continues_the_conversation(
    database_url: str, response: str, shown: str
) -> None:
    async with await connect(database_url) as connection:
        first = await store(connection, request([user("q")], reply="a"))
        asked = [user("q"), assistant("a"), user("Summarise")]
        source = await store(
            connection,
            request(asked, at=SECOND, reply=[{"type": "text", "text": response}]),
        )
        goes_on = await store(
            connection, request([user(SUMMARY + shown)], at=2 * SECOND)
        )
        found = await links(connection)

    assert found[goes_on].parent_request_id == source
    assert found[goes_on].conversation_id == found[first].conversation_id
    assert found[goes_on].branch_id == "compact_20260101120002000000"


@pytest.mark.parametrize(
    "messages",
    [
        None,
        [],
        "no list",
        {"role": "user"},
    ],
    ids=["null", "empty", "text", "object"],
)
async def test_a_request_without_messages_is_in_no_conversation(
    database_url: str, messages: JsonInput
) -> None:
    async with await connect(database_url) as connection:
        linked = await link_request(
            connection,
            request_id=uuid4(),
            train_id="t",
            timestamp=NOON,
            body={"messages": messages},
        )

    [link] = linked.links
    assert (link.conversation_id, link.current_message_hash) == (None, None)


def _nested(depth: int) -> JsonInput:
    value: JsonInput = "deep"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "message",
    [
        None,
        "text",
        10**5000,
        float("inf"),
        {"role": ["user"], "content": 1},
        {"role": "user", "content": "\0\ud800"},
        {"role": "user", "content": [None, {"type": 1}, {"type": "text"}]},
        {"role": "user", "content": [{"type": "image", "source": "x"}]},
        {"role": "user", "content": _nested(100_000)},
    ],
    ids=["null", "text", "huge", "inf", "role", "nul", "blocks", "image", "deep"],
)
async def test_malformed_messages_are_linked_as_well(
    database_url: str, message: JsonInput
) -> None:
    async with await connect(database_url) as connection, connection.transaction():
        linked = await link_requests(
            connection,
            requests=[
                request([message], reply="a"),
                request([message, assistant("a"), message], at=SECOND),
            ],
        )

    first, second = linked.links
    assert second.parent_request_id == first.request_id


async def test_a_request_that_is_linked_again_stays_where_it_is(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        await store_invoker(connection, "Look")
        new = request([user("Look")], at=SECOND)
        await store(connection, new)
        before = (await links(connection))[new.request_id]
        async with connection.transaction():
            linked = await link_requests(connection, requests=[new, new])

    assert [replace(link, task_tool_invocation=None) for link in linked.links] == [
        before,
        before,
    ]
    assert linked.moves == ()


async def test_trains_are_linked_apart(database_url: str) -> None:
    async with await connect(database_url) as connection:
        await store(connection, request([user("q")], reply=[task(0, "Look")]))
        goes_on = request([user("q"), assistant("a"), user("r")], train="u", at=SECOND)
        root = request([user("Look")], train="u", at=SECOND)
        await store(connection, goes_on)
        await store(connection, root)
        found = await links(connection)

    assert len({link.conversation_id for link in found.values()}) == 3


async def test_linking_needs_a_transaction_that_sees_others(database_url: str) -> None:
    new = request([user("q")])
    async with await connect(database_url) as connection:
        with pytest.raises(LinkingNotSerialised, match="outside of any transaction"):
            await link_requests(connection, requests=[new])
        await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        async with connection.transaction():
            with pytest.raises(LinkingNotSerialised, match="at REPEATABLE READ"):
                await link_requests(connection, requests=[new])


async def test_times_have_a_zone(database_url: str) -> None:
    new = request([user("q")])
    naive = replace(new, timestamp=new.timestamp.replace(tzinfo=None))
    async with await connect(database_url) as connection:
        with pytest.raises(NaiveTime, match="`timestamp` has no time zone"):
            await link_requests(connection, requests=[naive])
