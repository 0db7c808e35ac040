"""Requests by what linking looks them up by."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from datalayer.domains.conversations.nodes import Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

_Key: TypeAlias = tuple[object, ...]


@dataclass(slots=True)
class Forest:
    """All requests that a decision may need, stored ones and new ones.

    It answers for what was put into it: whoever fills it sees to it that nothing is
    missing.
    """

    nodes: dict[UUID, Node] = field(default_factory=dict)
    #: The stored ones as they are stored.
    stored: dict[UUID, Node] = field(default_factory=dict)
    #: The branches of the conversations whose branches are all known.
    branches: dict[UUID, set[str]] = field(default_factory=dict)
    #: The conversations that must be put in order again.
    dirty: set[UUID] = field(default_factory=set)
    _index: dict[_Key, dict[UUID, None]] = field(default_factory=dict)

    def put(self, node: Node) -> None:
        """Add a request, or give one another place."""
        before = self.nodes.get(node.request_id)
        for key in _keys(before) if before else ():
            self._index[key].pop(node.request_id, None)
        self.nodes[node.request_id] = node
        for key in _keys(node):
            self._index.setdefault(key, {})[node.request_id] = None
        if node.conversation_id and node.conversation_id in self.branches:
            self.branches[node.conversation_id].add(node.branch_id)

    def load(self, rows: Iterable[Node]) -> None:
        """Add stored requests; of one that is known keep the place, and learn more."""
        for row in rows:
            known = self.nodes.get(row.request_id)
            if known is None:
                self.stored[row.request_id] = row
                self.put(row)
                continue
            reading = row.reading if row.reading.prompts else known.reading
            # The tasks of a response are known without it.
            answer = row.answer if known.answer.reply is None else known.answer
            self.put(replace(known, reading=reading, answer=answer))

    def saying(self, node: Node, current_hash: str) -> list[Node]:
        """Return the requests of its train whose messages have this hash."""
        return self._found("hash", node.train_id, current_hash)

    def answering(self, node: Node, text: str) -> list[Node]:
        """Return the requests of its train whose response has this text."""
        return self._found("text", node.train_id, text)

    def invoking(self, node: Node, prompt: str) -> list[Node]:
        """Return the requests of its train whose response has a task of this prompt."""
        return self._found("task", node.train_id, prompt)

    def task_roots(self, invoker_id: UUID | None) -> list[Node]:
        """Return the requests that began the sub-tasks of a request."""
        return self._found("task root", invoker_id) if invoker_id else []

    def children(self, node: Node) -> list[Node]:
        """Return the requests that continue a request, also after a summary."""
        return self._found("child", node.request_id)

    def repetitions(self, node: Node) -> list[Node]:
        """Return the requests that say the same at the same place, and this one."""
        place = (node.conversation_id, node.branch_id)
        return self._found("same", *place, node.reading.current_hash)

    def conversation(self, conversation_id: UUID) -> list[Node]:
        """Return the requests of a conversation."""
        return self._found("conversation", conversation_id)

    def waiting(self, node: Node) -> list[Node]:
        """Return the requests, not earlier, that this one may be the origin of."""
        keys: list[_Key] = [("after", node.train_id, node.reading.current_hash)]
        keys += [("prompt", node.train_id, prompt) for prompt in node.answer.tasks]
        keys += [("summary", node.train_id, text) for text in node.answer.texts]
        found = {one.request_id: one for key in keys for one in self._found(*key)}
        found.pop(node.request_id, None)
        late = (one for one in found.values() if one.timestamp >= node.timestamp)
        return sorted(late, key=lambda one: one.moment)

    def is_below(self, node: Node, top: Node) -> bool:
        """Tell whether a request is another one, or comes from it."""
        seen: set[UUID] = set()
        current: Node | None = node
        while current is not None and current.request_id not in seen:
            if current.request_id == top.request_id:
                return True
            seen.add(current.request_id)
            origin = current.parent_id or current.task_id
            current = self.nodes.get(origin) if origin else None
        return False

    def _found(self, *key: object) -> list[Node]:
        return [self.nodes[found] for found in self._index.get(key, ())]


def _keys(node: Node) -> Iterator[_Key]:
    """Give everything that a request is looked up by."""
    reading, train_id = node.reading, node.train_id
    yield ("hash", train_id, reading.current_hash)
    yield ("after", train_id, reading.parent_hash)
    yield ("after", train_id, reading.grandparent_hash)
    yield ("conversation", node.conversation_id)
    yield ("same", node.conversation_id, node.branch_id, reading.current_hash)
    yield from (("text", train_id, text) for text in node.answer.texts)
    yield from (("task", train_id, task) for task in node.answer.tasks)
    if node.parent_id is not None:
        yield ("child", node.parent_id)
        return
    yield ("task root", node.task_id)
    yield from (("prompt", train_id, prompt) for prompt in reading.prompts)
    yield from (("summary", train_id, text) for text in reading.summaries)
