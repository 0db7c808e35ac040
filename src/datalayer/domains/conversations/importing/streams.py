"""Responses that were streamed, put together from their events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.domains.conversations.importing.chat_streams import join_chunks
from datalayer.domains.conversations.importing.decoding import decode
from datalayer.domains.conversations.importing.message_streams import join_events
from datalayer.domains.conversations.importing.problems import LineProblem, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalayer.domains.conversations.importing.decoding import JsonObject
    from datalayer.runtime import JsonValue

_END = "[DONE]"


def is_stream(value: JsonValue) -> bool:
    """Tell whether a response is a list of events, or the text of some."""
    if isinstance(value, str):
        return value.lstrip().startswith(("data:", "event:", ":", "id:", "retry:"))
    return isinstance(value, list)


def join_stream(value: JsonValue) -> JsonObject:
    """Return the response that events make, as if it had not been streamed.

    An event is an object, the text of one, a line `data: …`, or an object that has it
    as `data`. A stream that ends early makes as much of a response as there was.
    """
    given = value.splitlines() if isinstance(value, str) else value
    assert isinstance(given, list), "asked with `is_stream` before"
    events = list(_events(given))
    if any("choices" in event or "object" in event for event in events):
        return join_chunks(events)
    return join_events(events)


def _events(given: Iterable[JsonValue]) -> Iterator[JsonObject]:
    for item in given:
        event = _unwrap(item)
        if event is not None:
            yield event


def _unwrap(item: JsonValue) -> JsonObject | None:
    """Return the event in an item, or nothing where there is none."""
    if isinstance(item, dict) and "data" in item:
        item = item["data"]
    if isinstance(item, str):
        item = _read(item)
    if item is None or isinstance(item, dict):
        return item
    raise LineProblem(f"an event of the stream is {kind_of(item)}, not an object")


def _read(text: str) -> JsonValue:
    """Return what one line or text of a stream says, or nothing."""
    found: JsonValue = None
    for line in text.splitlines():
        data = line.strip()
        if data.startswith("data:"):
            data = data[len("data:") :].strip()
        elif not data.startswith("{"):
            # `event:` repeats the type in the data; the others are of the transport.
            continue
        if data and data != _END:
            found = decode(data.encode())
    return found
