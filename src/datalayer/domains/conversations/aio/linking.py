# twin: ../linking.py
"""Requests linked to the conversations, branches and sub-tasks that they belong to.

    linked = await link_request(connection, request_id=…, train_id=…, …)
    # Store the row with what `linked.links[0]` holds, then:
    await move_requests(connection, moves=linked.moves)

All of it in one transaction at READ COMMITTED. From the first call to its end no other
transaction links requests of the same trains.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psycopg.pq import TransactionStatus

from datalayer.domains.conversations.aio.loading import Loader
from datalayer.domains.conversations.errors import LinkingNotSerialised
from datalayer.domains.conversations.links import Link, Linked, NewRequest
from datalayer.domains.conversations.nodes import read_node, read_response
from datalayer.domains.conversations.questions import node_of
from datalayer.domains.conversations.settling import (
    in_order,
    link_of,
    moves_of,
    reconsider_waiting,
    settle,
)
from datalayer.domains.errors import NaiveTime
from datalayer.queries.aio.conversations import linking

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from psycopg import AsyncConnection

    from datalayer.domains.conversations.nodes import Node
    from datalayer.runtime import JsonInput

# Those that see what other transactions commit meanwhile.
_SEEING = {"read committed", "read uncommitted"}


async def link_request(
    connection: AsyncConnection[Any],
    *,
    request_id: UUID,
    train_id: str,
    timestamp: datetime,
    body: JsonInput | None,
    response_body: JsonInput | None = None,
) -> Linked:
    """Return the link of a request that is about to be stored, as the only one.

    Its row has to be stored before the moves are made. A request without messages
    belongs to no conversation. Raises `LinkingNotSerialised`, and `NaiveTime`.
    """
    new = NewRequest(request_id, train_id, timestamp, body, response_body)
    return await link_requests(connection, requests=[new])


async def link_requests(
    connection: AsyncConnection[Any], *, requests: Sequence[NewRequest]
) -> Linked:
    """Return the links of requests that are about to be stored, in the order given.

    They are linked to each other, in the order of their times, as well as to those that
    are stored: the same comes of it as of one after another. Raises
    `LinkingNotSerialised`, and `NaiveTime`.
    """
    for request in requests:
        if request.timestamp.utcoffset() is None:
            raise NaiveTime("timestamp", request.timestamp)
    read = [read_node(request) for request in requests]
    nodes = in_order(node for node in read if node.reading.message_count)
    if nodes:
        await _lock(connection, {node.train_id for node in nodes})
    loader = Loader(connection)
    await loader.load_relatives(nodes)
    for node in nodes:
        await loader.load_before(node)
        settle(loader.forest, node)
        # What comes next is placed by the places of those before it.
        await loader.put_in_order()
    placed = (loader.forest.nodes.get(node.request_id, node) for node in read)
    responses = (request.response_body for request in requests)
    return Linked(tuple(map(link_of, placed, responses)), moves_of(loader.forest))


async def link_response(
    connection: AsyncConnection[Any],
    *,
    request_id: UUID,
    response_body: JsonInput | None,
) -> Linked:
    """Return what moves because a stored request has got a response: its sub-tasks.

    That is so when they were stored before it, and nobody knew that they are sub-tasks.
    Without invocations of the Task tool nothing is asked of the database. Raises
    `LinkingNotSerialised`; there are no links in what is returned.
    """
    answer = read_response(response_body)
    stored = await _find(connection, request_id) if answer.tasks else None
    if stored is None:
        return Linked(())
    await _lock(connection, {stored.train_id})
    stored = await _find(connection, request_id)
    if stored is None or stored.conversation_id is None:
        return Linked(())
    loader = Loader(connection)
    loader.forest.load([replace(stored, answer=answer)])
    await loader.load_relatives([loader.forest.nodes[request_id]])
    await loader.load_waiting(loader.forest.nodes[request_id])
    reconsider_waiting(loader.forest, loader.forest.nodes[request_id])
    await loader.put_in_order()
    return Linked((), moves_of(loader.forest))


async def move_requests(
    connection: AsyncConnection[Any], *, moves: Sequence[Link]
) -> int:
    """Give stored requests their new places, and return how many there were."""
    if not moves:
        return 0
    return await linking.move_requests(
        connection,
        request_ids=[move.request_id for move in moves],
        conversation_ids=[move.conversation_id for move in moves],
        branch_ids=[move.branch_id for move in moves],
        parent_ids=[move.parent_request_id for move in moves],
        task_ids=[move.parent_task_request_id for move in moves],
        are_subtasks=[move.is_subtask for move in moves],
    )


async def _lock(connection: AsyncConnection[Any], train_ids: Iterable[str]) -> None:
    isolation_level = await linking.lock_trains(connection, train_ids=sorted(train_ids))
    if connection.info.transaction_status == TransactionStatus.IDLE:
        raise LinkingNotSerialised("outside of any transaction")
    if isolation_level not in _SEEING:
        raise LinkingNotSerialised(f"at {isolation_level.upper()}")


async def _find(connection: AsyncConnection[Any], request_id: UUID) -> Node | None:
    row = await linking.get_relative(connection, request_id=request_id)
    return None if row is None else node_of(row)
