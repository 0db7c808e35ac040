"""The place of one request, given where it comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.domains.conversations.branches import (
    BRANCH,
    COMPACT,
    SUBTASK,
    free_name,
    is_summarised,
    number_of,
)
from datalayer.domains.conversations.nodes import MAIN

if TYPE_CHECKING:
    from uuid import UUID

    from datalayer.domains.conversations.choosing import Origin
    from datalayer.domains.conversations.forest import Forest
    from datalayer.domains.conversations.nodes import Node


def needs_branches(forest: Forest, node: Node, origin: Origin | None) -> UUID | None:
    """Return the conversation whose branches must be known to place a request."""
    if origin is None or origin.repeated is not None:
        return None
    if origin.kind == "continuation" and not _siblings(forest, node, origin.node):
        return None
    conversation_id = origin.node.conversation_id
    return None if conversation_id in forest.branches else conversation_id


def place(forest: Forest, node: Node, origin: Origin | None) -> None:
    """Put a request, new or moved, where it comes from.

    Where that is not its final place its conversation becomes dirty.
    """
    # What continues it is told by branches, of which one is about to change.
    for child in forest.children(node):
        forest.put(replace(child, after_summary=is_summarised(child, node)))
    if origin is None:
        placed = replace(node, conversation_id=node.request_id, branch_id=MAIN)
        forest.branches.setdefault(node.request_id, {MAIN})
    elif origin.kind == "task":
        placed = _begin_task(forest, node, origin)
    else:
        placed = _continue(forest, node, origin)
    forest.put(placed)


def _begin_task(forest: Forest, node: Node, origin: Origin) -> Node:
    invoker, repeated = origin.node, origin.repeated
    taken = forest.branches.get(invoker.conversation_id or node.request_id, set())
    number = 1 + max(map(number_of, taken), default=0)
    return replace(
        node,
        conversation_id=invoker.conversation_id,
        branch_id=repeated.branch_id if repeated else f"{SUBTASK}{number}",
        parent_id=None,
        task_id=invoker.request_id,
        is_subtask=True,
    )


def _continue(forest: Forest, node: Node, origin: Origin) -> Node:
    parent = origin.node
    conversation_id = parent.conversation_id or node.request_id
    if origin.kind == "summary":
        branch_id = _after_summary(forest, node, parent)
    else:
        siblings = _siblings(forest, node, parent)
        if any(node.moment < sibling.moment for sibling in siblings):
            forest.dirty.add(conversation_id)
        branch_id = _among(forest, node, parent, siblings)
    return replace(
        node,
        conversation_id=conversation_id,
        branch_id=branch_id,
        parent_id=parent.request_id,
        task_id=parent.task_id,
        is_subtask=parent.is_subtask,
        after_summary=origin.kind == "summary",
    )


def _after_summary(forest: Forest, node: Node, parent: Node) -> str:
    for child in forest.children(parent):
        if is_summarised(child, parent) and _says_same(child, node):
            return child.branch_id
    taken = forest.branches.get(parent.conversation_id or node.request_id, set())
    return free_name(COMPACT, node, taken)


def _among(forest: Forest, node: Node, parent: Node, siblings: list[Node]) -> str:
    for sibling in siblings:
        if _says_same(sibling, node):
            return sibling.branch_id
    if not siblings:
        return parent.branch_id
    taken = forest.branches.get(parent.conversation_id or node.request_id, set())
    return free_name(BRANCH, node, taken)


def _siblings(forest: Forest, node: Node, parent: Node) -> list[Node]:
    """Return what else continues a request, or a repetition of it."""
    return [
        child
        for repetition in forest.repetitions(parent)
        for child in forest.children(repetition)
        if child.request_id != node.request_id and not is_summarised(child, repetition)
    ]


def _says_same(one: Node, other: Node) -> bool:
    return one.reading.current_hash == other.reading.current_hash
