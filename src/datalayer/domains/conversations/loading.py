# Derived by scripts/async_to_sync.py from loading.py; do not edit.
"""The part of the database that linking some requests needs, loaded as it is needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datalayer.domains.conversations.choosing import choose_origin, is_continuation
from datalayer.domains.conversations.forest import Forest
from datalayer.domains.conversations.placing import needs_branches
from datalayer.domains.conversations.questions import (
    ask_for_candidates,
    ask_for_origins,
    ask_for_relatives,
    node_of,
)
from datalayer.domains.conversations.settling import put_in_order
from datalayer.queries.conversations import linking

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from psycopg import Connection

    from datalayer.domains.conversations.nodes import Node
    from datalayer.domains.conversations.questions import Questions


@dataclass(slots=True)
class Loader:
    """Fills a forest from a database, each part once."""

    connection: Connection[Any]
    forest: Forest = field(default_factory=Forest)
    #: The requests whose origins were asked for.
    _asked: set[UUID] = field(default_factory=set)
    #: The conversations that are there as a whole.
    _whole: set[UUID] = field(default_factory=set)

    def load_relatives(self, nodes: Collection[Node]) -> None:
        """Load what new requests may continue, and what may wait for them."""
        self._load_relatives(ask_for_relatives(nodes))
        said = {(node.train_id, node.reading.current_hash) for node in nodes}
        roots = [
            node
            for node in nodes
            if not is_continuation(self.forest, node)
            and (node.train_id, node.reading.parent_hash) not in said
        ]
        self._load_origins(roots)

    def load_before(self, node: Node) -> None:
        """Load what else a new request needs to settle."""
        if not is_continuation(self.forest, node):
            self._load_origins([node])
        origin = choose_origin(self.forest, node)
        conversation_id = needs_branches(self.forest, node, origin)
        if conversation_id is not None:
            rows = linking.list_branch_names(
                self.connection, conversation_id=conversation_id
            )
            known = self.forest.conversation(conversation_id)
            names = {row.branch_id for row in rows} | {one.branch_id for one in known}
            self.forest.branches[conversation_id] = names
        self.load_waiting(node, origin.node if origin else None)

    def load_waiting(self, node: Node, origin: Node | None = None) -> None:
        """Load what stored requests need to get another place, if any waits."""
        waiting = self.forest.waiting(node)
        if not waiting:
            return
        self._load_relatives(ask_for_candidates(waiting))
        self._load_origins(waiting)
        about = [node, *waiting, *([origin] if origin else [])]
        self._load_conversations(
            one.conversation_id for one in about if one.conversation_id is not None
        )

    def put_in_order(self) -> None:
        """Put the dirty conversations in order, as wholes."""
        if self.forest.dirty:
            self._load_conversations(self.forest.dirty)
            put_in_order(self.forest)

    def _load_conversations(self, conversation_ids: Iterable[UUID]) -> None:
        missing = sorted(set(conversation_ids) - self._whole)
        if not missing:
            return
        rows = linking.list_conversation_relatives(
            self.connection, conversation_ids=missing
        )
        self.forest.load(map(node_of, rows))
        self._whole.update(missing)
        for conversation_id in missing:
            nodes = self.forest.conversation(conversation_id)
            names = {node.branch_id for node in nodes}
            self.forest.branches.setdefault(conversation_id, set()).update(names)

    def _load_relatives(self, asked: Questions) -> None:
        if not asked.about:
            return
        rows = linking.list_relatives(
            self.connection,
            questions=asked.about,
            train_ids=asked.train_ids,
            message_hashes=asked.texts,
            timestamps=asked.timestamps,
            are_contested=asked.are_contested,
        )
        self.forest.load(map(node_of, rows))

    def _load_origins(self, nodes: Iterable[Node]) -> None:
        new = [node for node in nodes if node.request_id not in self._asked]
        self._asked.update(node.request_id for node in new)
        asked = ask_for_origins(new)
        if not asked.about:
            return
        rows = linking.list_origins(
            self.connection,
            questions=asked.about,
            train_ids=asked.train_ids,
            texts=asked.texts,
            timestamps=asked.timestamps,
        )
        self.forest.load(map(node_of, rows))
