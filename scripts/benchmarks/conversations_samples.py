"""What a read is, and which of the conversations reads are about."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from benchmarks.conversations_load import TRAINS, Loaded

#: A step through the conversations that meets all of them.
_STRIDE = 7919

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Read:
    """A call of a function; the number tells calls apart."""

    title: str
    call: Callable[[Connection, int], object]
    #: Whether the specification wants nothing but indexes to be read.
    index_only: bool = False
    #: How many blocks it may ask for: a page must not cost more the deeper it is.
    at_most: int | None = None
    #: Whether it writes, so that it has to be taken back.
    changes: bool = False


@dataclass(frozen=True, slots=True)
class Samples:
    """What is there to be read: times, trains, accounts, and some conversations."""

    since: datetime
    until: datetime
    conversations: int
    #: The numbers of some: the longest, and some that have branches or sub-tasks.
    longest: tuple[int, ...]
    branched: tuple[int, ...]
    with_tasks: tuple[int, ...]
    #: One with a quarter of all requests, and one with few.
    large_train: str = "train-001"
    small_train: str = f"train-{TRAINS:03}"

    @property
    def middle(self) -> datetime:
        """Return the time in the middle of all requests."""
        return self.since + (self.until - self.since) / 2

    def account(self, call: int) -> str:
        """Return an account."""
        return f"account-{call % 20}"

    def train(self, call: int) -> str:
        """Return a train: each of them has a request."""
        return f"train-{1 + call % TRAINS:03}"

    def number(self, call: int) -> int:
        """Return the number of a conversation."""
        return 1 + call * _STRIDE % self.conversations

    def after(self, **duration: float) -> datetime:
        """Return a time so much before the end."""
        return self.until - timedelta(**duration)


def take_samples(loaded: Loaded) -> Samples:
    """Choose conversations to read: the same ones for the same data."""

    def choose(connection: Connection, condition: str) -> tuple[int, ...]:
        query = (
            f"SELECT number FROM bench_conversation WHERE {condition}"  # noqa: S608 - one of those below
            " ORDER BY size DESC, number LIMIT 50"
        )
        return tuple(number for (number,) in connection.execute(query.encode()))

    with psycopg.connect(loaded.url) as connection:
        return Samples(
            since=loaded.since,
            until=loaded.until,
            conversations=loaded.conversations,
            longest=choose(connection, "TRUE"),
            branched=choose(connection, "branches_at IS NOT NULL"),
            with_tasks=choose(connection, "has_tasks"),
        )


def conversation_id(number: int) -> UUID:
    """Return the id of a conversation, as `bench_conversation_id` does."""
    return _uuid(f"conversation {number}")


def request_id(number: int, place: int) -> UUID:
    """Return the id of a request, as `bench_request_id` does."""
    return _uuid(f"request {number} {place}")


def message_hash(number: int, place: int) -> str:
    """Return the hash of the messages of a request, as `bench_message_hash` does."""
    return hashlib.sha256(f"messages {number} {place}".encode()).hexdigest()


def _uuid(text: str) -> UUID:
    return UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())
