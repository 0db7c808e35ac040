"""How new requests take their places, and stored ones that waited for them theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.domains.conversations.choosing import Origin, choose_origin, repeated_by
from datalayer.domains.conversations.links import Link
from datalayer.domains.conversations.messages import task_invocations
from datalayer.domains.conversations.nodes import task_prompts
from datalayer.domains.conversations.ordering import order_conversations
from datalayer.domains.conversations.placing import place

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from datalayer.domains.conversations.forest import Forest
    from datalayer.domains.conversations.nodes import Node
    from datalayer.runtime import JsonInput


def in_order(nodes: Iterable[Node]) -> list[Node]:
    """Return new requests so that parents come before what continues them."""
    return sorted(
        nodes,
        key=lambda node: (node.timestamp, node.reading.message_count, node.moment),
    )


def settle(forest: Forest, node: Node) -> None:
    """Place a new request, and again what it is the better origin of.

    One that is known already stays where it is.
    """
    if node.request_id in forest.nodes:
        return
    place(forest, node, choose_origin(forest, node))
    reconsider_waiting(forest, forest.nodes[node.request_id])


def reconsider_waiting(forest: Forest, node: Node) -> None:
    """Place again what a request, or its response, is the better origin of."""
    for waiting in forest.waiting(node):
        before = forest.nodes[waiting.request_id]
        left = before.task_id if before.is_task_root else None
        if _reconsider(forest, before.request_id):
            # Its invocation is free for one that seemed to repeat another.
            for root in sorted(forest.task_roots(left), key=lambda one: one.moment):
                _reconsider(forest, root.request_id)


def _reconsider(forest: Forest, request_id: UUID) -> bool:
    """Place a request again where another origin is better, and say whether it is."""
    node = forest.nodes[request_id]
    origin = choose_origin(forest, node)
    if origin is None or _is_from(forest, node, origin):
        return False
    forest.dirty |= {
        one.conversation_id
        for one in (node, origin.node)
        if one.conversation_id is not None
    }
    place(forest, node, origin)
    return True


def put_in_order(forest: Forest) -> None:
    """Give everything in dirty conversations the place that it should have."""
    nodes = [node for one in forest.dirty for node in forest.conversation(one)]
    for one in forest.dirty:
        forest.branches[one] = set()
    for node in order_conversations(nodes):
        forest.put(node)
    forest.dirty.clear()


def moves_of(forest: Forest) -> tuple[Link, ...]:
    """Return the links of stored requests whose places have changed."""
    changed = (
        forest.nodes[request_id]
        for request_id, before in forest.stored.items()
        if _place(forest.nodes[request_id]) != _place(before)
    )
    return tuple(link_of(node) for node in in_order(changed))


def link_of(node: Node, response_body: JsonInput = None) -> Link:
    """Return what the columns of a request hold."""
    reading = node.reading
    return Link(
        request_id=node.request_id,
        current_message_hash=reading.current_hash,
        parent_message_hash=reading.parent_hash,
        system_hash=reading.system_hash,
        message_count=reading.message_count,
        conversation_id=node.conversation_id,
        branch_id=node.branch_id,
        parent_request_id=node.parent_id,
        parent_task_request_id=node.task_id,
        is_subtask=node.is_subtask,
        task_tool_invocation=invocations_of(response_body),
    )


def invocations_of(response_body: JsonInput) -> list[JsonInput] | None:
    """Return what is stored of the invocations of the Task tool; None without any.

    To the `id`, the `name` and the `input` of each comes `prompt_hash`, by which the
    invocation of a sub-task is found.
    """
    found: list[JsonInput] = []
    for invocation in task_invocations(response_body):
        hashes = task_prompts([invocation])
        added = {"prompt_hash": hashes[0]} if hashes else {}
        found.append({**invocation, **added})
    return found or None


def _is_from(forest: Forest, node: Node, origin: Origin) -> bool:
    if origin.kind != "task":
        return node.parent_id == origin.node.request_id
    leaves = origin.repeated is None and repeated_by(forest, node) is not None
    is_there = node.parent_id is None and node.task_id == origin.node.request_id
    return is_there and not leaves


def _place(node: Node) -> tuple[UUID | str | bool | None, ...]:
    return (
        node.conversation_id,
        node.branch_id,
        node.parent_id,
        node.task_id,
        node.is_subtask,
    )
