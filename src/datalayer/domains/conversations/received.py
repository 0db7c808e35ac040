"""What a proxy gives to be stored: requests, responses and chunks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from datalayer.domains.arguments import check_texts, check_times, storable_text
from datalayer.domains.conversations.arguments import check_given
from datalayer.domains.conversations.links import Link
from datalayer.domains.conversations.masking import MASK, mask_headers
from datalayer.domains.conversations.messages import member_of
from datalayer.domains.conversations.nodes import MAIN
from datalayer.domains.conversations.storable import encode_json
from datalayer.domains.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from uuid import UUID

    from datalayer.runtime import JsonInput

#: The largest number of an integer column.
MOST = 2**31 - 1

# An index takes rows of 2,700 bytes, three names among them; a character may have four.
_LONGEST_NAME = 200

_HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request as it came, its headers with all their secrets.

    Without a model it is that of the body, without a hash that of the key in the
    headers, and whether it is streamed is what the body says.
    """

    request_id: UUID
    timestamp: datetime
    train_id: str
    path: str
    headers: Mapping[str, JsonInput] = field(default_factory=dict)
    body: JsonInput | None = None
    method: str = "POST"
    account_id: str | None = None
    request_type: str | None = None
    model: str | None = None
    api_key_hash: str | None = None
    ip_address: IPv4Address | IPv6Address | str | None = None
    response_streaming: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedResponse:
    """What is known of the answer to a request; what is None stays as it is stored.

    Counts that are not given are read out of the body, as is the error.
    """

    status: int | None = None
    headers: Mapping[str, JsonInput] | None = None
    body: JsonInput | None = None
    streaming: bool | None = None
    duration_ms: int | None = None
    first_token_ms: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    usage: JsonInput | None = None
    tool_call_count: int | None = None
    error: str | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReceivedChunk:
    """A part of a streamed answer; without a time it arrived when it is stored."""

    chunk_index: int
    data: str
    token_count: int = 0
    timestamp: datetime | None = None


def check_request(request: ReceivedRequest) -> None:
    """Raise `InvalidArgument` or `NaiveTime` for what no column can hold."""
    check_times(timestamp=request.timestamp)
    check_given(train_id=request.train_id)
    check_texts(account_id=request.account_id)
    if not (request.api_key_hash is None or _HASH.fullmatch(request.api_key_hash)):
        # Not the value, which may be the key itself.
        raise InvalidArgument("api_key_hash", MASK, "a SHA-256 in hexadecimal")
    names = {"train_id": request.train_id, "account_id": request.account_id}
    for name, value in names.items():
        if value is not None and len(value) > _LONGEST_NAME:
            needed = f"a text of at most {_LONGEST_NAME} characters"
            raise InvalidArgument(name, value, needed)


def check_response(response: ReceivedResponse) -> None:
    """Raise `InvalidArgument` or `NaiveTime` for what no column can hold."""
    check_times(completed_at=response.completed_at)
    counts = {
        "status": response.status,
        "duration_ms": response.duration_ms,
        "first_token_ms": response.first_token_ms,
        "input_tokens": response.input_tokens,
        "output_tokens": response.output_tokens,
        "cache_creation_input_tokens": response.cache_creation_input_tokens,
        "cache_read_input_tokens": response.cache_read_input_tokens,
        "tool_call_count": response.tool_call_count,
    }
    for name, count in counts.items():
        if count is not None and not 0 <= count <= MOST:
            raise InvalidArgument(name, count, f"a whole number from 0 to {MOST}")


def address_of(request: ReceivedRequest) -> IPv4Address | IPv6Address | None:
    """Return the address that a request came from; raise `InvalidArgument`."""
    address = request.ip_address
    if not isinstance(address, str):
        return address
    try:
        # PostgreSQL has no scopes of addresses.
        return ip_address(address.partition("%")[0])
    except ValueError:
        raise InvalidArgument("ip_address", address, "an address") from None


def short_name(text: str | None) -> str | None:
    """Return a name from a client, cut to what an index can hold; None for none."""
    return storable_text(text)[:_LONGEST_NAME] if text else None


def is_streamed(request: ReceivedRequest) -> bool:
    """Return whether the answer is streamed, as it is told or as the body asks for."""
    if request.response_streaming is not None:
        return request.response_streaming
    return member_of(request.body, "stream") is True


def encode_headers(headers: Mapping[str, JsonInput], also_mask: Collection[str]) -> str:
    """Return headers as JSON text, with their secrets masked."""
    return encode_json(mask_headers(headers, also_mask=also_mask)) or "{}"


def no_link(request: ReceivedRequest) -> Link:
    """Return the link of a request that is not linked."""
    return Link(
        request_id=request.request_id,
        current_message_hash=None,
        parent_message_hash=None,
        system_hash=None,
        message_count=0,
        conversation_id=None,
        branch_id=MAIN,
        parent_request_id=None,
        parent_task_request_id=None,
        is_subtask=False,
    )
