"""Chunks of a streamed response in the chat-completions format.

https://platform.openai.com/docs/api-reference/chat/streaming
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalayer.domains.conversations.importing.members import (
    count_of,
    list_of,
    object_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.domains.conversations.importing.decoding import JsonObject
    from datalayer.runtime import JsonValue

#: Texts of which each chunk brings a part.
_TEXTS = ("content", "reasoning_content", "refusal")


@dataclass(slots=True)
class _Call:
    """A call of a tool, as far as it is known."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Choice:
    """One of the answers, as far as it is known."""

    role: str = "assistant"
    texts: dict[str, list[str]] = field(default_factory=dict)
    calls: dict[int, _Call] = field(default_factory=dict)
    finish_reason: JsonValue = None


def join_chunks(chunks: Sequence[JsonObject]) -> JsonObject:
    """Return the chat completion that the chunks are of."""
    joined: JsonObject = {}
    choices: dict[int, _Choice] = {}
    for chunk in chunks:
        given: JsonObject = {
            name: value
            for name, value in chunk.items()
            if name != "choices" and value is not None
        }
        joined = {**given, **joined, **_latest(given)}
        # The last one, which has the usage, may have no choices at all.
        for item in list_of("choices", chunk.get("choices")):
            _take(choices, object_of("choices", item))
    answers: list[JsonValue] = [
        _completed(index, choices[index]) for index in sorted(choices)
    ]
    return {**joined, "object": "chat.completion", "choices": answers}


def _latest(given: JsonObject) -> JsonObject:
    return {name: given[name] for name in ("error", "usage") if name in given}


def _take(choices: dict[int, _Choice], item: JsonObject) -> None:
    choice = choices.setdefault(count_of("index", item.get("index")) or 0, _Choice())
    delta = object_of("delta", item.get("delta"))
    choice.role = str(delta.get("role") or choice.role)
    choice.finish_reason = item.get("finish_reason") or choice.finish_reason
    for name in _TEXTS:
        part = delta.get(name)
        if isinstance(part, str):
            choice.texts.setdefault(name, []).append(part)
    for call in list_of("tool_calls", delta.get("tool_calls")):
        _take_call(choice, object_of("tool_calls", call))
    if delta.get("function_call") is not None:
        _take_call(choice, {"function": delta["function_call"]})


def _take_call(choice: _Choice, given: JsonObject) -> None:
    call = choice.calls.setdefault(count_of("index", given.get("index")) or 0, _Call())
    function = object_of("function", given.get("function"))
    call.id = str(given.get("id") or call.id)
    call.name = str(function.get("name") or call.name)
    call.arguments.append(str(function.get("arguments") or ""))


def _completed(index: int, choice: _Choice) -> JsonObject:
    message: JsonObject = {"role": choice.role, "content": None}
    message |= {name: "".join(parts) for name, parts in choice.texts.items()}
    if choice.calls:
        calls: list[JsonValue] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": "".join(call.arguments)},
            }
            for _, call in sorted(choice.calls.items())
        ]
        message["tool_calls"] = calls
    return {
        "index": index,
        "message": message,
        "finish_reason": choice.finish_reason,
    }
