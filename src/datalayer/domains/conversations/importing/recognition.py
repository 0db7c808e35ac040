"""Which of the formats a request and its response are in."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalayer.domains.conversations.importing.decoding import JsonObject
    from datalayer.runtime import JsonValue


class TrafficFormat(StrEnum):
    """A format of requests and responses."""

    MESSAGES = "messages"
    CHAT_COMPLETIONS = "chat_completions"


_CHAT_ROLES = {"developer", "function", "system", "tool"}
_CHAT_MEMBERS = {
    "frequency_penalty",
    "functions",
    "logprobs",
    "max_completion_tokens",
    "n",
    "presence_penalty",
    "response_format",
    "stream_options",
}
_MESSAGES_MEMBERS = {"stop_sequences", "system", "thinking", "top_k"}


def recognise(
    path: str | None, request: JsonObject, response: JsonObject
) -> TrafficFormat:
    """Return the format, by the surest mark there is.

    A response has one nearly always; a request may be right in both formats, which
    then mean the same.
    """
    marks = (
        _of_response(response),
        _of_path(path),
        _of_members(request),
        _of_messages(request.get("messages")),
    )
    return next((mark for mark in marks if mark), TrafficFormat.MESSAGES)


def _of_response(response: JsonObject) -> TrafficFormat | None:
    if "choices" in response or str(response.get("object", "")).startswith("chat."):
        return TrafficFormat.CHAT_COMPLETIONS
    if response.get("type") in ("error", "message"):
        return TrafficFormat.MESSAGES
    return None


def _of_path(path: str | None) -> TrafficFormat | None:
    if path is None:
        return None
    if path.endswith("/chat/completions"):
        return TrafficFormat.CHAT_COMPLETIONS
    is_messages = path.endswith(("/messages", "/messages/count_tokens"))
    return TrafficFormat.MESSAGES if is_messages else None


def _of_members(request: JsonObject) -> TrafficFormat | None:
    names = request.keys()
    if names & _MESSAGES_MEMBERS:
        return TrafficFormat.MESSAGES
    if names & _CHAT_MEMBERS:
        return TrafficFormat.CHAT_COMPLETIONS
    tools = request.get("tools")
    tool = tools[0] if isinstance(tools, list) and tools else None
    if not isinstance(tool, dict):
        return None
    if "input_schema" in tool:
        return TrafficFormat.MESSAGES
    return TrafficFormat.CHAT_COMPLETIONS if "function" in tool else None


def _of_messages(messages: JsonValue) -> TrafficFormat | None:
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict) and (
            message.get("role") in _CHAT_ROLES or "tool_calls" in message
        ):
            return TrafficFormat.CHAT_COMPLETIONS
    return None
