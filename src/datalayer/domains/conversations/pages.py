"""What readers ask for, and what they get, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.domains.arguments import check_counts, check_texts, check_times

if TYPE_CHECKING:
    from datetime import datetime

    from datalayer.queries.conversations.chunk import Chunk
    from datalayer.queries.conversations.conversation import Branch, Conversation
    from datalayer.queries.conversations.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFilter:
    """Which conversations of a train to list; what is None does not matter.

    Those whose last activity was from `since` on and before `until`, with a request of
    an account and one of a model, and with or without sub-tasks.
    """

    train_id: str
    since: datetime | None = None
    until: datetime | None = None
    account_id: str | None = None
    model: str | None = None
    has_subtasks: bool | None = None


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """A conversation and its branches, in the order they began."""

    conversation: Conversation
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """A page of conversations, newest activity first.

    `total` is the number of all that pass the filter, counted up to a maximum, which
    it is when there are more; None when it was not asked for.
    """

    summaries: tuple[ConversationSummary, ...]
    total: int | None

    @property
    def last(self) -> Conversation | None:
        """Return what the call for the next page takes; None of an empty page."""
        return self.summaries[-1].conversation if self.summaries else None


@dataclass(frozen=True, slots=True)
class RequestDetails:
    """A request with the first of its chunks, in order, and how many there are."""

    request: Request
    chunks: tuple[Chunk, ...]
    chunk_count: int


def check_filter(wanted: ConversationFilter, *, row_limit: int) -> None:
    """Raise `InvalidArgument` or `NaiveTime` for what cannot be asked for."""
    check_texts(
        train_id=wanted.train_id, account_id=wanted.account_id, model=wanted.model
    )
    check_times(since=wanted.since, until=wanted.until)
    check_counts(row_limit=row_limit)
