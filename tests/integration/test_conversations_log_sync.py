# Derived by scripts/async_to_sync.py from test_conversations_log_aio.py; do not edit.
"""Requests and responses are stored once, whole, and without their secrets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection, Rollback

from datalayer.domains.conversations import (
    ReceivedRequest,
    ReceivedResponse,
    get_request,
    list_conversation_requests,
    mark_task_invocations,
    store_request,
    store_response,
)
from datalayer.domains.conversations.errors import RequestNotFound
from datalayer.domains.errors import InvalidArgument
from datalayer.queries.conversations.request import Request
from datalayer.runtime import JsonInput

pytestmark = pytest.mark.postgres

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "sk-ant-api03-0123456789abcdef"
ONE = UUID(int=1)

REQUEST = ReceivedRequest(
    request_id=ONE,
    timestamp=FIRST,
    train_id="team",
    path="/v1/messages?beta=true&key=AIza0123456789",
    headers={"X-Api-Key": KEY, "Accept": "text/event-stream", "Cookie": f"a={KEY}"},
    body={
        "model": "claude",
        "stream": True,
        "messages": [{"role": "user", "content": "question"}],
    },
    ip_address="2001:db8::1%eth0",
)
MESSAGE: dict[str, JsonInput] = {
    "type": "message",
    "model": "claude-1",
    "content": [
        {"type": "text", "text": "answer"},
        {"type": "tool_use", "id": "b", "name": "Bash", "input": {"command": "ls"}},
        {"type": "tool_use", "id": "t", "name": "Task", "input": {"prompt": "look"}},
    ],
    "usage": {
        "input_tokens": 3,
        "output_tokens": 5,
        "cache_creation_input_tokens": 7,
        "cache_read_input_tokens": 11,
        "service_tier": "standard",
    },
}
COMPLETION: dict[str, JsonInput] = {
    "object": "chat.completion",
    "choices": [
        {
            "message": {
                "content": None,
                "tool_calls": [
                    {
                        "id": "t",
                        "function": {"name": "Task", "arguments": '{"prompt": "look"}'},
                    }
                ],
            }
        }
    ],
    "usage": {
        "prompt_tokens": 20,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 12},
    },
}
INVOCATION = {"id": "t", "name": "Task", "input": {"prompt": "look"}}


def connect(url: str) -> Connection[Any]:
    return Connection.connect(url, autocommit=True)


def load(connection: Connection[Any], number: int = 1) -> Request:
    found = get_request(connection, request_id=UUID(int=number))
    assert found is not None
    return found


def a_request(
    number: int, content: str, minutes: int = 0, **more: JsonInput
) -> ReceivedRequest:
    return ReceivedRequest(
        request_id=UUID(int=number),
        timestamp=FIRST + timedelta(minutes=minutes),
        train_id="team",
        path="/v1/messages",
        body={"messages": [{"role": "user", "content": content}], **more},
    )


def roll_back() -> None:
    raise Rollback


# Requests


def test_a_request_is_stored_with_what_it_says(database_url: str) -> None:
    with connect(database_url) as connection:
        assert store_request(connection, request=REQUEST)

        stored = load(connection)
    assert (stored.timestamp, stored.train_id) == (FIRST, "team")
    assert (stored.model, stored.response_streaming) == ("claude", True)
    assert stored.body == REQUEST.body
    assert stored.ip_address == ip_address("2001:db8::1")
    assert stored.api_key_hash == sha256(KEY.encode()).hexdigest()
    assert stored.headers == {
        "X-Api-Key": "***abcdef",
        "Accept": "text/event-stream",
        "Cookie": "***",
    }
    assert stored.path == "/v1/messages?beta=true&key=***"


def test_no_secret_reaches_the_tables(database_url: str) -> None:
    response = ReceivedResponse(headers={"Set-Cookie": f"s={KEY}", "x-own": KEY})
    with connect(database_url) as connection:
        store_request(connection, request=REQUEST)
        store_response(
            connection, request_id=ONE, response=response, also_mask=["X-Own"]
        )

        rows = connection.execute("SELECT r::text FROM api_requests AS r")
        [(text,)] = rows.fetchall()
    assert "0123456789" not in text


def test_a_request_is_stored_once(database_url: str) -> None:
    other = replace(REQUEST, train_id="other", headers={})
    with connect(database_url) as connection:
        assert store_request(connection, request=REQUEST)

        for link in (True, False):
            assert not store_request(connection, request=other, link=link)

        assert (load(connection)).train_id == "team"


def test_a_request_is_linked_unless_told_otherwise(database_url: str) -> None:
    messages: list[JsonInput] = [
        {"role": "user", "content": "question"},
        {"role": "assistant", "content": "answer"},
        {"role": "user", "content": "more"},
    ]
    second = replace(
        REQUEST,
        request_id=UUID(int=2),
        timestamp=FIRST + timedelta(minutes=1),
        body={"messages": messages},
    )
    third = replace(second, request_id=UUID(int=3))
    with connect(database_url) as connection:
        store_request(connection, request=REQUEST)
        store_request(connection, request=second)
        store_request(connection, request=third, link=False)

        first = load(connection)
        assert first.conversation_id is not None
        found = list_conversation_requests(
            connection, conversation_id=first.conversation_id
        )
        unlinked = load(connection, 3)
    assert [(row.request_id.int, row.message_count) for row in found.items] == [
        (1, 1),
        (2, 3),
    ]
    assert found.items[1].parent_request_id == ONE
    assert (unlinked.conversation_id, unlinked.message_count) == (None, 0)


def test_what_no_column_can_hold_is_replaced(database_url: str) -> None:
    deep: JsonInput = "deepest"
    for _ in range(900):
        deep = [deep]
    body: dict[str, JsonInput] = {
        "model": "m\0" * 300,
        "nul\0": "a\0b",
        "lone": "\ud83d",
        "escape": "\\u0000",
        "number": float("inf"),
        "large": 10**400,
        "larger": 1 << 20_000,
        "deep": deep,
        "small": 5e-324,
    }
    request = replace(
        REQUEST, body=body, path="/a\0", method="PO\ud800", headers={"a": "b\0"}
    )
    with connect(database_url) as connection:
        store_request(connection, request=request)

        stored = load(connection)
    assert isinstance(stored.body, dict)
    kept = {name: stored.body[name] for name in body if name in stored.body}
    assert "deepest" not in str(kept.pop("deep"))
    assert kept == {
        "model": "m\\x00" * 300,
        "lone": "\\ud83d",
        "escape": "\\u0000",
        "number": "Infinity",
        "large": 10**400,
        "larger": hex(1 << 20_000),
        "small": 5e-324,
    }
    assert stored.body["nul\\x00"] == "a\\x00b"
    assert (stored.path, stored.method) == ("/a\\x00", "PO\\ud800")
    assert stored.headers == {"a": "b\\x00"}
    assert stored.model == ("m\\x00" * 300)[:200]


def test_a_wrong_argument_is_refused(database_url: str) -> None:
    with connect(database_url) as connection:
        with pytest.raises(InvalidArgument):
            store_request(connection, request=replace(REQUEST, train_id=""))
        with pytest.raises(InvalidArgument):
            store_response(
                connection, request_id=ONE, response=ReceivedResponse(duration_ms=-1)
            )

        assert get_request(connection, request_id=ONE) is None


def test_a_caller_may_take_everything_back(database_url: str) -> None:
    with Connection.connect(database_url) as connection:
        with connection.transaction():
            store_request(connection, request=REQUEST)
            store_response(
                connection, request_id=ONE, response=ReceivedResponse(body=MESSAGE)
            )
            roll_back()

        assert get_request(connection, request_id=ONE) is None


def test_without_autocommit_each_is_a_transaction(database_url: str) -> None:
    with Connection.connect(database_url) as connection:
        store_request(connection, request=REQUEST, link=False)
        store_response(
            connection, request_id=ONE, response=ReceivedResponse(status=204)
        )
        connection.rollback()

        assert (load(connection)).response_status == 204


# Responses


def test_tokens_and_calls_are_read_out_of_a_message(database_url: str) -> None:
    with connect(database_url) as connection:
        store_request(connection, request=replace(REQUEST, body=None))
        store_response(
            connection,
            request_id=ONE,
            response=ReceivedResponse(
                status=200,
                headers={"Request-Id": "r"},
                body=MESSAGE,
                duration_ms=900,
                first_token_ms=80,
                completed_at=FIRST,
            ),
        )

        stored = load(connection)
    assert (stored.response_status, stored.response_body) == (200, MESSAGE)
    assert stored.response_headers == {"Request-Id": "r"}
    assert (stored.input_tokens, stored.output_tokens, stored.total_tokens) == (3, 5, 8)
    assert stored.cache_creation_input_tokens == 7
    assert stored.cache_read_input_tokens == 11
    assert stored.usage_data == MESSAGE["usage"]
    assert (stored.tool_call_count, stored.task_tool_invocation) == (2, [INVOCATION])
    assert (stored.duration_ms, stored.first_token_ms) == (900, 80)
    assert (stored.completed_at, stored.error) == (FIRST, None)
    assert stored.model == "claude-1"


def test_tokens_and_calls_are_read_out_of_a_completion(database_url: str) -> None:
    with connect(database_url) as connection:
        store_request(connection, request=REQUEST)
        store_response(
            connection, request_id=ONE, response=ReceivedResponse(body=COMPLETION)
        )

        stored = load(connection)
    assert (stored.input_tokens, stored.output_tokens) == (8, 5)
    assert stored.cache_read_input_tokens == 12
    assert (stored.tool_call_count, stored.task_tool_invocation) == (1, [INVOCATION])
    assert stored.model == "claude"


def test_what_is_given_counts_more_than_the_body(database_url: str) -> None:
    given = ReceivedResponse(
        body=MESSAGE,
        input_tokens=100,
        output_tokens=0,
        tool_call_count=9,
        usage={"output_tokens": 6},
        error="cut off",
        streaming=False,
    )
    with connect(database_url) as connection:
        store_request(connection, request=REQUEST)
        store_response(connection, request_id=ONE, response=given)

        stored = load(connection)
    assert (stored.input_tokens, stored.output_tokens) == (100, 0)
    assert (stored.tool_call_count, stored.error) == (9, "cut off")
    assert stored.usage_data == {"output_tokens": 6}
    assert not stored.response_streaming


def test_a_response_comes_in_parts(database_url: str) -> None:
    with connect(database_url) as connection:
        store_request(connection, request=REQUEST)
        for part in (
            ReceivedResponse(status=200, first_token_ms=5),
            ReceivedResponse(body=MESSAGE),
            ReceivedResponse(duration_ms=7),
        ):
            store_response(connection, request_id=ONE, response=part)

        stored = load(connection)
    assert (stored.response_status, stored.first_token_ms) == (200, 5)
    assert (stored.output_tokens, stored.duration_ms) == (5, 7)
    assert stored.response_body == MESSAGE


def test_a_body_may_be_anything(database_url: str) -> None:
    bodies: list[JsonInput] = ["text", [1, "b"], {"usage": []}, False, 0]
    with connect(database_url) as connection:
        store_request(connection, request=REQUEST)

        for body in bodies:
            store_response(
                connection, request_id=ONE, response=ReceivedResponse(body=body)
            )
            assert (load(connection)).response_body == body


def test_a_response_to_an_unknown_request_is_told(database_url: str) -> None:
    with connect(database_url) as connection:
        for body in (None, MESSAGE):
            with pytest.raises(RequestNotFound):
                store_response(
                    connection, request_id=ONE, response=ReceivedResponse(body=body)
                )
        with pytest.raises(RequestNotFound) as missing:
            mark_task_invocations(connection, request_id=ONE)

    assert missing.value.request_id == ONE


# Sub-tasks


@pytest.mark.parametrize("body", [MESSAGE, COMPLETION], ids=["message", "completion"])
def test_a_response_finds_the_sub_task_that_came_before_it(
    database_url: str, body: JsonInput
) -> None:
    with connect(database_url) as connection:
        store_request(connection, request=a_request(1, "question"))
        store_request(connection, request=a_request(2, "look", minutes=1))

        store_response(connection, request_id=ONE, response=ReceivedResponse(body=body))

        caller, subtask = load(connection), load(connection, 2)
    assert subtask.conversation_id == caller.conversation_id
    assert (subtask.branch_id, subtask.is_subtask) == ("subtask_1", True)
    assert subtask.parent_task_request_id == ONE


def test_sub_tasks_are_noted_for_an_answer_that_came_another_way(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        store_request(connection, request=a_request(1, "question"))
        store_request(connection, request=a_request(2, "look", minutes=1))
        store_response(
            connection, request_id=ONE, response=ReceivedResponse(body=MESSAGE)
        )
        connection.execute(
            "UPDATE api_requests SET task_tool_invocation = NULL WHERE request_id = %s",
            (ONE,),
        )

        assert mark_task_invocations(connection, request_id=ONE) == 1
        assert mark_task_invocations(connection, request_id=UUID(int=2)) == 0

        caller, subtask = load(connection), load(connection, 2)
    assert caller.task_tool_invocation == [INVOCATION]
    assert subtask.task_tool_invocation is None
    assert subtask.parent_task_request_id == ONE
