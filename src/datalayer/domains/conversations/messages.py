"""The shapes of the Messages format, read so that no client's mistake is an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.runtime import JsonInput

#: The tool that begins a sub-task.
TASK_TOOL = "Task"


def messages_of(body: JsonInput) -> Sequence[JsonInput]:
    """Return the messages of a request; none when there are none to read."""
    return elements_of(member_of(body, "messages"))


def system_of(body: JsonInput) -> JsonInput:
    """Return the system prompt of a request: a string, blocks, or None."""
    return member_of(body, "system")


def role_of(message: JsonInput) -> JsonInput:
    """Return who says a message."""
    return member_of(message, "role")


def blocks_of(content: JsonInput) -> Sequence[JsonInput]:
    """Return content as blocks; a string is one block of text."""
    if content is None:
        return ()
    if isinstance(content, str):
        return ({"type": "text", "text": content},)
    if is_array(content):
        return elements_of(content)
    return (content,)


def texts_of(content: JsonInput) -> Iterator[str]:
    """Give the texts of the blocks of text, as they were sent."""
    for block in blocks_of(content):
        text = member_of(block, "text")
        if type_of(block) == "text" and isinstance(text, str):
            yield text


def task_invocations(response_body: JsonInput) -> list[dict[str, JsonInput]]:
    """Return the invocations of the Task tool in a response, each of them once."""
    found: list[dict[str, JsonInput]] = []
    seen: set[str] = set()
    for block in blocks_of(member_of(response_body, "content")):
        if type_of(block) != "tool_use" or member_of(block, "name") != TASK_TOOL:
            continue
        identifier = member_of(block, "id")
        if isinstance(identifier, str):
            if identifier in seen:
                continue
            seen.add(identifier)
        members = {name: member_of(block, name) for name in ("id", "name", "input")}
        found.append(members)
    return found


def type_of(block: JsonInput) -> JsonInput:
    """Return the type of a block; None when it says none."""
    return member_of(block, "type")


def member_of(value: JsonInput, name: str) -> JsonInput:
    """Return a member of an object; None of anything else."""
    # A Mapping takes longer to tell.
    return value.get(name) if isinstance(value, (dict, Mapping)) else None


def elements_of(value: JsonInput) -> Sequence[JsonInput]:
    """Return the elements of an array; none of anything else."""
    if isinstance(value, Sequence) and is_array(value):
        return value
    return ()


def is_array(value: JsonInput) -> bool:
    """Tell whether a value is what JSON calls an array."""
    return isinstance(value, (list, tuple)) or (
        isinstance(value, Sequence) and not isinstance(value, (str, bytes))
    )
