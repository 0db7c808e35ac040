"""What linking takes and gives: a new request, its place, and what moves for it.

The services of `datalayer.domains.conversations.aio.linking`, and their sync twins:

    async def link_request(
        connection, *, request_id: UUID, train_id: str, timestamp: datetime,
        body: JsonInput | None, response_body: JsonInput | None = None,
    ) -> Linked                       # its only link is `linked.links[0]`

    async def link_requests(
        connection, *, requests: Sequence[NewRequest]
    ) -> Linked                       # links in the order given

    async def move_requests(connection, *, moves: Sequence[Link]) -> int

    async def link_response(
        connection, *, request_id: UUID, response_body: JsonInput | None
    ) -> Linked                       # no links, only moves

Call `link_request` first, store the row with the columns that its link holds, then call
`move_requests` when there are moves, all in one transaction at READ COMMITTED: from the
first call to the end of the transaction no other one links requests of these trains.
"""

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
