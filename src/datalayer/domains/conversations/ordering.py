"""The places of all requests of some conversations at once."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from datalayer.domains.conversations.branches import (
    BRANCH,
    COMPACT,
    SUBTASK,
    free_name,
    is_summarised,
    number_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from datalayer.domains.conversations.nodes import Node

_Kind: TypeAlias = Literal["root", "continuation", "branch", "summary", "task"]


@dataclass(frozen=True, slots=True)
class _Place:
    conversation_id: UUID | None
    branch_id: str
    task_id: UUID | None
    is_subtask: bool


@dataclass(frozen=True, slots=True)
class _Group:
    """Requests that say the same at the same place."""

    kind: _Kind
    members: list[Node]
    #: The place of what they come from; of roots their own.
    origin: _Place
    invoker_id: UUID | None = None


@dataclass(slots=True)
class _Order:
    """The requests of some conversations on their way to their places."""

    nodes: dict[UUID, Node]
    below: dict[UUID, list[Node]] = field(default_factory=lambda: defaultdict(list))
    taken: dict[UUID | None, set[str]] = field(default_factory=lambda: defaultdict(set))
    numbers: dict[UUID, int] = field(default_factory=dict)


def order_conversations(nodes: Iterable[Node]) -> list[Node]:
    """Return all requests of some conversations with the places that they should have.

    Of the continuations of a request the earliest one is on its branch, and each other
    one has a branch of its own. Branches keep their names in their conversation, and
    the numbers of sub-tasks are those from 1 on.
    """
    order = _Order({node.request_id: node for node in nodes})
    roots: list[Node] = []
    for node in sorted(order.nodes.values(), key=lambda one: one.moment):
        above = order.nodes.get(node.parent_id or node.task_id or node.request_id)
        if above is None or above is node:
            roots.append(node)
        else:
            order.below[above.request_id].append(node)
    _number_tasks(order, roots)
    return _walk(order, roots)


def _walk(order: _Order, roots: list[Node]) -> list[Node]:
    placed: list[Node] = []
    ready = [(root.moment, _Group("root", [root], _place_of(root))) for root in roots]
    heapq.heapify(ready)
    while ready:
        _, group = heapq.heappop(ready)
        place_ = _choose_place(order, group)
        order.taken[place_.conversation_id].add(place_.branch_id)
        placed += [_with(node, place_) for node in group.members]
        for below in _groups_below(order, group, place_):
            heapq.heappush(ready, (below.members[0].moment, below))
    return placed


def _choose_place(order: _Order, group: _Group) -> _Place:
    first, origin = group.members[0], group.origin
    if group.kind in ("root", "continuation"):
        return origin
    if group.kind == "task":
        name = f"{SUBTASK}{order.numbers[first.request_id]}"
        return _Place(origin.conversation_id, name, group.invoker_id, True)
    prefix = COMPACT if group.kind == "summary" else BRANCH
    taken = order.taken[origin.conversation_id]
    kept = (
        first.conversation_id == origin.conversation_id
        and first.branch_id.startswith(prefix)
        and first.branch_id not in taken
    )
    name = first.branch_id if kept else free_name(prefix, first, taken)
    return replace(origin, branch_id=name)


def _groups_below(order: _Order, group: _Group, place_: _Place) -> Iterator[_Group]:
    continued: dict[object, list[Node]] = defaultdict(list)
    summarised: dict[object, list[Node]] = defaultdict(list)
    tasks: dict[object, list[Node]] = defaultdict(list)
    for above in group.members:
        for node in order.below[above.request_id]:
            if node.parent_id is None:
                tasks[above.request_id, node.conversation_id, node.branch_id] += [node]
            elif is_summarised(node, above):
                summarised[node.reading.current_hash] += [node]
            else:
                continued[node.reading.current_hash] += [node]
    for position, members in enumerate(_by_moment(continued.values())):
        yield _Group("branch" if position else "continuation", members, place_)
    for members in _by_moment(summarised.values()):
        yield _Group("summary", members, place_)
    for members in _by_moment(tasks.values()):
        yield _Group("task", members, place_, members[0].task_id)


def _by_moment(groups: Iterable[list[Node]]) -> list[list[Node]]:
    ordered = [sorted(group, key=lambda node: node.moment) for group in groups]
    return sorted(ordered, key=lambda group: group[0].moment)


def _number_tasks(order: _Order, roots: list[Node]) -> None:
    """Number the sub-tasks of each conversation, those with a number first."""
    found: dict[UUID | None, dict[object, list[Node]]] = {}
    for root in roots:
        groups = found.setdefault(root.conversation_id, defaultdict(list))
        todo = [root]
        while todo:
            below = order.below[todo.pop().request_id]
            todo += below
            for node in below:
                if node.parent_id is None:
                    key = (node.task_id, node.conversation_id, node.branch_id)
                    groups[key] += [node]
    for conversation_id, groups in found.items():
        keyed = [
            (_kept_number(group[0], conversation_id), group[0].moment, group)
            for group in _by_moment(groups.values())
        ]
        keyed.sort(key=lambda one: one[:2])
        for number, (_, _, group) in enumerate(keyed, start=1):
            order.numbers |= dict.fromkeys((one.request_id for one in group), number)


def _kept_number(node: Node, conversation_id: UUID | None) -> float:
    number = number_of(node.branch_id) if node.conversation_id == conversation_id else 0
    return number or float("inf")


def _place_of(node: Node) -> _Place:
    return _Place(node.conversation_id, node.branch_id, node.task_id, node.is_subtask)


def _with(node: Node, place_: _Place) -> Node:
    return replace(
        node,
        conversation_id=place_.conversation_id,
        branch_id=place_.branch_id,
        task_id=place_.task_id,
        is_subtask=place_.is_subtask,
    )
