"""What the pages show, as it came from the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalayer.runtime.json import JsonValue

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time; `until` is not part of it."""

    since: datetime
    until: datetime

    @property
    def first_hour(self) -> datetime:
        """Return when the hour began in which the period begins."""
        return self.since.replace(minute=0, second=0, microsecond=0)

    @property
    def end_of_last_hour(self) -> datetime:
        """Return when the hour ends in which the period ends."""
        end = self.until.replace(minute=0, second=0, microsecond=0)
        return end if end == self.until else end + HOUR

    @property
    def hours(self) -> int:
        """Return how many hours, begun ones counted whole."""
        return (self.end_of_last_hour - self.first_hour) // HOUR


@dataclass(frozen=True, slots=True)
class HourlyCount:
    """How often something happened in the hour that begins at `bucket`."""

    bucket: datetime
    count: int
    #: What it was, where there are several: the status that was reached.
    kind: str = ""


@dataclass(frozen=True, slots=True)
class ActionTotals:
    """The executions of one action in a period, and how they ended."""

    action_ref: str
    executions: int
    completed: int
    failed: int
    timeout: int


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """A worker and when it was last heard of."""

    id: int
    name: str
    worker_role: str
    worker_type: str
    status: str
    last_heartbeat: datetime | None
    is_healthy: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the first page shows, of one moment."""

    #: By the clock of the database.
    now: datetime
    period: Period
    action_ref: str | None
    executions: tuple[HourlyCount, ...]
    transitions: tuple[HourlyCount, ...]
    events: tuple[HourlyCount, ...]
    enforcements: tuple[HourlyCount, ...]
    actions: tuple[ActionTotals, ...]
    workers: tuple[WorkerHealth, ...]
    #: How many there are, also where `workers` ends before the last.
    worker_count: int
    healthy_count: int


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value of an entity; `link` leads to what it names."""

    name: str
    value: str | int | datetime | None
    link: str | None = None
    #: Whether a time is written as how long ago it was.
    tells_age: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """An execution or a worker as it is now; without facts once it was deleted."""

    kind: str
    id: int
    ref: str | None
    status: str | None = None
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One row of a history."""

    seq: int
    time: datetime
    operation: str
    entity_ref: str | None
    changed_fields: tuple[str, ...]
    old_values: dict[str, JsonValue]
    new_values: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Stay:
    """How long an entity had a status; `until` is None while it still has it."""

    status: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class EntityHistory:
    """An entity and a page of its history, newest first."""

    now: datetime
    entity: Entity
    changes: tuple[Change, ...]
    change_count: int
    stays: tuple[Stay, ...]
    #: Says why the first stays are missing, if they are.
    stays_note: str = ""
    #: Where the next page begins: `seq` of the last change, None at the end.
    next_before: int | None = None
    #: When the change happened with which the next page begins.
    before_page: datetime | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """Something that a search found."""

    kind: str
    id: int
    ref: str
    status: str
    created: datetime
