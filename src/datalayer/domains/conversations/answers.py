"""What an answer says of itself, in the Messages and the chat-completions format."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from datalayer.domains.arguments import storable_text
from datalayer.domains.conversations.messages import (
    elements_of,
    member_of,
    task_invocations,
    type_of,
)
from datalayer.domains.conversations.received import MOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.domains.conversations.received import ReceivedResponse
    from datalayer.runtime import JsonInput

ValueT = TypeVar("ValueT")

#: How much of an error is kept.
_LONGEST_ERROR = 10_000


@dataclass(frozen=True, slots=True)
class Tokens:
    """How many tokens an answer says were used; None where it says nothing.

    Those of the input do not count cached ones, as in the Messages format: of a chat
    completion, whose `prompt_tokens` do, the cached ones are subtracted.
    """

    input: int | None = None
    output: int | None = None
    cache_creation: int | None = None
    cache_read: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is stored of an answer beside itself; what is None stays as it is."""

    tokens: Tokens
    usage: JsonInput
    tool_call_count: int | None
    invocations: list[dict[str, JsonInput]]
    error: str | None


def facts_of(response: ReceivedResponse) -> Facts:
    """Return what a response says of itself, and what is given in its stead."""
    usage = usage_of(response.body) if response.usage is None else response.usage
    read = tokens_of(usage)
    error = _either(response.error, error_of(response.body))
    return Facts(
        tokens=Tokens(
            _either(response.input_tokens, read.input),
            _either(response.output_tokens, read.output),
            _either(response.cache_creation_input_tokens, read.cache_creation),
            _either(response.cache_read_input_tokens, read.cache_read),
        ),
        usage=usage,
        tool_call_count=_either(
            response.tool_call_count, count_tool_calls(response.body)
        ),
        invocations=invocations_of(response.body),
        error=None if error is None else storable_text(error),
    )


def usage_of(body: JsonInput) -> JsonInput:
    """Return the usage of an answer as it is; None when it tells none."""
    return member_of(body, "usage")


def tokens_of(usage: JsonInput) -> Tokens:
    """Return the tokens of a usage in either format; what is no count is none."""
    if member_of(usage, "prompt_tokens") is not None:
        return _tokens_of_chat(usage)
    return Tokens(
        _count(usage, "input_tokens"),
        _count(usage, "output_tokens"),
        _count(usage, "cache_creation_input_tokens"),
        _count(usage, "cache_read_input_tokens"),
    )


def model_of(body: JsonInput) -> str | None:
    """Return the model that a request or an answer names; None when it names none."""
    model = member_of(body, "model")
    return model if isinstance(model, str) and model else None


def error_of(body: JsonInput) -> str | None:
    """Return the error that an answer tells, such as `overloaded_error: Overloaded`."""
    error = member_of(body, "error")
    if error is None or error == {}:
        return None
    parts = [member_of(error, name) for name in ("type", "message")]
    said = ": ".join(part for part in parts if isinstance(part, str) and part)
    text = said or (error if isinstance(error, str) else json.dumps(error))
    return text[:_LONGEST_ERROR]


def count_tool_calls(body: JsonInput) -> int | None:
    """Return how many tools an answer calls; None when it is none of a model."""
    content = content_of(body)
    if content is None:
        return None
    return sum(type_of(block) == "tool_use" for block in content)


def invocations_of(body: JsonInput) -> list[dict[str, JsonInput]]:
    """Return the sub-tasks that an answer calls for: the ids, names and inputs."""
    content = content_of(body)
    return [] if content is None else task_invocations({"content": content})


def content_of(body: JsonInput) -> list[JsonInput] | None:
    """Return the blocks of an answer in either format; None when it has none."""
    if member_of(body, "content") is not None:
        return list(elements_of(member_of(body, "content")))
    choices = elements_of(member_of(body, "choices"))
    if not choices:
        return None
    return [
        block
        for choice in choices
        for block in _blocks_of_chat(member_of(choice, "message"))
    ]


def _either(given: ValueT | None, read: ValueT | None) -> ValueT | None:
    return read if given is None else given


def _tokens_of_chat(usage: JsonInput) -> Tokens:
    prompt = _count(usage, "prompt_tokens")
    cached = _count(member_of(usage, "prompt_tokens_details"), "cached_tokens")
    if prompt is not None and cached is not None:
        cached = min(cached, prompt)
        prompt -= cached
    return Tokens(prompt, _count(usage, "completion_tokens"), None, cached)


def _blocks_of_chat(message: JsonInput) -> Iterator[JsonInput]:
    """Yield the text and the calls of a message as blocks of the Messages format."""
    text = member_of(message, "content")
    if isinstance(text, str):
        yield {"type": "text", "text": text}
    for call in elements_of(member_of(message, "tool_calls")):
        function = member_of(call, "function")
        yield {
            "type": "tool_use",
            "id": member_of(call, "id"),
            "name": member_of(function, "name"),
            "input": _parsed(member_of(function, "arguments")),
        }


def _parsed(arguments: JsonInput) -> JsonInput:
    """Return the arguments of a call, which come as JSON in a text."""
    if not isinstance(arguments, str):
        return arguments
    try:
        parsed: JsonInput = json.loads(arguments)
    except (ValueError, RecursionError):
        # The answer was cut off.
        return arguments
    return parsed


def _count(usage: JsonInput, name: str) -> int | None:
    count = member_of(usage, name)
    if isinstance(count, bool) or not isinstance(count, int):
        return None
    return count if 0 <= count <= MOST else None
