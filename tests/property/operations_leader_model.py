"""What locks, sessions, metrics and the mirror should do, in plain Python."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

#: What JSON holds.
Json = Any


@dataclass
class Lock:
    """A lock, with the columns of its row."""

    id: int
    owner_id: str
    acquired_at: datetime
    expires_at: datetime
    token: int

    def is_held(self, now: datetime) -> bool:
        return self.expires_at > now


@dataclass
class Observed:
    """What was measured of a latency."""

    count: int = 0
    total: Decimal = Decimal(0)
    max: Decimal = Decimal(0)


@dataclass
class Event:
    """An event of the log; the server says when it was appended."""

    id: int
    event_type: str
    payload: Json
    created_at: datetime


@dataclass
class Records:
    """All of them, and how each call changes them."""

    locks: dict[int, Lock] = field(default_factory=dict)
    sessions: dict[str, Json] = field(default_factory=dict)
    snapshots: dict[str, Json] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    latencies: dict[str, Observed] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    # Locks.

    def held(self, lock_id: int, now: datetime) -> Lock | None:
        lock = self.locks.get(lock_id)
        return lock if lock is not None and lock.is_held(now) else None

    def acquire(
        self, lock_id: int, owner_id: str, ttl: timedelta, now: datetime
    ) -> Lock | None:
        holder = self.held(lock_id, now)
        if holder is not None and holder.owner_id != owner_id:
            return None
        before = self.locks.get(lock_id)
        token = 1 if before is None else before.token + 1
        self.locks[lock_id] = Lock(lock_id, owner_id, now, now + ttl, token)
        return self.locks[lock_id]

    def own(
        self, lock_id: int, owner_id: str, token: int, now: datetime
    ) -> Lock | None:
        """The lock if it is held by this owner under this token."""
        lock = self.held(lock_id, now)
        if lock is None or (lock.owner_id, lock.token) != (owner_id, token):
            return None
        return lock

    # Sessions and metrics.

    def session(self, user_id: str, initial: Json) -> Json:
        first = {} if initial is None else copy.deepcopy(initial)
        return self.sessions.setdefault(user_id, first)

    def observe(self, name: str, milliseconds: Decimal) -> None:
        latency = self.latencies.setdefault(name, Observed())
        latency.count += 1
        latency.total += milliseconds
        latency.max = max(latency.max, milliseconds)

    # Events.

    def events_between(
        self, event_type: str, since: datetime | None, until: datetime | None
    ) -> list[Event]:
        found = [event for event in self.events if event.event_type == event_type]
        found = [event for event in found if since is None or event.created_at >= since]
        found = [event for event in found if until is None or event.created_at < until]
        return sorted(found, key=lambda event: (event.created_at, event.id))
