"""What sessions observed: the events of transactions, and what each says of a thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from operations_interleaving_language import Isolation, Step

#: What exists once and changes by itself: a nonce, a lock, all jobs of a key.
Thing: TypeAlias = tuple[str, str | int]


@dataclass(frozen=True, slots=True)
class Part:
    """What a statement says of one thing."""

    thing: Thing
    #: The row of the table that it is about.
    row: str | int
    #: Whether the row was written, and thus is locked until the transaction ends.
    writes: bool
    #: The states that can follow one; none when it contradicts what was observed. Each
    #: kind of thing has states of its own type.
    apply: Callable[[Any], Iterable[Any]]
    text: str
    #: Whether it may overlook the row when another transaction, for which it waited,
    #: removed it and put a new one there: it sees the old one only.
    may_overlook: bool = False


@dataclass(frozen=True, slots=True)
class Claimed:
    limit: int
    #: When each was to be posted, its id and its token, in the order returned.
    jobs: tuple[tuple[datetime, int, int], ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Guarded:
    """The fence was passed with a token."""

    owner: str
    token: int


@dataclass(frozen=True, slots=True)
class Created:
    job: int
    at: int
    #: Whether it was made sure before that no other job is near.
    guarded: bool


@dataclass(frozen=True, slots=True)
class Died:
    """A job is no longer to be posted."""

    job: int


@dataclass(frozen=True, slots=True)
class Removed:
    job: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of a table was added, or rows were pruned."""

    table: str
    rows: int


Fact: TypeAlias = Claimed | Guarded | Created | Died | Removed | Stored


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement returned."""

    shown: str
    parts: tuple[Part, ...] = ()
    facts: tuple[Fact, ...] = ()
    #: Lets later steps refer to it.
    learn: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A statement as psql takes it, and the columns that it returned."""

    sql: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """A statement as it was run: also what came in between, if it had to wait."""

    session: int
    step: Step
    answer: Answer
    #: The place of the event between all beginnings and ends.
    sent: int
    done: int
    error: str | None = None
    message: str = ""
    #: What was sent, if somebody wants to know.
    texts: tuple[Text, ...] = ()

    @property
    def waited(self) -> bool:
        return self.done > self.sent + 1


@dataclass(slots=True)
class Transaction:
    session: int
    #: None for a statement without BEGIN.
    isolation: Isolation | None
    events: list[Event] = field(default_factory=list)
    committed: bool = False
    #: The beginning and the end of COMMIT or ROLLBACK, or of the only statement.
    ending: tuple[int, int] = (0, 0)

    def facts(self) -> list[tuple[Event, Fact]]:
        return [(event, fact) for event in self.events for fact in event.answer.facts]


@dataclass(slots=True)
class History:
    """All that is known of one run."""

    transactions: list[Transaction]
    #: The state of each thing before and after; without a thing that never was.
    before: dict[Thing, Any]
    after: dict[Thing, Any]
    #: The jobs, and the rows of the other tables, before and after.
    jobs: tuple[frozenset[int], frozenset[int]]
    rows: dict[str, tuple[int, int]]

    @property
    def committed(self) -> list[Transaction]:
        return [one for one in self.transactions if one.committed]
