"""Requests and responses of both formats, in the shapes in which logs wrap them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from datalayer.domains.conversations.importing import (
    Defaults,
    TokenCounts,
    TrafficRecord,
    parse_line,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
USER = {"role": "user", "content": "hello"}
REQUEST = {"model": "m", "max_tokens": 9, "messages": [USER]}
RESPONSE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m-1",
    "content": [{"type": "text", "text": "hi"}],
    "stop_reason": "end_turn",
    "usage": {
        "input_tokens": 3,
        "output_tokens": 2,
        "cache_creation_input_tokens": 5,
        "cache_read_input_tokens": None,
    },
}
PICTURE = "data:image/png;base64,QQ=="
SAID = {"type": "text", "text": "x"}
TOLD = {"role": "tool", "content": ""}
CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1777896000,
    "model": "g-1",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "hi", "refusal": None},
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 10,
        "completion_tokens": 2,
        "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 4},
    },
}


def parse(**line: object) -> TrafficRecord:
    line = {"timestamp": "2026-05-04T12:00:00Z", "request": REQUEST, **line}
    return parse_line(json.dumps(line).encode(), Defaults("red", "account"))


def body(record: TrafficRecord) -> dict[str, Any]:
    assert isinstance(record.response_body, dict)
    return record.response_body


def test_messages_pair_is_kept_as_it_is() -> None:
    record = parse(response=RESPONSE, status=200, duration_ms=1500)

    assert record.body == REQUEST
    assert record.response_body == RESPONSE
    assert record.request_type == "messages"
    assert (record.method, record.path) == ("POST", "/v1/messages")
    assert record.model == "m-1"
    assert record.tokens == TokenCounts(3, 2, 5, 0)
    assert record.usage_data == RESPONSE["usage"]
    assert record.timestamp == NOON
    assert record.completed_at == NOON.replace(second=1, microsecond=500_000)
    assert (record.train_id, record.account_id) == ("red", "account")
    assert record.error is None
    assert not record.response_streaming


def test_pair_without_a_response_is_a_request_that_was_not_answered() -> None:
    record = parse(error={"type": "timeout", "message": "too late"})

    assert record.response_body is None
    assert record.completed_at is None
    assert record.error == "too late"


WRAPPED: list[dict[str, object]] = [
    {"request_body": REQUEST, "response_body": RESPONSE},
    {"request_body": json.dumps(REQUEST), "response_body": json.dumps(RESPONSE)},
    {"body": REQUEST, "response": RESPONSE},
    {
        "request": {"method": "POST", "url": "https://a.b/x?key=s", "body": REQUEST},
        "response": {"status_code": 200, "headers": {}, "body": RESPONSE},
    },
    {
        "request": {"body": json.dumps(REQUEST)},
        "response": {"status": "200", "body": json.dumps(RESPONSE)},
    },
]


@pytest.mark.parametrize("line", WRAPPED)
def test_wrapping_changes_nothing(line: dict[str, object]) -> None:
    record = parse(**{"request": None, **line})

    assert record.body == REQUEST
    assert record.response_body == RESPONSE


def test_query_of_a_url_is_not_stored() -> None:
    record = parse(url="https://a.b/v1/messages?key=secret#x", response=RESPONSE)

    assert record.path == "/v1/messages"


def test_headers_are_masked_wherever_they_come_from() -> None:
    headers = {"X-Api-Key": "sk-ant-0123456789-abcdef", "accept": "*/*"}
    answer = {"set-cookie": "session=0123456789abcdef"}

    record = parse(
        request={"headers": list(map(list, headers.items())), "body": REQUEST},
        response={"headers": answer, "body": RESPONSE},
    )

    assert record.headers == {"X-Api-Key": "***abcdef", "accept": "*/*"}
    assert "0123456789" not in str(record)
    assert record.response_headers is not None
    assert record.api_key_hash is not None


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-05-04T12:00:00Z",
        "2026-05-04T14:00:00+02:00",
        "2026-05-04 12:00:00",
        "2026-05-04T12:00:00.000",
        1777896000,
        1777896000.0,
        1777896000_000,
        1777896000_000_000,
        1777896000_000_000_000,
    ],
)
def test_time_is_told_in_many_ways(timestamp: object) -> None:
    assert parse(timestamp=timestamp, response=RESPONSE).timestamp == NOON


@pytest.mark.parametrize(
    "line",
    [
        {"time": "2026-05-04T12:00:00Z"},
        {"completed_at": "2026-05-04T12:00:02Z", "duration": "2 s"},
        {
            "response": {
                "headers": {"Date": "Mon, 04 May 2026 12:00:00 GMT"},
                "body": {},
            }
        },
        {"response": CHAT},
    ],
)
def test_time_is_found_where_it_is(line: dict[str, object]) -> None:
    assert parse(**{"timestamp": None, **line}).timestamp == NOON


@pytest.mark.parametrize(
    ("duration", "milliseconds"),
    [(12, 12), (12.6, 13), ("12ms", 12), ("1.5 s", 1500), ("0.0004s", 0)],
)
def test_duration_is_milliseconds(duration: object, milliseconds: int) -> None:
    assert parse(duration=duration).duration_ms == milliseconds


def test_chat_response_becomes_a_message() -> None:
    record = parse(response=CHAT)

    assert record.request_type == "chat_completions"
    assert record.path == "/v1/chat/completions"
    assert body(record) == {
        "id": "chatcmpl-1",
        "created": 1777896000,
        "model": "g-1",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": "hi"}],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": 6,
            "output_tokens": 2,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 4,
        },
    }
    assert record.tokens == TokenCounts(6, 2, 0, 4)
    assert record.usage_data == CHAT["usage"]


def test_chat_messages_become_turns() -> None:
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "look", "arguments": '{"at": "it"}'},
    }
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "look"}]},
        {"role": "assistant", "tool_calls": [call, {**call, "id": "c2"}]},
        {"role": "tool", "tool_call_id": "c1", "content": "seen"},
        {"role": "tool", "tool_call_id": "c2", "content": [SAID]},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": PICTURE}},
                {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}},
            ],
        },
    ]
    use = {"type": "tool_use", "name": "look", "input": {"at": "it"}}

    record = parse(request={"model": "g", "messages": messages}, response=CHAT)

    assert record.body["system"] == [{"type": "text", "text": "be brief"}]
    assert record.body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "look"}]},
        {"role": "assistant", "content": [{**use, "id": "c1"}, {**use, "id": "c2"}]},
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "c1",
                    "content": [{"type": "text", "text": "seen"}],
                },
                {
                    "type": "tool_result",
                    "tool_use_id": "c2",
                    "content": [{"type": "text", "text": "x"}],
                },
                {
                    "type": "image",
                    "source": {
                        "type": "base64",
                        "media_type": "image/png",
                        "data": "QQ==",
                    },
                },
                {
                    "type": "image",
                    "source": {"type": "url", "url": "https://a.b/c.png"},
                },
            ],
        },
    ]


def test_chat_request_keeps_what_has_another_name() -> None:
    function = {"name": "look", "description": "d", "parameters": {"type": "object"}}
    request = {
        "model": "g",
        "messages": [USER],
        "max_completion_tokens": 7,
        "stop": "END",
        "seed": 5,
        "tools": [{"type": "function", "function": function}, {"type": "custom"}],
        "tool_choice": {"type": "function", "function": {"name": "look"}},
    }

    record = parse(request=request)

    assert record.request_type == "chat_completions"
    assert {name: record.body[name] for name in record.body if name != "messages"} == {
        "model": "g",
        "seed": 5,
        "max_tokens": 7,
        "stop_sequences": ["END"],
        "tools": [
            {"name": "look", "description": "d", "input_schema": {"type": "object"}},
            {"type": "custom"},
        ],
        "tool_choice": {"type": "tool", "name": "look"},
    }


def test_what_models_write_as_arguments_is_kept() -> None:
    function = {"name": "look", "arguments": '{"at": '}
    message = {"role": "assistant", "function_call": function}

    record = parse(response={**CHAT, "choices": [{"message": message}]})

    assert body(record)["content"] == [
        {
            "type": "tool_use",
            "id": "look",
            "name": "look",
            "input": {"arguments": '{"at": '},
        }
    ]
    assert record.tool_call_count == 1


def test_other_choices_are_kept_beside_the_first() -> None:
    other = {"index": 1, "message": {"role": "assistant", "content": "hey"}}
    choices = CHAT["choices"]
    assert isinstance(choices, list)

    record = parse(response={**CHAT, "choices": [*choices, other]})

    assert body(record)["choices"] == [other]
    assert body(record)["content"] == [{"type": "text", "text": "hi"}]


@pytest.mark.parametrize(
    ("response", "error"),
    [
        ({"type": "error", "error": {"type": "x", "message": "no"}}, "no"),
        ({"error": {"message": "no", "type": "x"}}, "no"),
        ("<html>Bad Gateway</html>", "status 502"),
        (None, "status 502"),
    ],
)
def test_error_is_told_by_whoever_knows(response: object, error: str) -> None:
    record = parse(response=response, status=502)

    assert record.response_status == 502
    assert record.error == error


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"path": "/api/v1/chat/completions"}, "chat_completions"),
        ({"path": "/v1/messages"}, "messages"),
        ({"request": {**REQUEST, "n": 1}}, "chat_completions"),
        ({"request": {**REQUEST, "system": "x"}}, "messages"),
        ({"request": {"messages": [TOLD]}}, "chat_completions"),
        ({"request": {**REQUEST, "tools": [{"input_schema": {}}]}}, "messages"),
        ({"request": {**REQUEST, "tools": [{"function": {}}]}}, "chat_completions"),
        ({"request": REQUEST}, "messages"),
        ({"path": "/v1/chat/completions", "response": RESPONSE}, "messages"),
    ],
)
def test_format_is_recognised_for_each_line(
    line: dict[str, object], expected: str
) -> None:
    assert parse(**line).request_type == expected


def test_long_integers_keep_their_digits() -> None:
    request = {**REQUEST, "metadata": {"n": 123456789012345678901234567890}}

    assert parse(request=request).body == request
