"""Events of a streamed response in the Messages format.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalayer.domains.conversations.importing.decoding import decode
from datalayer.domains.conversations.importing.members import count_of, object_of
from datalayer.domains.conversations.importing.problems import LineProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from datalayer.domains.conversations.importing.decoding import JsonObject
    from datalayer.runtime import JsonValue

#: Which member of a block a kind of delta goes on with, and under which name it comes.
_APPENDED = {
    "signature_delta": ("signature", "signature"),
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
}


@dataclass(slots=True)
class _Response:
    """What is known after some events."""

    message: JsonObject = field(default_factory=dict)
    blocks: dict[int, JsonObject] = field(default_factory=dict)
    inputs: dict[int, list[str]] = field(default_factory=dict)
    texts: dict[tuple[int, str], list[str]] = field(default_factory=dict)
    error: JsonObject | None = None


def join_events(events: Sequence[JsonObject]) -> JsonObject:
    """Return the message that the events tell of, or the error that ended them."""
    response = _Response()
    for event in events:
        take = _TAKERS.get(str(event.get("type")))
        if take:
            take(response, event)
    if not response.message and response.error is not None:
        return {"type": "error", "error": response.error}
    if not response.message:
        raise LineProblem("the stream has no `message_start`")
    content: list[JsonValue] = [
        _block(response, index) for index in sorted(response.blocks)
    ]
    joined: JsonObject = {**response.message, "content": content}
    if response.error is not None:
        joined["error"] = response.error
    return joined


def _block(response: _Response, index: int) -> JsonObject:
    block = dict(response.blocks[index])
    for (owner, name), parts in response.texts.items():
        if owner == index:
            block[name] = f"{block.get(name) or ''}{''.join(parts)}"
    if index in response.inputs:
        block["input"] = _input("".join(response.inputs[index]))
    return block


def _input(text: str) -> JsonValue:
    """Return the input of a tool; that of a stream that ended in it stays text."""
    try:
        return decode(text.encode()) if text.strip() else {}
    except LineProblem:
        return {"partial_json": text}


def _start_message(response: _Response, event: JsonObject) -> None:
    response.message = dict(object_of("message", event.get("message")))


def _start_block(response: _Response, event: JsonObject) -> None:
    block = object_of("content_block", event.get("content_block"))
    response.blocks[_index(event)] = block


def _continue_block(response: _Response, event: JsonObject) -> None:
    index, delta = _index(event), object_of("delta", event.get("delta"))
    kind = str(delta.get("type"))
    response.blocks.setdefault(index, {"type": kind.removesuffix("_delta")})
    if kind == "input_json_delta":
        response.inputs.setdefault(index, []).append(
            str(delta.get("partial_json") or "")
        )
    elif kind == "citations_delta":
        block = response.blocks[index]
        earlier = block.get("citations")
        known = earlier if isinstance(earlier, list) else []
        response.blocks[index] = {
            **block,
            "citations": [*known, delta.get("citation")],
        }
    elif kind in _APPENDED:
        name, source = _APPENDED[kind]
        part = str(delta.get(source) or "")
        response.texts.setdefault((index, name), []).append(part)


def _change_message(response: _Response, event: JsonObject) -> None:
    delta = object_of("delta", event.get("delta"))
    # Cumulative: later numbers stand in the place of earlier ones.
    before = object_of("usage", response.message.get("usage"))
    usage = object_of("usage", event.get("usage"))
    given = {name: value for name, value in usage.items() if value is not None}
    response.message = {**response.message, **delta, "usage": {**before, **given}}


def _fail(response: _Response, event: JsonObject) -> None:
    response.error = object_of("error", event.get("error"))


def _index(event: JsonObject) -> int:
    return count_of("index", event.get("index")) or 0


_TAKERS: dict[str, Callable[[_Response, JsonObject], None]] = {
    "content_block_delta": _continue_block,
    "content_block_start": _start_block,
    "error": _fail,
    "message_delta": _change_message,
    "message_start": _start_message,
}
