"""Requests and responses of the chat-completions format in the Messages format.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.domains.conversations.importing.chat_messages import (
    as_turns,
    blocks_of,
)
from datalayer.domains.conversations.importing.members import list_of, object_of
from datalayer.domains.conversations.importing.usage import as_messages_usage

if TYPE_CHECKING:
    from datalayer.domains.conversations.importing.decoding import JsonObject
    from datalayer.runtime import JsonValue

_STOP_REASONS: dict[JsonValue, str] = {
    "content_filter": "refusal",
    "function_call": "tool_use",
    "length": "max_tokens",
    "stop": "end_turn",
    "tool_calls": "tool_use",
}
_TOOL_CHOICES: dict[JsonValue, str] = {
    "auto": "auto",
    "none": "none",
    "required": "any",
}
#: Members that come under another name, or in another shape.
_REPLACED = {
    "functions",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "stop",
    "tool_choice",
    "tools",
}


def as_messages_request(body: JsonObject) -> JsonObject:
    """Return the body of a request in the Messages format.

    Members that it does not have stay as they are.
    """
    system, turns = as_turns(list_of("messages", body.get("messages")))
    converted: JsonObject = {
        name: value for name, value in body.items() if name not in _REPLACED
    }
    most = body.get("max_completion_tokens") or body.get("max_tokens")
    stop = body.get("stop")
    extra: JsonObject = {
        "max_tokens": most,
        "stop_sequences": [stop] if isinstance(stop, str) else stop,
        "system": system or None,
        "tool_choice": _tool_choice(body.get("tool_choice")),
        "tools": _tools(body),
    }
    converted |= {name: value for name, value in extra.items() if value is not None}
    converted["messages"] = turns
    return converted


def as_messages_response(body: JsonObject) -> JsonObject:
    """Return the body of a response in the Messages format.

    Its content is that of the first choice; others stay in `choices`. An error stays
    one.
    """
    choices = list_of("choices", body.get("choices"))
    if not choices:
        error = body.get("error")
        return body if error is None else {"type": "error", "error": error}
    first = object_of("choices", choices[0])
    message = object_of("message", first.get("message"))
    reason = first.get("finish_reason")
    usage = object_of("usage", body.get("usage"))
    converted: JsonObject = {
        name: value
        for name, value in body.items()
        if name not in {"choices", "object", "usage"}
    }
    converted |= {
        "type": "message",
        "role": "assistant",
        "content": blocks_of(message | {"role": "assistant"}),
        "stop_reason": _STOP_REASONS.get(reason, reason)
        if isinstance(reason, str)
        else None,
        "usage": as_messages_usage(usage),
    }
    for name in ("reasoning", "reasoning_content"):
        if message.get(name):
            converted[name] = message[name]
    if len(choices) > 1:
        converted["choices"] = choices[1:]
    return converted


def _tools(body: JsonObject) -> list[JsonValue] | None:
    given = list_of("tools", body.get("tools"))
    functions = list_of("functions", body.get("functions"))
    tools = [_tool(object_of("tools", tool)) for tool in given]
    tools += [_function(object_of("functions", each)) for each in functions]
    return tools or None


def _tool(tool: JsonObject) -> JsonValue:
    if tool.get("type") != "function":
        return tool
    return _function(object_of("function", tool.get("function")))


def _function(function: JsonObject) -> JsonValue:
    converted: JsonObject = {
        name: value for name, value in function.items() if name != "parameters"
    }
    return converted | {"input_schema": function.get("parameters") or {}}


def _tool_choice(choice: JsonValue) -> JsonValue:
    if isinstance(choice, str):
        return {"type": _TOOL_CHOICES.get(choice, choice)}
    if not isinstance(choice, dict) or choice.get("type") != "function":
        return choice
    function = object_of("function", choice.get("function"))
    return {"type": "tool", "name": function.get("name")}
