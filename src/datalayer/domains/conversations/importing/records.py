"""What a line says, as the columns of a request have it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalayer.domains.conversations.importing.usage import TokenCounts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from ipaddress import IPv4Address, IPv6Address
    from uuid import UUID

    from datalayer.domains.conversations.importing.decoding import JsonObject
    from datalayer.runtime import JsonInput, JsonValue


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for lines that do not say it themselves."""

    train_id: str | None = None
    account_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficRecord:
    """A request with its response, both in the Messages format, headers masked."""

    request_id: UUID
    timestamp: datetime
    train_id: str
    account_id: str | None
    method: str
    path: str
    headers: Mapping[str, JsonInput]
    body: JsonObject
    request_type: str
    model: str | None
    ip_address: IPv4Address | IPv6Address | None
    api_key_hash: str | None
    response_status: int | None
    response_headers: Mapping[str, JsonInput] | None
    response_body: JsonValue
    response_streaming: bool
    duration_ms: int | None
    first_token_ms: int | None
    tokens: TokenCounts = field(default_factory=TokenCounts)
    usage_data: JsonObject | None
    tool_call_count: int
    error: str | None
    completed_at: datetime | None
