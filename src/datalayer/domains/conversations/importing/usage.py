"""How many tokens a response says were used, in both formats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.domains.conversations.importing.members import count_of, object_of

if TYPE_CHECKING:
    from datalayer.domains.conversations.importing.decoding import JsonObject


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Tokens as the columns have them: those of the input without cached ones."""

    input: int = 0
    output: int = 0
    cache_creation: int = 0
    cache_read: int = 0


def count_tokens(usage: JsonObject) -> TokenCounts:
    """Return the tokens of a `usage` object of the Messages format."""
    return TokenCounts(
        input=_count(usage, "input_tokens"),
        output=_count(usage, "output_tokens"),
        cache_creation=_count(usage, "cache_creation_input_tokens"),
        cache_read=_count(usage, "cache_read_input_tokens"),
    )


def as_messages_usage(usage: JsonObject) -> JsonObject:
    """Return the `usage` of a chat completion as the Messages format has it.

    There the tokens that came from a cache are not among those of the input.
    """
    details = object_of("prompt_tokens_details", usage.get("prompt_tokens_details"))
    cached = _count(details, "cached_tokens")
    prompt = _count(usage, "prompt_tokens")
    return {
        "input_tokens": max(0, prompt - cached),
        "output_tokens": _count(usage, "completion_tokens"),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": min(cached, prompt),
    }


def _count(usage: JsonObject, name: str) -> int:
    return count_of(name, usage.get(name)) or 0
