"""What approvals, requests, nonces and their retention should do, in plain Python."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

#: What JSON holds.
Json = Any

_DAY = timedelta(hours=24)


@dataclass
class Approval:
    """An approval, with the columns of its row."""

    id: str
    created_at: datetime
    payload: Json
    status: str = "pending"
    decided_at: datetime | None = None

    @property
    def order(self) -> tuple[datetime, str]:
        return self.created_at, self.id


@dataclass
class Request:
    """A request that is under way or done, with the columns of its row."""

    key: str
    saved_at: datetime
    fingerprint: str | None
    state: str = "in_flight"
    value: Json = None

    @property
    def order(self) -> tuple[datetime, str]:
        return self.saved_at, self.key


@dataclass(frozen=True)
class Removed:
    """How many rows retention removes, by the names of its report."""

    old_approvals: int
    surplus_approvals: int
    old_idempotency: int
    surplus_idempotency: int
    old_nonces: int


@dataclass
class Store:
    """All of them, and how each call changes them."""

    approvals: dict[str, Approval] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    nonces: dict[str, int] = field(default_factory=dict)
    #: Every attempt at a key that there ever was.
    begun: list[tuple[str, datetime]] = field(default_factory=list)
    last_retention: datetime | None = None

    # Approvals.

    def add_approval(self, approval_id: str, payload: Json, now: datetime) -> Approval:
        added = Approval(approval_id, now, copy.deepcopy(payload))
        self.approvals[approval_id] = added
        return added

    def newest_approvals(self, status: str | None) -> list[Approval]:
        found = [a for a in self.approvals.values() if status in (None, a.status)]
        return sorted(found, key=lambda approval: approval.order, reverse=True)

    # Requests.

    def begin(self, key: str, fingerprint: str | None, now: datetime) -> None:
        self.requests[key] = Request(key, now, fingerprint)
        self.begun.append((key, now))

    def holder(self, key: str, begun_at: datetime) -> Request | None:
        """The request that this attempt may finish."""
        request = self.requests.get(key)
        if request is None or request.state != "in_flight":
            return None
        return request if request.saved_at == begun_at else None

    def abandon(self, key: str, max_age: timedelta, now: datetime) -> bool:
        request = self.requests.get(key)
        if request is None or request.state != "in_flight":
            return False
        if request.saved_at > now - max_age:
            return False
        del self.requests[key]
        return True

    # Retention.

    def remove_old_nonces(self, before_ms: int) -> int:
        return _remove(
            self.nonces, [n for n, ms in self.nonces.items() if ms < before_ms]
        )

    def takes_turn(self, now: datetime) -> bool:
        last = self.last_retention
        return last is None or now - last >= timedelta(minutes=1)

    def retain(
        self, days: tuple[int, int, int], most: tuple[int, int], now: datetime
    ) -> Removed:
        """Remove what retention removes, by age and by number."""
        decided = {a.id for a in self.approvals.values() if a.status != "pending"}
        old_approvals = _old(self.approvals, decided, now - days[0] * _DAY)
        surplus_approvals = _surplus(self.approvals, decided, most[0])
        done = {r.key for r in self.requests.values() if r.state == "done"}
        old_requests = _old(self.requests, done, now - days[1] * _DAY)
        surplus_requests = _surplus(self.requests, done, most[1])
        return Removed(
            old_approvals,
            surplus_approvals,
            old_requests,
            surplus_requests,
            self.remove_old_nonces(first_ms(now - days[2] * _DAY)),
        )


def first_ms(moment: datetime) -> int:
    """The first whole millisecond since 1970 that is not before a moment."""
    since = moment - datetime(1970, 1, 1, tzinfo=moment.tzinfo)
    return -(-since // timedelta(milliseconds=1))


def _old(rows: dict[str, Any], removable: set[str], limit: datetime) -> int:
    """Remove what is older than the limit, not what is exactly as old."""
    gone = [name for name, row in rows.items() if row.order[0] < limit]
    return _remove(rows, [name for name in gone if name in removable])


def _surplus(rows: dict[str, Any], removable: set[str], most: int) -> int:
    """Remove what is not among the newest of all."""
    newest = sorted(rows, key=lambda name: rows[name].order, reverse=True)
    return _remove(rows, [name for name in newest[most:] if name in removable])


def _remove(rows: dict[str, Any], names: list[str]) -> int:
    for name in names:
        del rows[name]
    return len(names)
