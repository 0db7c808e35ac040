# twin: ../reading_trees.py
"""Whole conversations, read page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.conversations.errors import ConversationNotFound
from datalayer.queries.aio.conversations import conversation_tree
from datalayer.runtime import UNSET

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import AsyncConnection

    from datalayer.queries.conversations.conversation_tree import TreeRequest

_PAGE = 500


async def read_conversation(
    connection: AsyncConnection[Any], *, id: UUID, with_messages: bool = False
) -> list[TreeRequest]:
    """Return the requests of a conversation, oldest first; `build_tree` arranges them.

    The id is that of the conversation or of one of its requests. With messages each has
    its last message and its answer. Raises `ConversationNotFound`.
    """
    conversation_id = await conversation_tree.find_conversation(connection, id=id)
    if conversation_id is None:
        raise ConversationNotFound(id)
    requests: list[TreeRequest] = []
    while True:
        last = requests[-1] if requests else None
        page = await conversation_tree.list_tree_requests(
            connection,
            conversation_id=conversation_id,
            with_messages=with_messages,
            after_timestamp=last.timestamp if last else UNSET,
            after_request_id=last.request_id if last else UNSET,
            row_limit=_PAGE,
        )
        requests += page
        if len(page) < _PAGE:
            return requests
