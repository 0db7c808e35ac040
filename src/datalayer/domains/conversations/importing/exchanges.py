"""The request and the response of a line, out of the shapes in which logs wrap them.

Either is its body itself, or an object with the `body`, beside what HTTP has more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalayer.domains.conversations.importing.decoding import decode
from datalayer.domains.conversations.importing.members import (
    count_of,
    first_of,
    object_of,
    text_of,
)
from datalayer.domains.conversations.importing.problems import LineProblem, kind_of
from datalayer.domains.conversations.importing.streams import is_stream, join_stream

if TYPE_CHECKING:
    from datalayer.domains.conversations.importing.decoding import JsonObject
    from datalayer.runtime import JsonValue

_LONGEST_PATH = 2000
_LONGEST_METHOD = 20
_STATUSES = range(100, 600)

_REQUEST = ("request", "request_body", "body")
_RESPONSE = ("response", "response_body", "events", "chunks")
_EVENTS = ("events", "chunks")
_BODIES = ("body", *_EVENTS)
_HEADERS = ("headers", "request_headers")
_STATUS = ("status", "status_code", "response_status", "http_status")
_PATH = ("path", "url", "uri", "endpoint")


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, as it was asked."""

    body: JsonObject
    headers: JsonObject
    method: str | None
    path: str | None


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; a stream is put together."""

    body: JsonValue
    headers: JsonObject | None
    status: int | None
    streaming: bool


def read_request(line: JsonObject) -> Request:
    """Return the request of a line."""
    name, given = first_of(line, _REQUEST)
    if given is None:
        raise LineProblem("no `request`")
    request = object_of(name, _parsed(name, given))
    wrapper: JsonObject = {}
    if "messages" not in request and "body" in request:
        wrapper = request
        request = object_of("request.body", _parsed("request.body", request["body"]))
    both = {**line, **wrapper}
    return Request(
        body=request,
        headers=_headers(first_of(both, _HEADERS)),
        method=text_of("method", both.get("method"), longest=_LONGEST_METHOD),
        path=_path(first_of(both, _PATH)),
    )


def read_response(line: JsonObject) -> Response:
    """Return the response of a line; without one the body is None."""
    _, given = first_of(line, _RESPONSE)
    wrapper: JsonObject = {}
    if isinstance(given, dict) and _is_wrapper(given):
        wrapper = given
        _, given = first_of(given, _BODIES)
    streaming = is_stream(given)
    headers = wrapper.get("headers") or line.get("response_headers")
    return Response(
        body=join_stream(given) if streaming else _loosely_parsed(given),
        headers=_headers(("response_headers", headers)) or None,
        status=_status(first_of({**line, **wrapper}, _STATUS)),
        streaming=streaming,
    )


def _is_wrapper(response: JsonObject) -> bool:
    has_content = "content" in response or "choices" in response
    return not has_content and any(name in response for name in _BODIES)


def _parsed(name: str, value: JsonValue) -> JsonValue:
    """Return a body that was logged as text as what it says."""
    if not isinstance(value, str):
        return value
    try:
        return decode(value.encode())
    except LineProblem as problem:
        raise LineProblem(f"`{name}`: {problem.reason}") from problem


def _loosely_parsed(value: JsonValue) -> JsonValue:
    """Return a response that was logged as text: it need not be JSON."""
    if not isinstance(value, str):
        return value
    try:
        return decode(value.encode())
    except LineProblem:
        return value


def _headers(found: tuple[str, JsonValue]) -> JsonObject:
    """Return headers, from an object or from pairs of names and values."""
    name, value = found
    if not isinstance(value, list):
        return object_of(name, value)
    headers: JsonObject = {}
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2:
            raise LineProblem(f"`{name}` holds {kind_of(pair)}, not a name and a value")
        headers[str(pair[0])] = pair[1]
    return headers


def _status(found: tuple[str, JsonValue]) -> int | None:
    name, value = found
    if isinstance(value, str) and not value.isdecimal():
        # `success`, `error`: what the log thinks of it.
        return None
    status = count_of(name, int(value) if isinstance(value, str) else value)
    if status is not None and status not in _STATUSES:
        raise LineProblem(f"`{name}` is {status}, which is no status of HTTP")
    return status


def _path(found: tuple[str, JsonValue]) -> str | None:
    """Return a path, without what may be secret: the query of a URL."""
    name, value = found
    text = text_of(name, value, longest=_LONGEST_PATH)
    if text is None:
        return None
    try:
        return urlsplit(text).path or "/"
    except ValueError as error:
        raise LineProblem(f"`{name}` is no path: {error}") from error
