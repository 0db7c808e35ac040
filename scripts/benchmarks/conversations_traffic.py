"""Requests as a proxy receives them, with their responses and chunks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from datalayer.domains.conversations import (
    ReceivedChunk,
    ReceivedRequest,
    ReceivedResponse,
)
from datalayer.runtime import JsonInput

CHUNKS = 200
#: A request has that many messages more than the one it continues.
_TURN = 2
_TURNS = 20
_WORDS = "The answer has some words, as most answers have. " * 8


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, its response, and the chunks that this came in."""

    request: ReceivedRequest
    response: ReceivedResponse
    chunks: Sequence[ReceivedChunk]


def make_exchanges(train_id: str) -> Iterator[Exchange]:
    """Yield what a client sends and gets that has one conversation after another."""
    for number in itertools.count():
        yield from _converse(train_id, number)


def make_chunks(indexes: Sequence[int]) -> list[ReceivedChunk]:
    """Return chunks as a model's answer is streamed in."""
    moment = datetime.now(UTC)
    return [
        ReceivedChunk(
            index,
            '{"type":"content_block_delta","index":0,"delta":'
            f'{{"type":"text_delta","text":"word {index}"}}}}',
            token_count=1,
            timestamp=moment,
        )
        for index in indexes
    ]


def _converse(train_id: str, number: int) -> Iterator[Exchange]:
    messages: list[JsonInput] = []
    chunks = make_chunks(range(CHUNKS))
    for turn in range(_TURNS):
        messages.append(_say("user", f"{uuid4()}: question {turn} of {number}"))
        request = _request(train_id, list(messages))
        answer = f"{turn} of {number}: {_WORDS}"
        yield Exchange(request, _response(answer), chunks)
        messages.append(_say("assistant", answer))


def _say(role: str, text: str) -> JsonInput:
    return {"role": role, "content": [{"type": "text", "text": text}]}


def _request(train_id: str, messages: list[JsonInput]) -> ReceivedRequest:
    return ReceivedRequest(
        request_id=uuid4(),
        timestamp=datetime.now(UTC),
        train_id=train_id,
        account_id="account-1",
        path="/v1/messages",
        headers={
            "authorization": f"Bearer {UUID(int=1)}",
            "content-type": "application/json",
            "user-agent": "client/1.2",
        },
        body={
            "model": "claude-sonnet-4-5",
            "max_tokens": 4096,
            "stream": True,
            "system": "You are a helpful assistant.",
            "messages": messages,
        },
    )


def _response(answer: str) -> ReceivedResponse:
    return ReceivedResponse(
        status=200,
        headers={"request-id": f"req_{uuid4().hex}"},
        body={
            "id": f"msg_{uuid4().hex}",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-4-5",
            "content": [{"type": "text", "text": answer}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 900, "output_tokens": 200},
        },
        duration_ms=4200,
        first_token_ms=800,
    )
