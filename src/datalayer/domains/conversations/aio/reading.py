# twin: ../reading.py
"""Requests with their chunks, and conversations with their branches."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, TypedDict

from datalayer.domains.arguments import check_counts, unset_if_none
from datalayer.domains.conversations.errors import RequestNotFound
from datalayer.domains.conversations.pages import (
    ConversationPage,
    ConversationSummary,
    RequestDetails,
    check_filter,
)
from datalayer.queries.aio.conversations import chunk as chunks
from datalayer.queries.aio.conversations import conversation as conversations
from datalayer.queries.aio.conversations import request as requests
from datalayer.runtime import UNSET

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from psycopg import AsyncConnection

    from datalayer.domains.conversations.pages import ConversationFilter
    from datalayer.queries.conversations.conversation import Branch, Conversation
    from datalayer.runtime import Unset

#: How many branches are read at once.
_BATCH = 1000


class _Wanted(TypedDict):
    train_id: str
    since: datetime | Unset
    until: datetime | Unset
    account_id: str | Unset
    model: str | Unset
    has_subtasks: bool | Unset


async def find_request_details(
    connection: AsyncConnection[Any], *, request_id: UUID, chunk_limit: int = 1000
) -> RequestDetails:
    """Return a request with the first of its chunks; `list_chunks` returns the others.

    Raises `RequestNotFound`.
    """
    check_counts(chunk_limit=chunk_limit)
    request = await requests.get_request(connection, request_id=request_id)
    if request is None:
        raise RequestNotFound(request_id)
    first = await chunks.list_chunks(
        connection, request_id=request_id, row_limit=chunk_limit
    )
    count = len(first)
    if count == chunk_limit:
        count = await chunks.count_chunks(connection, request_id=request_id)
    return RequestDetails(request, tuple(first), count)


async def page_conversations(
    connection: AsyncConnection[Any],
    *,
    wanted: ConversationFilter,
    after: Conversation | None = None,
    row_limit: int = 50,
    maximum: int | None = None,
) -> ConversationPage:
    """Return a page of conversations with their branches, newest activity first.

    `after` is the `last` of the page before. With `maximum` all of them are counted, up
    to that many. A conversation that goes on while you page moves to the front: nobody
    sees one twice. Raises `InvalidArgument` and `NaiveTime`.
    """
    check_filter(wanted, row_limit=row_limit)
    check_counts(maximum=maximum)
    given: _Wanted = {
        "train_id": wanted.train_id,
        "since": unset_if_none(wanted.since),
        "until": unset_if_none(wanted.until),
        "account_id": unset_if_none(wanted.account_id),
        "model": unset_if_none(wanted.model),
        "has_subtasks": unset_if_none(wanted.has_subtasks),
    }
    found = await conversations.list_conversations(
        connection,
        **given,
        after_timestamp=after.last_activity_at if after else UNSET,
        after_request_id=after.last_request_id if after else UNSET,
        row_limit=row_limit,
    )
    branches = await _branches(connection, [each.conversation_id for each in found])
    total = None
    if maximum is not None:
        total = await conversations.count_conversations(
            connection, **given, maximum=maximum
        )
    return ConversationPage(
        tuple(
            ConversationSummary(each, tuple(branches.get(each.conversation_id, ())))
            for each in found
        ),
        total,
    )


async def _branches(
    connection: AsyncConnection[Any], conversation_ids: list[UUID]
) -> dict[UUID, list[Branch]]:
    """Return all the branches of some conversations."""
    found: list[Branch] = []
    is_full = bool(conversation_ids)
    while is_full:
        last = found[-1] if found else None
        page = await conversations.list_branches(
            connection,
            conversation_ids=conversation_ids,
            after_conversation_id=last.conversation_id if last else None,
            after_started_at=last.started_at if last else None,
            after_branch_id=last.branch_id if last else None,
            row_limit=_BATCH,
        )
        found += page
        is_full = len(page) == _BATCH
    grouped = groupby(found, key=lambda branch: branch.conversation_id)
    return {conversation_id: list(group) for conversation_id, group in grouped}
