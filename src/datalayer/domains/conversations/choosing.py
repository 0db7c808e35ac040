"""Where a request comes from: the rules, applied to the requests that are known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from datalayer.domains.conversations.forest import Forest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from datalayer.domains.conversations.nodes import Node

#: How long after an invocation its sub-task may begin.
TASK_AGE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Origin:
    """What a request comes from; a repeated sub-task goes where the first one is."""

    kind: Literal["continuation", "summary", "task"]
    node: Node
    repeated: Node | None = None


def choose_origin(forest: Forest, node: Node) -> Origin | None:
    """Return what a request comes from; None for a conversation of its own."""
    return (
        _continued(forest, node) or _summarised(forest, node) or _invoked(forest, node)
    )


def is_continuation(forest: Forest, node: Node) -> bool:
    """Tell whether a request continues one that is known, other than by a summary."""
    return _continued(forest, node) is not None


def repeated_by(forest: Forest, node: Node) -> Node | None:
    """Return another request that began the same sub-task; None if there is none."""
    place = (node.conversation_id, node.branch_id)
    return next(
        (
            root
            for root in forest.task_roots(node.task_id)
            if (root.conversation_id, root.branch_id) == place
            and root.request_id != node.request_id
        ),
        None,
    )


def _continued(forest: Forest, node: Node) -> Origin | None:
    reading = node.reading
    for searched, reply in (
        (reading.parent_hash, reading.parent_reply),
        (reading.grandparent_hash, reading.grandparent_reply),
    ):
        found = (
            _earlier(forest, node, forest.saying(node, searched)) if searched else []
        )
        if found:
            return Origin("continuation", max(found, key=_Rank(node, reply)))
    return None


@dataclass(frozen=True, slots=True)
class _Rank:
    """How well a candidate fits."""

    node: Node
    #: The hash of what the assistant said to the candidate.
    reply: str | None

    def __call__(self, candidate: Node) -> tuple[bool, bool, tuple[datetime, str]]:
        return (
            candidate.reading.system_hash == self.node.reading.system_hash,
            self.reply is not None and candidate.answer.reply == self.reply,
            candidate.moment,
        )


def _summarised(forest: Forest, node: Node) -> Origin | None:
    for summary in node.reading.summaries:
        found = _earlier(forest, node, forest.answering(node, summary))
        if found:
            return Origin("summary", max(found, key=lambda one: one.moment))
    return None


def _invoked(forest: Forest, node: Node) -> Origin | None:
    repeated: list[tuple[Node, Node]] = []
    for invoker in _invokers(forest, node):
        prompt = _prompt_of(node, invoker)
        roots = [
            root
            for root in forest.task_roots(invoker.request_id)
            if _prompt_of(root, invoker) == prompt
        ]
        taken = {(root.conversation_id, root.branch_id) for root in roots}
        is_free = len(taken) < invoker.answer.tasks.count(prompt or "")
        if any(root.request_id == node.request_id for root in roots):
            other = None if is_free else repeated_by(forest, node)
            return Origin("task", invoker, other)
        if is_free:
            return Origin("task", invoker)
        repeated += [(root, invoker) for root in roots]
    if not repeated:
        return None
    latest, invoker = max(repeated, key=lambda pair: pair[0].moment)
    return Origin("task", invoker, latest)


def _invokers(forest: Forest, node: Node) -> list[Node]:
    """Return the requests whose tasks a request may begin, the newest first."""
    found = {
        invoker.request_id: invoker
        for prompt in node.reading.prompts
        for invoker in forest.invoking(node, prompt)
        if invoker.timestamp >= node.timestamp - TASK_AGE
    }
    earlier = _earlier(forest, node, found.values())
    return sorted(earlier, key=lambda one: one.moment, reverse=True)


def _prompt_of(node: Node, invoker: Node) -> str | None:
    """Return the prompt of an invocation that a request begins with."""
    tasks = invoker.answer.tasks
    return next((one for one in node.reading.prompts if one in tasks), None)


def _earlier(forest: Forest, node: Node, candidates: Iterable[Node]) -> list[Node]:
    """Return the candidates that are not later, and do not come from the request."""
    return [
        candidate
        for candidate in candidates
        if candidate.timestamp <= node.timestamp
        and not forest.is_below(candidate, node)
    ]
