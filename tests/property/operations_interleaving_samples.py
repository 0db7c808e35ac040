"""Histories as one could observe them, which are possible."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import operations_interleaving_queue_rules as queue
import operations_interleaving_rules as rules
from operations_interleaving_histories import (
    Answer,
    Claimed,
    Created,
    Died,
    Event,
    Fact,
    Guarded,
    History,
    Part,
    Thing,
    Transaction,
)
from operations_interleaving_language import Claim, Isolation
from operations_interleaving_queue_rules import JobState
from operations_interleaving_rules import Asked, Held, Request
from operations_interleaving_turns import START


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def event(sent: int, done: int, *said: Part | Fact, error: str | None = None) -> Event:
    parts = tuple(one for one in said if isinstance(one, Part))
    facts = tuple(one for one in said if not isinstance(one, Part))
    return Event(0, Claim(1), Answer("", parts, facts), sent, done, error)


def alone(
    sent: int, done: int, *said: Part | Fact, error: str | None = None
) -> Transaction:
    """A statement by itself."""
    events = [event(sent, done, *said, error=error)]
    return Transaction(sent, None, events, error is None, (sent, done))


def together(
    ending: int,
    *events: Event,
    isolation: Isolation = "READ COMMITTED",
    committed: bool = True,
) -> Transaction:
    session = events[0].sent
    return Transaction(
        session, isolation, list(events), committed, (ending, ending + 1)
    )


def history(
    *transactions: Transaction,
    before: dict[Thing, Any] | None = None,
    after: dict[Thing, Any] | None = None,
    jobs: tuple[set[int], set[int]] = (set(), set()),
    rows: tuple[int, int] = (0, 0),
) -> History:
    return History(
        list(transactions),
        before or {},
        after or {},
        (frozenset(jobs[0]), frozenset(jobs[1])),
        {"nonces": rows},
    )


def job(token: int = 0, **changes: Any) -> JobState:  # noqa: ANN401 (any field)
    values: dict[str, Any] = {
        "key": None,
        "status": "processing" if token else "scheduled",
        "retries": 0,
        "scheduled_at": at(-60),
        "locked_by": "w" if token else None,
        "locked_until": at(5) if token else None,
    }
    return JobState(1, token=token, **{**values, **changes})


def jobs(*states: JobState) -> dict[Thing, Any]:
    return {states[0].thing: frozenset(states)}


JOB: Thing = ("jobs", 1)
FIRST = queue.claimed(job(1), now=at(0))
SECOND = queue.claimed(job(2), now=at(0))
POSTED = job(1).idle("posted")
USED_M = rules.registered("m", 1, is_first=True)
REFUSED_M = rules.registered("m", 1, is_first=False)
BEGUN = rules.begun("k", now=at(0), is_mine=True)
APPROVED = rules.decided("a", "approved", now=at(0), is_mine=True)
REJECTED = rules.decided("a", "rejected", now=at(1), is_mine=True)
PENDING: dict[Thing, Any] = {("approval", "a"): Asked()}
HELD_X = Held("x", 1, at(6))
HELD_Y = Held("y", 2, at(26))
TTL = timedelta(seconds=6)
TAKEN_X = rules.acquired("x", TTL, now=at(0), got=HELD_X)
TAKEN_Y = rules.acquired("y", TTL, now=at(20), got=HELD_Y)

RIGHT = {
    "a nonce used by the second, who began first": history(
        alone(1, 4, REFUSED_M), alone(2, 3, USED_M), after={("nonce", "m"): 1}
    ),
    "a nonce used again after a rollback": history(
        together(3, event(1, 2, USED_M), committed=False),
        alone(2, 4, USED_M),
        after={("nonce", "m"): 1},
    ),
    "what a transaction did is seen when it commits": history(
        together(7, event(1, 2, APPROVED)),
        alone(3, 4, rules.patched("a", ("x", 1), seen=frozenset({("x", 1)}))),
        before=PENDING,
        after={("approval", "a"): Asked("approved", at(0), frozenset({("x", 1)}))},
    ),
    "an old snapshot": history(
        together(
            7,
            event(1, 2),
            event(5, 6, rules.request_seen("k", None)),
            isolation="REPEATABLE READ",
        ),
        alone(3, 4, BEGUN),
        after={("request", "k"): Request(at(0))},
    ),
    "a reclaimed job claimed again": history(
        alone(1, 2, FIRST),
        alone(
            3,
            4,
            queue.reclaimed(JOB, 1, 1, status="scheduled", is_last=False, now=at(5)),
        ),
        alone(5, 6, SECOND),
        alone(7, 8, queue.attempt_lost(JOB, 1, 1, "complete")),
        before=jobs(job()),
        after=jobs(job(2)),
    ),
    "of two who abandon a request, one who begins it again": history(
        together(
            4,
            event(1, 2, rules.abandoned("k", at(2), count=1)),
            event(2, 3, rules.begun("k", now=at(1), is_mine=True)),
        ),
        alone(3, 6, rules.abandoned("k", at(2), count=0)),
        before={("request", "k"): Request(at(0))},
        after={("request", "k"): Request(at(1))},
    ),
    "a claim that steps over what another one has": history(
        together(5, event(1, 2, FIRST), committed=False),
        alone(3, 4, Claimed(1, (), at(0))),
        before=jobs(job()),
        after=jobs(job()),
    ),
    "a claim before the time": history(
        alone(1, 2, Claimed(1, (), at(-61))), before=jobs(job()), after=jobs(job())
    ),
    "the fence passed one after the other": history(
        alone(1, 2, TAKEN_X),
        together(7, event(3, 4, Guarded("x", 1))),
        alone(5, 8, TAKEN_Y),
        together(11, event(9, 10, Guarded("y", 2))),
        after={("lock", 1): HELD_Y},
    ),
    "planned when the other one has ended": history(
        together(5, event(1, 2, Created(1, 0, True))),
        alone(7, 8, Died(1)),
        together(13, event(9, 10, Created(2, 10, True))),
        jobs=(set(), {1, 2}),
    ),
    "planned beyond the gap": history(
        together(5, event(1, 2, Created(1, 0, True))),
        together(13, event(9, 10, Created(2, 11, True))),
        jobs=(set(), {1, 2}),
    ),
    "a deadlock of what holds and waits": history(
        together(9, event(1, 2), event(5, 8)),
        together(7, event(3, 4), event(6, 7, error="40P01"), committed=False),
    ),
}
