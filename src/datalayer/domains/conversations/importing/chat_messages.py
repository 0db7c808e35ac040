"""Messages of the chat-completions format as the Messages format has them.

There is one message a turn: what several messages of one role say follows each other,
and the results of tools are the user's. What the system says is apart from both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalayer.domains.conversations.importing.decoding import decode
from datalayer.domains.conversations.importing.members import list_of, object_of
from datalayer.domains.conversations.importing.problems import LineProblem, kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.domains.conversations.importing.decoding import JsonObject
    from datalayer.runtime import JsonValue

_SYSTEM = ("developer", "system")
_RESULTS = ("function", "tool")
_DATA_URL = re.compile(r"data:(?P<media_type>[^;,]*);base64,(?P<data>.*)", re.DOTALL)


def as_turns(
    messages: Sequence[JsonValue],
) -> tuple[list[JsonValue], list[JsonValue]]:
    """Return the blocks of the system's messages, and the turns of the others."""
    system: list[JsonValue] = []
    turns: list[tuple[str, list[JsonValue]]] = []
    for item in messages:
        message = object_of("messages", item)
        role = message.get("role")
        blocks = blocks_of(message)
        if role in _SYSTEM:
            system += blocks
            continue
        turn = "assistant" if role == "assistant" else "user"
        if turns and turns[-1][0] == turn:
            turns[-1][1].extend(blocks)
        else:
            turns.append((turn, blocks))
    return system, [{"role": role, "content": blocks} for role, blocks in turns]


def blocks_of(message: JsonObject) -> list[JsonValue]:
    """Return the content of a message as blocks of the Messages format."""
    if message.get("role") in _RESULTS:
        return [_result(message)]
    blocks = _content(message.get("content"))
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        blocks.append({"type": "text", "text": refusal})
    for call in list_of("tool_calls", message.get("tool_calls")):
        blocks.append(_tool_use(object_of("tool_calls", call)))
    if message.get("function_call") is not None:
        blocks.append(_tool_use({"function": message["function_call"]}))
    return blocks


def _content(content: JsonValue) -> list[JsonValue]:
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        raise LineProblem(f"`content` is {kind_of(content)}, not text or a list")
    return [_part(part) for part in content]


def _part(part: JsonValue) -> JsonValue:
    """Return a part of a content as a block; one without a counterpart as it is."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    block = object_of("content", part)
    if block.get("type") == "refusal":
        return {"type": "text", "text": block.get("refusal") or ""}
    if block.get("type") == "image_url":
        return {"type": "image", "source": _image(block.get("image_url"))}
    return block


def _image(image: JsonValue) -> JsonObject:
    url = image.get("url") if isinstance(image, dict) else image
    found = _DATA_URL.fullmatch(url) if isinstance(url, str) else None
    if found:
        return {"type": "base64", **found.groupdict()}
    return {"type": "url", "url": url}


def _result(message: JsonObject) -> JsonObject:
    # Calls of functions, before there were tools, have a name in the place of an id.
    called = message.get("tool_call_id") or message.get("name") or ""
    content = _content(message.get("content"))
    return {"type": "tool_result", "tool_use_id": called, "content": content}


def _tool_use(call: JsonObject) -> JsonObject:
    function = object_of("function", call.get("function") or call.get("custom"))
    name = function.get("name") or ""
    given = function.get("arguments")
    return {
        "type": "tool_use",
        "id": call.get("id") or name,
        "name": name,
        "input": _arguments(function.get("input") if given is None else given),
    }


def _arguments(arguments: JsonValue) -> JsonObject:
    """Return the arguments of a call; those that are no object under a name."""
    if isinstance(arguments, dict):
        return arguments
    if not isinstance(arguments, str) or not arguments.strip():
        return {}
    try:
        value = decode(arguments.encode())
    except LineProblem:
        # Whatever a model wrote.
        return {"arguments": arguments}
    return value if isinstance(value, dict) else {"arguments": arguments}
