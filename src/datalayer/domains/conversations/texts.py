"""What messages say, as text that people read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.runtime import JsonValue


def text_of_message(message: JsonValue) -> str:
    """Return the text of a message or an answer, with a word about what is no text."""
    if isinstance(message, str):
        return message
    if not isinstance(message, dict):
        return ""
    return "\n".join(_parts(message.get("content")))


def _parts(content: JsonValue) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    for block in content if isinstance(content, list) else []:
        if isinstance(block, str):
            yield block
        elif isinstance(block, dict):
            yield from _block(block)


def _block(block: dict[str, JsonValue]) -> Iterator[str]:
    kind = block.get("type")
    if kind == "text":
        yield str(block.get("text") or "")
    elif kind == "thinking":
        yield f"[thinking] {block.get('thinking') or ''}"
    elif kind == "tool_use":
        given = json.dumps(block.get("input"), ensure_ascii=False)
        yield f"[{block.get('name')}] {given}"
    elif kind == "tool_result":
        yield "[result] " + "\n".join(_parts(block.get("content")))
    else:
        yield f"[{kind}]"
