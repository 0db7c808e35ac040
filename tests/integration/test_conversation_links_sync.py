# Derived by scripts/async_to_sync.py from test_conversation_links_aio.py; do not edit.
"""Requests linked as they arrive: branches, sub-tasks, summaries, late ones."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from datalayer.domains.conversations import (
    Link,
    NewRequest,
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


def connect(url: str) -> Connection[Any]:
    return Connection.connect(url, autocommit=True)


def store(connection: Connection[Any], new: NewRequest) -> UUID:
    """Link a request and store it, and return its id."""
    with connection.transaction():
        linked = link_requests(connection, requests=[new])
        insert(connection, new, linked.links[0])
        move_requests(connection, moves=linked.moves)
    return new.request_id


def insert(connection: Connection[Any], new: NewRequest, link: Link) -> None:
    calls = link.task_tool_invocation
    connection.execute(
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


def links(connection: Connection[Any]) -> dict[UUID, Link]:
    cursor = connection.execute(f"SELECT request_id, {_COLUMNS} FROM api_requests")
    return {row[0]: Link(*row) for row in cursor.fetchall()}


def store_invoker(connection: Connection[Any], *prompts: str) -> UUID:
    calls: JsonInput = [task(number, prompt) for number, prompt in enumerate(prompts)]
    return store(connection, request([user("q")], reply=calls))


def test_parallel_subtasks_are_numbered(database_url: str) -> None:
    with connect(database_url) as connection:
        invoker = store_invoker(connection, "Look", "Look")
        first = store(connection, request([user("Look")], at=SECOND))
        second = store(connection, request([user("Look")], at=2 * SECOND))
        repeated = store(connection, request([user("Look")], at=3 * SECOND))
        found = links(connection)

    assert [found[one].branch_id for one in (first, second, repeated)] == [
        "subtask_1",
        "subtask_2",
        "subtask_2",
    ]
    assert {found[one].parent_task_request_id for one in (first, second)} == {invoker}
    assert found[first].parent_request_id is None
    assert len({link.conversation_id for link in found.values()}) == 1


def test_a_later_request_of_the_main_line_is_no_subtask(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        invoker = store_invoker(connection, "Look")
        root = store(connection, request([user("Look")], at=SECOND, reply="Seen."))
        goes_on = [user("Look"), assistant("Seen."), user("Again")]
        inner = store(connection, request(goes_on, at=2 * SECOND))
        other = [user("Look"), assistant("Seen."), user("Elsewhere")]
        beside = store(connection, request(other, at=3 * SECOND))
        calls: JsonInput = {"role": "assistant", "content": [task(0, "Look")]}
        outer = [user("q"), calls, user("Thanks")]
        later = store(connection, request(outer, at=4 * SECOND))
        found = links(connection)

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
def test_a_subtask_begins_within_a_day(
    database_url: str, age: timedelta, is_subtask: bool
) -> None:
    with connect(database_url) as connection:
        store_invoker(connection, "Look")
        root = store(connection, request([user("Look")], at=age))
        found = links(connection)

    assert found[root].is_subtask == is_subtask


def test_a_call_that_was_stored_without_a_hash_is_found(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        store_invoker(connection, "Look\n")
        connection.execute(
            "UPDATE api_requests SET task_tool_invocation ="
            " jsonb_path_query_array(response_body, '$.content[*]')"
        )
        root = store(connection, request([user("Look\n")], at=SECOND))
        found = links(connection)

    assert found[root].branch_id == "subtask_1"


def test_a_response_claims_the_subtasks_that_came_before_it(
    database_url: str,
) -> None:
    new = request([user("q")])
    response: JsonInput = {"content": [task(0, "Look"), task(1, "Listen")]}
    with connect(database_url) as connection:
        invoker = store(connection, new)
        root = store(
            connection, request([user("Look")], at=SECOND, reply=[task(2, "Deeper")])
        )
        nested = store(connection, request([user("Deeper")], at=2 * SECOND))
        with connection.transaction():
            linked = link_response(
                connection, request_id=invoker, response_body=response
            )
            moved = move_requests(connection, moves=linked.moves)
        found = links(connection)

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


def test_a_response_without_calls_moves_nothing(database_url: str) -> None:
    with connect(database_url) as connection:
        linked = link_response(
            connection, request_id=uuid4(), response_body={"content": "Hello"}
        )
        unknown = link_response(
            connection, request_id=uuid4(), response_body={"content": [task(0, "x")]}
        )

    assert (linked.moves, unknown.moves) == ((), ())


def test_a_parent_that_comes_late_takes_its_continuations(
    database_url: str,
) -> None:
    answered = [user("q"), assistant("a"), user("r")]
    further = [*answered, assistant("b"), user("s")]
    with connect(database_url) as connection:
        last = store(connection, request(further, at=2 * SECOND))
        middle = store(connection, request(answered, at=SECOND, reply="b"))
        first = store(connection, request([user("q")], reply="a"))
        found = links(connection)

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
def test_a_summary_continues_the_conversation(
    database_url: str, response: str, shown: str
) -> None:
    with connect(database_url) as connection:
        first = store(connection, request([user("q")], reply="a"))
        asked = [user("q"), assistant("a"), user("Summarise")]
        source = store(
            connection,
            request(asked, at=SECOND, reply=[{"type": "text", "text": response}]),
        )
        goes_on = store(connection, request([user(SUMMARY + shown)], at=2 * SECOND))
        found = links(connection)

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
def test_a_request_without_messages_is_in_no_conversation(
    database_url: str, messages: JsonInput
) -> None:
    with connect(database_url) as connection:
        linked = link_request(
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
def test_malformed_messages_are_linked_as_well(
    database_url: str, message: JsonInput
) -> None:
    with connect(database_url) as connection, connection.transaction():
        linked = link_requests(
            connection,
            requests=[
                request([message], reply="a"),
                request([message, assistant("a"), message], at=SECOND),
            ],
        )

    first, second = linked.links
    assert second.parent_request_id == first.request_id


def test_a_request_that_is_linked_again_stays_where_it_is(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        store_invoker(connection, "Look")
        new = request([user("Look")], at=SECOND)
        store(connection, new)
        before = (links(connection))[new.request_id]
        with connection.transaction():
            linked = link_requests(connection, requests=[new, new])

    assert [replace(link, task_tool_invocation=None) for link in linked.links] == [
        before,
        before,
    ]
    assert linked.moves == ()


def test_trains_are_linked_apart(database_url: str) -> None:
    with connect(database_url) as connection:
        store(connection, request([user("q")], reply=[task(0, "Look")]))
        goes_on = request([user("q"), assistant("a"), user("r")], train="u", at=SECOND)
        root = request([user("Look")], train="u", at=SECOND)
        store(connection, goes_on)
        store(connection, root)
        found = links(connection)

    assert len({link.conversation_id for link in found.values()}) == 3


def test_linking_needs_a_transaction_that_sees_others(database_url: str) -> None:
    new = request([user("q")])
    with connect(database_url) as connection:
        with pytest.raises(LinkingNotSerialised, match="outside of any transaction"):
            link_requests(connection, requests=[new])
        connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        with connection.transaction():
            with pytest.raises(LinkingNotSerialised, match="at REPEATABLE READ"):
                link_requests(connection, requests=[new])


def test_times_have_a_zone(database_url: str) -> None:
    new = request([user("q")])
    naive = replace(new, timestamp=new.timestamp.replace(tzinfo=None))
    with connect(database_url) as connection:
        with pytest.raises(NaiveTime, match="`timestamp` has no time zone"):
            link_requests(connection, requests=[naive])
