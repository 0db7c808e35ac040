"""Whose turn it is, and what the program has seen by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from operations_interleaving_histories import Answer, Thing
from operations_interleaving_queue_rules import thing_of
from psycopg import Connection

#: When programs begin, by their clock.
START = datetime(2026, 1, 1, tzinfo=UTC)
APPROVALS = ("a", "b")
NONCES = ("m", "n")
KEYS = ("k", "l")

Database: TypeAlias = Connection[Any]
#: What a session's thread does, with what was sent at the end of it.
Call: TypeAlias = Callable[[Database], Answer]


@dataclass(slots=True)
class Known:
    """What the program has seen by now, committed or not: steps refer to it."""

    attempts: list[tuple[int, int]] = field(default_factory=list)
    requests: list[tuple[str, datetime]] = field(default_factory=list)
    tokens: list[tuple[str, int]] = field(default_factory=list)
    jobs: list[int] = field(default_factory=list)
    #: The keys of jobs.
    keys: dict[int, str | None] = field(default_factory=dict)
    #: For each session: where it has found no conflict, the platform being locked.
    free: dict[int, set[int]] = field(default_factory=dict)

    def add_job(self, job: int, key: str | None) -> None:
        self.jobs.append(job)
        self.keys[job] = key

    def thing(self, job: int) -> Thing:
        return thing_of(job, self.keys.get(job))

    def attempt(self, back: int) -> tuple[int, int]:
        return (
            self.attempts[-1 - back % len(self.attempts)] if self.attempts else (1, 1)
        )

    def request(self, back: int) -> tuple[str, datetime]:
        found = self.requests
        return found[-1 - back % len(found)] if found else ("k", START)

    def token(self, back: int) -> tuple[str, int]:
        return self.tokens[-1 - back % len(self.tokens)] if self.tokens else ("x", 1)

    def job(self, place: int) -> int:
        return self.jobs[place % len(self.jobs)] if self.jobs else 1


@dataclass(frozen=True, slots=True)
class Turn:
    """Who takes a step, when, and what it may refer to."""

    session: int
    now: datetime
    #: Tells apart what is stored.
    number: int
    known: Known
