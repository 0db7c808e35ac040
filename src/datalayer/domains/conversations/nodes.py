"""What linking knows of a request, new or stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from datalayer.domains.conversations.hashing import (
    hash_messages,
    hash_prefixes,
    hash_system,
    normal_text,
)
from datalayer.domains.conversations.messages import (
    blocks_of,
    member_of,
    messages_of,
    role_of,
    system_of,
    task_invocations,
    texts_of,
)
from datalayer.domains.conversations.summaries import summaries_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from datalayer.domains.conversations.links import NewRequest
    from datalayer.runtime import JsonInput

#: The branch that a conversation begins with.
MAIN = "main"

#: How many blocks of text of a first message may be the prompt of a sub-task.
_PROMPT_BLOCKS = 8


@dataclass(frozen=True, slots=True)
class Reading:
    """What the messages of a request say about its place."""

    message_count: int
    current_hash: str | None = None
    parent_hash: str | None = None
    grandparent_hash: str | None = None
    system_hash: str | None = None
    #: The hashes of the assistant's messages that follow the parent, and its parent.
    parent_reply: str | None = None
    grandparent_reply: str | None = None
    #: Hashes of what may be the prompt of a sub-task, the most likely one first.
    prompts: tuple[str, ...] = ()
    #: The same prompts as they were sent, and as they are compared.
    prompt_texts: tuple[str, ...] = ()
    #: Texts of which one is the response that this request continues.
    summaries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the response to a request says about the place of others."""

    reply: str | None = None
    texts: tuple[str, ...] = ()
    #: The hashes of the prompts of sub-tasks, one for each invocation.
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """A request among the others, with its place if it has one."""

    request_id: UUID
    train_id: str
    #: In UTC: of two times of one zone Python compares what the clocks say, which is
    #: the same twice when they are put back.
    timestamp: datetime
    reading: Reading
    answer: Answer = Answer()
    conversation_id: UUID | None = None
    branch_id: str = MAIN
    parent_id: UUID | None = None
    task_id: UUID | None = None
    is_subtask: bool = False
    #: Whether it continues its parent after a summary; None as long as its branch says.
    after_summary: bool | None = None

    @property
    def moment(self) -> tuple[datetime, str]:
        """The order of requests."""
        return (self.timestamp, str(self.request_id))

    @property
    def is_task_root(self) -> bool:
        """Whether a sub-task begins with this request."""
        return self.task_id is not None and self.parent_id is None


def read_request(body: JsonInput) -> Reading:
    """Read what the messages of a request say about its place."""
    messages = messages_of(body)
    count = len(messages)
    if not count:
        return Reading(0)
    current, parent, grandparent = hash_prefixes(messages, (0, 2, 4))
    return Reading(
        message_count=count,
        current_hash=current,
        parent_hash=parent if count > 2 else None,
        grandparent_hash=grandparent if count > 4 else None,
        system_hash=hash_system(system_of(body)),
        parent_reply=hash_messages([messages[-2]]) if count > 2 else None,
        grandparent_reply=hash_messages([messages[-4]]) if count > 4 else None,
        prompts=_prompts(messages[0]),
        prompt_texts=_prompt_texts(messages[0]),
        summaries=summaries_of(body),
    )


def read_response(response_body: JsonInput) -> Answer:
    """Read what a response says about the place of others."""
    content = member_of(response_body, "content")
    if not blocks_of(content):
        return Answer()
    return Answer(
        reply=hash_messages([{"role": "assistant", "content": content}]),
        texts=tuple(texts_of(content)),
        tasks=task_prompts(task_invocations(response_body)),
    )


def task_prompts(invocations: JsonInput) -> tuple[str, ...]:
    """Return the hash of the prompt of each invocation that has one."""
    prompts = (
        member_of(member_of(invocation, "input"), "prompt")
        for invocation in blocks_of(invocations)
    )
    return tuple(
        hash_prompt(prompt)
        for prompt in prompts
        if isinstance(prompt, str) and normal_text(prompt)
    )


def hash_prompt(prompt: str) -> str:
    """Return the hash of the message that a sub-task of this prompt begins with."""
    return hash_messages([{"role": "user", "content": prompt}])


def read_node(request: NewRequest) -> Node:
    """Read a new request, with its response if it has one."""
    return Node(
        request.request_id,
        request.train_id,
        request.timestamp.astimezone(UTC),
        read_request(request.body),
        read_response(request.response_body),
    )


def _prompts(message: JsonInput) -> tuple[str, ...]:
    if role_of(message) != "user":
        return ()
    texts = [normal_text(text) for text in texts_of(member_of(message, "content"))]
    said = [text for text in texts if text][:_PROMPT_BLOCKS]
    hashes = (hash_messages([message]), *map(hash_prompt, said))
    return tuple(dict.fromkeys(hashes))


def _prompt_texts(message: JsonInput) -> tuple[str, ...]:
    if role_of(message) != "user":
        return ()
    sent = [*texts_of(member_of(message, "content"))][:_PROMPT_BLOCKS]
    return tuple(
        dict.fromkeys(text for one in sent for text in (one, normal_text(one)))
    )
