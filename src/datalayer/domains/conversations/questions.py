"""What linking asks the database, and how it reads the answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING

from datalayer.domains.conversations.nodes import (
    Answer,
    Node,
    Reading,
    read_request,
    read_response,
    task_prompts,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from datalayer.queries.conversations.linking import Relative

#: A NUL, or half a pair of surrogates.
_NEVER_STORED = re.compile("[\0\ud800-\udfff]")


@dataclass(slots=True)
class Questions:
    """Questions about a train, a text and a time, as columns."""

    about: list[str] = field(default_factory=list)
    train_ids: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    timestamps: list[datetime] = field(default_factory=list)
    are_contested: list[bool] = field(default_factory=list)

    def add(
        self, about: str, node: Node, text: str | None, *, is_contested: bool = False
    ) -> None:
        """Ask something about a request, unless there is nothing to ask."""
        if text is None or not _can_be_sent(text):
            return
        self.about.append(about)
        self.train_ids.append(node.train_id)
        self.texts.append(text)
        self.timestamps.append(node.timestamp)
        self.are_contested.append(is_contested)


def ask_for_relatives(nodes: Collection[Node]) -> Questions:
    """Ask for what new requests may continue, and for what may wait for them."""
    asked = Questions()
    hashes = {(node.train_id, node.reading.current_hash) for node in nodes}
    moments: set[tuple[str, datetime]] = set()
    for node in nodes:
        for searched in _searched(node):
            # Another new request may be as good a parent as the only stored one.
            is_contested = (node.train_id, searched) in hashes
            asked.add("before", node, searched, is_contested=is_contested)
        asked.add("after", node, node.reading.current_hash)
        for prompt in node.answer.tasks:
            asked.add("task", node, prompt)
        moment = (node.train_id, node.timestamp)
        if moment not in moments:
            moments.add(moment)
            asked.add("beside", node, "")
    return asked


def ask_for_candidates(nodes: Iterable[Node]) -> Questions:
    """Ask for everything that stored requests may continue."""
    asked = Questions()
    for node in nodes:
        for searched in _searched(node):
            asked.add("before", node, searched, is_contested=True)
    return asked


def ask_for_origins(nodes: Iterable[Node]) -> Questions:
    """Ask for the summaries that requests may continue, and for their invocations."""
    asked = Questions()
    for node in nodes:
        for summary in node.reading.summaries:
            asked.add("summary", node, summary)
        for prompt in node.reading.prompts:
            asked.add("prompt_hash", node, prompt)
        for text in node.reading.prompt_texts:
            asked.add("prompt", node, text)
    return asked


def node_of(row: Relative) -> Node:
    """Return a stored request as linking knows it."""
    return Node(
        request_id=row.request_id,
        train_id=row.train_id,
        timestamp=row.timestamp.astimezone(UTC),
        reading=_reading_of(row),
        answer=_answer_of(row),
        conversation_id=row.conversation_id,
        branch_id=row.branch_id,
        parent_id=row.parent_request_id,
        task_id=row.parent_task_request_id,
        is_subtask=row.is_subtask,
    )


def _reading_of(row: Relative) -> Reading:
    # What is stored counts, should it be of an earlier way to read messages.
    stored = Reading(
        row.message_count,
        row.current_message_hash,
        row.parent_message_hash,
        system_hash=row.system_hash,
    )
    if row.body is None:
        return stored
    read = read_request(row.body)
    return Reading(
        stored.message_count,
        stored.current_hash,
        stored.parent_hash,
        read.grandparent_hash,
        stored.system_hash,
        read.parent_reply,
        read.grandparent_reply,
        read.prompts,
        read.prompt_texts,
        read.summaries,
    )


def _answer_of(row: Relative) -> Answer:
    answer = read_response({"content": row.response_content})
    if row.task_tool_invocation is None:
        return answer
    return Answer(answer.reply, answer.texts, task_prompts(row.task_tool_invocation))


def _searched(node: Node) -> tuple[str | None, str | None]:
    return (node.reading.parent_hash, node.reading.grandparent_hash)


def _can_be_sent(text: str) -> bool:
    """Tell whether PostgreSQL can have a text, and so may have stored it."""
    return not _NEVER_STORED.search(text)
