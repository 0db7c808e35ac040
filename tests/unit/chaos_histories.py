"""Right histories of two jobs, from which tests make wrong ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

from fault_injection.evidence import (
    Change,
    Delivery,
    Effect,
    Evidence,
    Exit,
    Job,
    Line,
)
from fault_injection.tasks import Task, failure_of, remote_id_of

START = datetime(2026, 1, 1, tzinfo=UTC)
LEASE = timedelta(seconds=2)


class End(TypedDict, total=False):
    """What the end of an attempt may set."""

    retries: int
    remote_id: str | None
    last_error: str | None


class Fields(End, total=False):
    """What a change may set."""

    status: str
    attempt_token: int
    locked_by: str | None
    locked_until: datetime | None


class History:
    """Writes the changes of a job, each as many seconds after the start as given."""

    def __init__(self, job_id: int) -> None:
        self.changes = [
            Change(0, job_id, "INSERT", START, "scheduled", 0, 0, due_at=START)
        ]

    def then(self, seconds: float, **fields: Unpack[Fields]) -> History:
        """Add a change of what the last one left."""
        at = START + timedelta(seconds=seconds)
        last = self.changes[-1]
        change = replace(
            last, operation="UPDATE", at=at, number=last.number + 1, **fields
        )
        self.changes.append(change)
        return self

    def claim(self, seconds: float, worker: str, token: int) -> History:
        return self.then(
            seconds,
            status="processing",
            attempt_token=token,
            locked_by=worker,
            locked_until=START + timedelta(seconds=seconds) + LEASE,
        )

    def extend(self, seconds: float, worker: str) -> History:
        until = START + timedelta(seconds=seconds) + LEASE
        return self.then(seconds, locked_until=until, locked_by=worker)

    def give_back(self, seconds: float) -> History:
        return self.end(seconds, "scheduled")

    def fail(self, seconds: float, token: int, status: str = "retrying") -> History:
        retries = self.changes[-1].retries + 1
        return self.end(seconds, status, retries=retries, last_error=failure_of(token))

    def complete(self, seconds: float, token: int) -> History:
        remote_id = remote_id_of(self.changes[-1].job_id, token)
        return self.end(seconds, "posted", remote_id=remote_id)

    def end(self, seconds: float, status: str, **fields: Unpack[End]) -> History:
        return self.then(
            seconds, status=status, locked_by=None, locked_until=None, **fields
        )


#: Held by a worker that was killed, extended and failed by the next, done by the third.
POSTED = (
    History(1)
    .claim(1, "a", 1)
    .give_back(3)
    .claim(3, "b", 2)
    .extend(4, "b")
    .fail(5, 2)
    .claim(6, "c", 3)
    .complete(7, 3)
    .changes
)
DEAD = (
    History(2)
    .claim(1, "a", 1)
    .fail(2, 1)
    .claim(3, "a", 2)
    .fail(4, 2)
    .claim(5, "b", 3)
    .fail(6, 3, "dead_letter")
    .changes
)
#: What a worker that was stopped delivers too late, among others.
CALLS = (
    Delivery(1, 1, 1, accepted=True),
    Delivery(2, 1, 3, accepted=True),
    Delivery(3, 1, 1, accepted=False),
    Delivery(4, 1, 3, accepted=True),
)
RIGHT = Evidence(
    tasks=(Task("task-1", 1, 10, False), Task("task-2", 3, 10, True)),
    jobs=(
        Job(1, "task-1", "posted", 1, 3, "1.3"),
        Job(2, "task-2", "dead_letter", 3, 3, None),
    ),
    changes=(*POSTED, *DEAD),
    deliveries=CALLS,
    effects=(Effect(1, 3, "1.3"),),
    lines=(
        Line("b", 1, 2, "retrying"),
        Line("a", 1, 1, "lost"),
        Line("c", 1, 3, "posted"),
        Line("b", 2, 3, "dead_letter"),
    ),
    exits=(
        Exit("c", asked=True, began=True, code=0),
        Exit("d", asked=False, began=False, code=1),
        Exit("e", asked=True, began=False, code=-15),
    ),
)
FIRST, SECOND = RIGHT.jobs
