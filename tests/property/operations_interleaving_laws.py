"""The laws that every interleaving keeps, as checks of what was observed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from operations_interleaving_histories import (
    Claimed,
    Created,
    Died,
    Event,
    Guarded,
    History,
    Removed,
    Stored,
    Thing,
    Transaction,
)
from operations_interleaving_language import Replay
from operations_interleaving_linear import Placed, by_thing, is_explained
from operations_interleaving_queue_rules import NO_JOBS

#: What a thing's history has to be, by the kind of the thing.
ORDER_LAWS = {
    "approval": "each approval is decided once, and no patch is lost",
    "counter": "a counter is the sum of what was added",
    "jobs": "a job has one attempt at a time, and a key one live job",
    "latency": "a latency counts all that was observed",
    "lock": "one holds the lock at a time, with a larger token each",
    "nonce": "a nonce is used once",
    "request": "one runs the request of a key at a time",
    "turn": "one takes the turn of retention in each interval",
}
LIMIT_LAW = "a claim returns at most its limit, in the order of scheduled_at"
DUE_LAW = "a claim takes what is due and nobody has"
TOKEN_LAW = "each token of a job is given out once"
JOBS_LAW = "no job is lost and none appears"
ROWS_LAW = "the counts of pruned rows are true"
FENCE_LAW = "two tokens never pass the fence at the same time"
GAP_LAW = "what is scheduled with a gap keeps it"
ERROR_LAW = "no statement fails, unless it may"
#: Seconds between what is scheduled with a gap.
GAP_SECONDS = 10
#: What a statement may meet where others are at work, and in which isolation.
_SERIALIZATION_FAILURE, _DEADLOCK, _UNIQUE_VIOLATION = "40001", "40P01", "23505"


_TIME = re.compile(r"datetime\.datetime\(([\d, ]+), tzinfo=datetime\.timezone\.utc\)")


@dataclass(frozen=True, slots=True)
class Broken:
    law: str
    shown_by: str


def broken_laws(history: History) -> list[Broken]:
    found = (
        *_errors(history),
        *_limits(history),
        *_left(history),
        *_tokens(history),
        *_jobs(history),
        *_rows(history),
        *_fence(history),
        *_gap(history),
        *_orders(history),
    )
    return list(dict.fromkeys(found))


def _errors(history: History) -> Iterator[Broken]:
    for transaction in history.transactions:
        for event in transaction.events:
            if event.error and not _may_fail(event, transaction, history):
                yield Broken(ERROR_LAW, f"{event.step}: {event.message}")


def _may_fail(event: Event, transaction: Transaction, history: History) -> bool:
    if event.error == _DEADLOCK:
        return any(_holds_and_waits(event, one) for one in history.transactions)
    if event.error == _SERIALIZATION_FAILURE:
        return transaction.isolation == "REPEATABLE READ"
    # Of two that replay dead letters of one key at once, one meets the index.
    return event.error == _UNIQUE_VIOLATION and isinstance(event.step, Replay)


def _holds_and_waits(stopped: Event, transaction: Transaction) -> bool:
    """Whether a transaction of more statements was under way when one was stopped."""
    return any(
        later.sent < stopped.done and stopped.sent < later.done
        for later in transaction.events[1:]
    )


def _claims(history: History) -> Iterator[Claimed]:
    for transaction in history.committed:
        for _, fact in transaction.facts():
            if isinstance(fact, Claimed):
                yield fact


def _limits(history: History) -> Iterator[Broken]:
    for claim in _claims(history):
        ordered = [(at, job) for at, job, _ in claim.jobs]
        distinct = {job for _, job, _ in claim.jobs}
        if len(ordered) > claim.limit or len(distinct) < len(ordered):
            yield Broken(LIMIT_LAW, f"{len(ordered)} of at most {claim.limit}")
        if ordered != sorted(ordered):
            yield Broken(LIMIT_LAW, f"in the order {ordered}")


def _left(history: History) -> Iterator[Broken]:
    events = [event for one in history.transactions for event in one.events]
    if any(event.error for event in events):
        # What failed may have locked something before.
        return
    touched = {part.thing for event in events for part in event.answer.parts}
    due = [
        job
        for thing, jobs in history.before.items()
        if thing[0] == "jobs" and thing not in touched
        for job in jobs
        if job.is_waiting
    ]
    for claim in _claims(history):
        left = [job.id for job in due if job.due_at <= claim.now]
        if left and len(claim.jobs) < claim.limit:
            yield Broken(DUE_LAW, f"{claim} left jobs {left}")


def _tokens(history: History) -> Iterator[Broken]:
    given = Counter(
        (job, token) for claim in _claims(history) for _, job, token in claim.jobs
    )
    for (job, token), times in given.items():
        if times > 1:
            shown = f"token {token} of job {job} was given out {times} times"
            yield Broken(TOKEN_LAW, shown)


def _jobs(history: History) -> Iterator[Broken]:
    before, after = history.jobs
    facts = [fact for one in history.committed for _, fact in one.facts()]
    created = [fact.job for fact in facts if isinstance(fact, Created)]
    removed = [fact.job for fact in facts if isinstance(fact, Removed)]
    expected = (before | set(created)) - set(removed)
    if expected != after:
        yield Broken(JOBS_LAW, f"{sorted(after)}, not {sorted(expected)}")
    if len(set(created)) < len(created) or len(set(removed)) < len(removed):
        yield Broken(JOBS_LAW, f"created {created}, removed {removed}")


def _rows(history: History) -> Iterator[Broken]:
    changes: Counter[str] = Counter()
    for transaction in history.committed:
        for _, fact in transaction.facts():
            if isinstance(fact, Stored):
                changes[fact.table] += fact.rows
    for table, (before, after) in sorted(history.rows.items()):
        if before + changes[table] != after:
            shown = f"{table}: {before} and {changes[table]:+} are not {after}"
            yield Broken(ROWS_LAW, shown)


def _fence(history: History) -> Iterator[Broken]:
    holds = [
        (event.done, transaction.ending[0], transaction.session, fact)
        for transaction in history.transactions
        if transaction.isolation
        for event, fact in transaction.facts()
        if isinstance(fact, Guarded)
    ]
    for one, other in combinations(sorted(holds, key=lambda hold: hold[0]), 2):
        # Who holds the lock may acquire it again.
        if other[0] < one[1] and one[2] != other[2] and one[3] != other[3]:
            yield Broken(FENCE_LAW, f"{one[3]} while {other[3]}")


@dataclass(frozen=True, slots=True)
class _Life:
    """When a job came to be, and the first time at which it may have ended."""

    made: Created
    sent: int
    committed: tuple[int, int]
    ended: int | None

    def surely_during(self, other: _Life) -> bool:
        """Whether it was there before the other one began, and until it was made."""
        lives_on = self.ended is None or self.ended > other.committed[1]
        return self.committed[1] < other.sent and lives_on

    def surely_beside(self, other: _Life) -> bool:
        ends = [life.ended for life in (self, other) if life.ended is not None]
        made = max(self.committed[1], other.committed[1])
        return all(ended > made for ended in ends)


def _gap(history: History) -> Iterator[Broken]:
    lives = list(_lives(history))
    for one, other in combinations(lives, 2):
        if abs(one.made.at - other.made.at) > GAP_SECONDS:
            continue
        together = one.made.guarded and other.made.guarded and one.surely_beside(other)
        if together or _is_overlooked(one, other) or _is_overlooked(other, one):
            yield Broken(GAP_LAW, f"{one.made} and {other.made}")


def _is_overlooked(earlier: _Life, later: _Life) -> bool:
    return later.made.guarded and earlier.surely_during(later)


def _lives(history: History) -> Iterator[_Life]:
    facts = [
        (transaction, event, fact)
        for transaction in history.committed
        for event, fact in transaction.facts()
    ]
    for transaction, event, fact in facts:
        if isinstance(fact, Created):
            ends = [
                ended.sent
                for _, ended, died in facts
                if isinstance(died, Died) and died.job == fact.job
            ]
            first = transaction.events[0].sent if transaction.isolation else event.sent
            ended = min(ends, default=None)
            yield _Life(fact, first, transaction.ending, ended)


def _orders(history: History) -> Iterator[Broken]:
    histories = by_thing(history.committed)
    for thing in sorted({*histories, *history.before, *history.after}, key=str):
        placed = histories.get(thing, [])
        nothing = NO_JOBS if thing[0] == "jobs" else None
        before = history.before.get(thing, nothing)
        after = history.after.get(thing, nothing)
        if not is_explained(placed, before, after):
            shown = _show(thing, placed, before, after)
            yield Broken(ORDER_LAWS[thing[0]], shown)


def _show(thing: Thing, placed: list[Placed], before: object, after: object) -> str:
    lines = [
        f"from {one.earliest} to {one.latest}: "
        + ", then ".join(part.text for part in one.parts)
        for one in sorted(placed, key=lambda one: (one.earliest, one.latest))
    ]
    return "\n".join(
        [
            f"{thing[0]} {thing[1]}: nothing explains, one after the other,",
            *(f"  {line}" for line in lines),
            f"  before: {readable(before)}",
            f"  after: {readable(after)}",
        ]
    )


def readable(state: object) -> str:
    """What Python says of a state, with times as PostgreSQL writes them."""
    return _TIME.sub(_as_time, repr(state) if not isinstance(state, str) else state)


def _as_time(written: re.Match[str]) -> str:
    # Python leaves out seconds that are 0.
    year, month, day, hour, minute, second, rest, *_ = (
        *map(int, written[1].split(", ")),
        0,
        0,
    )
    return str(datetime(year, month, day, hour, minute, second, rest))
