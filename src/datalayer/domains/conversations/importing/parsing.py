"""From a line to the record of a request and its response."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from ipaddress import ip_interface
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from datalayer.domains.conversations.importing.chat_format import (
    as_messages_request,
    as_messages_response,
)
from datalayer.domains.conversations.importing.decoding import decode_object
from datalayer.domains.conversations.importing.exchanges import (
    read_request,
    read_response,
)
from datalayer.domains.conversations.importing.members import (
    first_of,
    list_of,
    object_of,
    text_of,
)
from datalayer.domains.conversations.importing.problems import LineProblem, kind_of
from datalayer.domains.conversations.importing.recognition import (
    TrafficFormat,
    recognise,
)
from datalayer.domains.conversations.importing.records import TrafficRecord
from datalayer.domains.conversations.importing.times import (
    milliseconds_of,
    moment_of,
    moment_of_header,
)
from datalayer.domains.conversations.importing.usage import TokenCounts, count_tokens
from datalayer.domains.conversations.masking import key_hash_of, mask_headers

if TYPE_CHECKING:
    from datetime import datetime
    from ipaddress import IPv4Address, IPv6Address

    from datalayer.domains.conversations.importing.decoding import JsonObject
    from datalayer.domains.conversations.importing.exchanges import Request, Response
    from datalayer.domains.conversations.importing.records import Defaults
    from datalayer.runtime import JsonValue

# Indexes take rows of 2,700 bytes, and a character may have four.
_LONGEST_NAME = 200
_LONGEST_ERROR = 10_000
_NAMESPACE = UUID("5b0d6d1c-3c63-5c0a-9d5c-6f0c3f8b7a51")
_HASH = re.compile(r"[0-9a-f]{64}")

_ACCOUNT = ("account", "account_id")
_ADDRESS = ("ip_address", "client_ip", "ip")
_COMPLETED = ("completed_at", "ended_at", "end_time", "finished_at")
_DURATION = ("duration_ms", "latency_ms", "duration", "latency")
_FIRST_TOKEN = ("first_token_ms", "ttft_ms", "time_to_first_token_ms")
_ID = ("request_id", "id", "uuid")
_TIMESTAMP = (
    "timestamp",
    "@timestamp",
    "time",
    "ts",
    "started_at",
    "start_time",
    "created_at",
)
_TRAIN = ("train_id", "train")
_DEFAULT_PATHS = {
    TrafficFormat.CHAT_COMPLETIONS: "/v1/chat/completions",
    TrafficFormat.MESSAGES: "/v1/messages",
}


def parse_line(content: bytes, defaults: Defaults) -> TrafficRecord:
    """Return what a line says; raise `LineProblem` when it cannot be stored.

    Equal lines get equal ids, and so does whatever has the same id of its own: a UUID
    is taken as it is.
    """
    line = decode_object(content)
    request, response = read_request(line), read_response(line)
    _check_messages(request.body)
    given = response.body if isinstance(response.body, dict) else {}
    spoken = recognise(request.path, request.body, given)
    usage = object_of("usage", given.get("usage"))
    body: JsonObject = request.body
    answer = response.body
    if spoken == TrafficFormat.CHAT_COMPLETIONS:
        body = as_messages_request(body)
        answer = as_messages_response(given) if given else answer
    train_id = _name(line, _TRAIN) or defaults.train_id
    if train_id is None:
        raise LineProblem("no `train`, and no train was given for the file")
    duration = milliseconds_of(*first_of(line, _DURATION))
    timestamp = _timestamp(line, response, duration)
    return TrafficRecord(
        request_id=_request_id(line, train_id, content),
        timestamp=timestamp,
        train_id=train_id,
        account_id=_name(line, _ACCOUNT) or defaults.account_id,
        method=request.method or "POST",
        path=request.path or _DEFAULT_PATHS[spoken],
        headers=mask_headers(request.headers),
        body=body,
        request_type=_name(line, ("request_type",)) or spoken.value,
        model=_model(request, given),
        ip_address=_address(line),
        api_key_hash=_hash(line) or key_hash_of(request.headers),
        response_status=response.status,
        response_headers=mask_headers(response.headers) if response.headers else None,
        response_body=answer,
        response_streaming=response.streaming or request.body.get("stream") is True,
        duration_ms=duration,
        first_token_ms=milliseconds_of(*first_of(line, _FIRST_TOKEN)),
        tokens=_tokens(answer),
        usage_data=usage or None,
        tool_call_count=_count_calls(answer),
        error=_error(line, answer, response.status),
        completed_at=_completed_at(line, answer, timestamp, duration),
    )


def _check_messages(body: JsonObject) -> None:
    """Raise `LineProblem` unless there are messages, in one of their shapes."""
    if not isinstance(body.get("messages"), list):
        found = kind_of(body["messages"]) if "messages" in body else "missing"
        raise LineProblem(f"`messages` of the request is {found}, not a list")
    for place, item in enumerate(list_of("messages", body["messages"])):
        message = object_of(f"messages[{place}]", item)
        role, content = message.get("role"), message.get("content")
        if not isinstance(role, str):
            raise LineProblem(f"`messages[{place}].role` is {kind_of(role)}, not text")
        _check_content(f"messages[{place}].content", content)


def _check_content(name: str, content: JsonValue) -> None:
    if content is None or isinstance(content, str):
        return
    for block in list_of(name, content):
        if not isinstance(block, dict | str):
            raise LineProblem(f"`{name}` holds {kind_of(block)}, not an object")


def _name(line: JsonObject, names: tuple[str, ...]) -> str | None:
    return text_of(*first_of(line, names), longest=_LONGEST_NAME)


def _request_id(line: JsonObject, train_id: str, content: bytes) -> UUID:
    name, value = first_of(line, _ID)
    if isinstance(value, bool | dict | list | float):
        raise LineProblem(f"`{name}` is {kind_of(value)}, not text")
    if value is None:
        digest = hashlib.sha256(content.strip()).hexdigest()
        return uuid5(_NAMESPACE, f"{train_id}\n{digest}")
    try:
        return UUID(str(value))
    except ValueError:
        return uuid5(_NAMESPACE, f"{train_id}\n{value}")


def _timestamp(line: JsonObject, response: Response, duration: int | None) -> datetime:
    """Return when the request came, from what says it best."""
    found = moment_of(*first_of(line, _TIMESTAMP))
    if found:
        return found
    ended = moment_of(*first_of(line, _COMPLETED))
    if ended:
        return ended - timedelta(milliseconds=duration or 0)
    body = response.body if isinstance(response.body, dict) else {}
    headers = response.headers or {}
    named = {name.lower(): value for name, value in headers.items()}
    said = moment_of("created", body.get("created")) or moment_of_header(
        named.get("date")
    )
    if said is None:
        raise LineProblem("no `timestamp`")
    return said


def _completed_at(
    line: JsonObject, answer: JsonValue, timestamp: datetime, duration: int | None
) -> datetime | None:
    ended = moment_of(*first_of(line, _COMPLETED))
    if ended or answer is None:
        return ended
    return timestamp + timedelta(milliseconds=duration or 0)


def _model(request: Request, answer: JsonObject) -> str | None:
    name, value = first_of(answer, ("model",))
    if value is None:
        name, value = first_of(request.body, ("model",))
    return text_of(name, value, longest=_LONGEST_NAME)


def _address(line: JsonObject) -> IPv4Address | IPv6Address | None:
    name, value = first_of(line, _ADDRESS)
    text = text_of(name, value, longest=_LONGEST_NAME)
    try:
        return None if text is None else ip_interface(text.partition("%")[0]).ip
    except ValueError as error:
        raise LineProblem(f"`{name}` is no address: {text!r:.60}") from error


def _hash(line: JsonObject) -> str | None:
    """Return the SHA-256 of the client's key; never a key that took its place."""
    value = line.get("api_key_hash")
    if value is None:
        return None
    if isinstance(value, str) and _HASH.fullmatch(value):
        return value
    raise LineProblem("`api_key_hash` is not a SHA-256 in hexadecimal")


def _tokens(answer: JsonValue) -> TokenCounts:
    if not isinstance(answer, dict):
        return TokenCounts()
    return count_tokens(object_of("usage", answer.get("usage")))


def _count_calls(answer: JsonValue) -> int:
    content = answer.get("content") if isinstance(answer, dict) else None
    return sum(
        isinstance(block, dict) and block.get("type") == "tool_use"
        for block in list_of("response.content", content)
    )


def _error(line: JsonObject, answer: JsonValue, status: int | None) -> str | None:
    """Return what went wrong, as the log or the answer tells it."""
    said = answer.get("error") if isinstance(answer, dict) else None
    error = line.get("error") or said
    if isinstance(error, dict):
        error = error.get("message") or error.get("type")
    if error:
        return str(error)[:_LONGEST_ERROR]
    return f"status {status}" if status is not None and status >= 400 else None
