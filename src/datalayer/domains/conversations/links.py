"""What linking takes and gives: a new request, its place, and what moves for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from datalayer.runtime import JsonInput


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request that is about to be stored, with its response if that is known."""

    request_id: UUID
    train_id: str
    timestamp: datetime
    body: JsonInput | None
    response_body: JsonInput | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """The place of a request among the others: what its columns of that name hold.

    A request without messages belongs to no conversation.
    """

    request_id: UUID
    current_message_hash: str | None
    parent_message_hash: str | None
    system_hash: str | None
    message_count: int
    conversation_id: UUID | None
    branch_id: str
    parent_request_id: UUID | None
    parent_task_request_id: UUID | None
    is_subtask: bool
    #: The invocations of the Task tool in the response, if that was given.
    task_tool_invocation: list[JsonInput] | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """The links of new requests, and those of stored ones that change with them."""

    links: tuple[Link, ...]
    moves: tuple[Link, ...] = ()
