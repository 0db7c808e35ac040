"""Streamed responses of both formats, put together."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datalayer.domains.conversations.importing import (
    Defaults,
    TokenCounts,
    TrafficRecord,
    parse_line,
)

USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 2,
    "prompt_tokens_details": {"cached_tokens": 4},
}
EVENTS: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "m-1",
            "content": [],
            "stop_reason": None,
            "usage": {"input_tokens": 3, "output_tokens": 1},
        },
    },
    {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "thinking", "thinking": "", "signature": ""},
    },
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "thinking_delta", "thinking": "well"},
    },
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "signature_delta", "signature": "abc="},
    },
    {"type": "content_block_stop", "index": 0},
    {"type": "ping"},
    {
        "type": "content_block_start",
        "index": 1,
        "content_block": {"type": "text", "text": ""},
    },
    {
        "type": "content_block_delta",
        "index": 1,
        "delta": {"type": "text_delta", "text": "h"},
    },
    {
        "type": "content_block_delta",
        "index": 1,
        "delta": {"type": "text_delta", "text": "i"},
    },
    {
        "type": "content_block_start",
        "index": 2,
        "content_block": {"type": "tool_use", "id": "t1", "name": "look", "input": {}},
    },
    {
        "type": "content_block_delta",
        "index": 2,
        "delta": {"type": "input_json_delta", "partial_json": '{"at": '},
    },
    {
        "type": "content_block_delta",
        "index": 2,
        "delta": {"type": "input_json_delta", "partial_json": '"it"}'},
    },
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use"},
        "usage": {"input_tokens": None, "output_tokens": 7},
    },
    {"type": "message_stop"},
]
JOINED = [
    {"type": "thinking", "thinking": "well", "signature": "abc="},
    {"type": "text", "text": "hi"},
    {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "it"}},
]


def parse(response: object) -> TrafficRecord:
    line = {
        "timestamp": "2026-05-04T12:00:00Z",
        "request": {"model": "m", "messages": [{"role": "user", "content": "hello"}]},
        "response": response,
    }
    return parse_line(json.dumps(line).encode(), Defaults("red"))


def body(record: TrafficRecord) -> dict[str, Any]:
    assert isinstance(record.response_body, dict)
    return record.response_body


STREAMS: dict[str, object] = {
    "events": EVENTS,
    "texts of events": [json.dumps(event) for event in EVENTS],
    "lines": [f"data: {json.dumps(event)}" for event in EVENTS],
    "wrapped": [{"event": event["type"], "data": event} for event in EVENTS],
    "wrapped texts": [{"data": json.dumps(event), "at": 5} for event in EVENTS],
    "as sent": "".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in EVENTS
    ),
    "as sent with a body": {
        "status": 200,
        "body": "".join(f"data:{json.dumps(event)}\r\n\r\n" for event in EVENTS),
    },
    "events of a response": {"status": 200, "events": EVENTS},
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_streamed_message_is_put_together(stream: object) -> None:
    record = parse(stream)

    assert record.response_streaming
    assert body(record)["content"] == JOINED
    assert body(record)["stop_reason"] == "tool_use"
    assert record.tokens == TokenCounts(3, 7)
    assert record.tool_call_count == 1


@pytest.mark.parametrize("length", range(1, len(EVENTS) + 1))
def test_stream_that_ends_early_is_as_much_as_there_was(length: int) -> None:
    record = parse(EVENTS[:length])

    assert body(record)["id"] == "msg_1"
    assert len(body(record)["content"]) <= len(JOINED)


def test_stream_that_fails_has_an_error() -> None:
    failure = {"type": "error", "error": {"type": "overloaded", "message": "busy"}}

    begun = parse([*EVENTS[:8], failure])
    refused = parse([failure])

    assert (begun.error, refused.error) == ("busy", "busy")
    assert body(begun)["content"][1] == {"type": "text", "text": "h"}
    assert body(refused)["type"] == "error"


def chunk(**delta: object) -> dict[str, object]:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1777896000,
        "model": "g-1",
        "choices": [choice],
        "usage": None,
    }


def test_streamed_chat_completion_is_put_together() -> None:
    first = {"name": "look", "arguments": ""}
    chunks: list[object] = [
        chunk(role="assistant", content=""),
        chunk(content="h"),
        chunk(content="i"),
        chunk(tool_calls=[{"index": 0, "id": "c1", "function": first}]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"at": '}}]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '"it"}'}}]),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
        {"choices": [], "usage": USAGE},
        {"choices": None},
        "data: [DONE]",
    ]

    record = parse(chunks)

    assert record.request_type == "chat_completions"
    assert record.response_streaming
    assert body(record)["content"] == [
        {"type": "text", "text": "hi"},
        {"type": "tool_use", "id": "c1", "name": "look", "input": {"at": "it"}},
    ]
    assert body(record)["stop_reason"] == "tool_use"
    assert record.tokens == TokenCounts(6, 2, 0, 4)
