"""Histories that are not possible, each with the law that it breaks."""

from __future__ import annotations

import operations_interleaving_queue_rules as queue
import operations_interleaving_rules as rules
from operations_interleaving_histories import (
    Claimed,
    Created,
    Guarded,
    Removed,
    Stored,
)
from operations_interleaving_laws import (
    DUE_LAW,
    ERROR_LAW,
    FENCE_LAW,
    GAP_LAW,
    JOBS_LAW,
    LIMIT_LAW,
    ORDER_LAWS,
    ROWS_LAW,
    TOKEN_LAW,
)
from operations_interleaving_queue_rules import JobState
from operations_interleaving_rules import Asked, Held, Request
from operations_interleaving_samples import (
    APPROVED,
    BEGUN,
    FIRST,
    HELD_X,
    JOB,
    PENDING,
    POSTED,
    REFUSED_M,
    REJECTED,
    SECOND,
    TAKEN_X,
    TTL,
    USED_M,
    alone,
    at,
    event,
    history,
    job,
    jobs,
    together,
)

WRONG = {
    "a job claimed by two": (
        ORDER_LAWS["jobs"],
        history(
            together(5, event(1, 2, FIRST)),
            alone(3, 4, FIRST),
            before=jobs(job()),
            after=jobs(job(1)),
        ),
    ),
    "a token given out twice": (
        TOKEN_LAW,
        history(
            alone(1, 2, Claimed(1, ((at(0), 1, 1),), at(9))),
            alone(3, 4, Claimed(1, ((at(0), 1, 1),), at(9))),
        ),
    ),
    "a second claim while the first goes on": (
        ORDER_LAWS["jobs"],
        history(
            alone(1, 2, FIRST),
            alone(3, 4, SECOND),
            before=jobs(job()),
            after=jobs(job(2)),
        ),
    ),
    "a job claimed before its time": (
        ORDER_LAWS["jobs"],
        history(
            alone(1, 2, queue.claimed(job(1, scheduled_at=at(9)), now=at(0))),
            before=jobs(job(scheduled_at=at(9))),
            after=jobs(job(1, scheduled_at=at(9))),
        ),
    ),
    "more than the limit": (
        LIMIT_LAW,
        history(alone(1, 2, Claimed(1, ((at(0), 1, 1), (at(1), 2, 1)), at(9)))),
    ),
    "not in the order of scheduled_at": (
        LIMIT_LAW,
        history(alone(1, 2, Claimed(2, ((at(1), 1, 1), (at(0), 2, 1)), at(9)))),
    ),
    "a due job that no claim takes": (
        DUE_LAW,
        history(
            alone(1, 2, Claimed(1, (), at(0))), before=jobs(job()), after=jobs(job())
        ),
    ),
    "an attempt ended twice": (
        ORDER_LAWS["jobs"],
        history(
            alone(1, 2, queue.completed(JOB, 1, 1)),
            alone(2, 3, queue.completed(JOB, 1, 1)),
            before=jobs(job(1)),
            after=jobs(POSTED),
        ),
    ),
    "a completion by an old token": (
        ORDER_LAWS["jobs"],
        history(
            alone(1, 2, queue.completed(JOB, 1, 1)),
            before=jobs(job(2)),
            after=jobs(job(2).idle("posted")),
        ),
    ),
    "a current attempt refused": (
        ORDER_LAWS["jobs"],
        history(
            alone(1, 2, queue.attempt_lost(JOB, 1, 1, "complete")),
            before=jobs(job(1)),
            after=jobs(job(1)),
        ),
    ),
    "a failure not counted": (
        ORDER_LAWS["jobs"],
        history(
            alone(
                1,
                2,
                queue.failed(JOB, 1, 1, returned=("retrying", 1), now=at(0)),
            ),
            before=jobs(job(1)),
            after=jobs(job(1).idle("retrying", at(4))),
        ),
    ),
    "a retry that should be a dead letter": (
        ORDER_LAWS["jobs"],
        history(
            alone(
                1,
                2,
                queue.failed(JOB, 1, 2, returned=("retrying", 2), now=at(0)),
            ),
            before=jobs(job(2, retries=1)),
            after=jobs(job(2, retries=2).idle("retrying", at(8))),
        ),
    ),
    "a lease taken back before its end": (
        ORDER_LAWS["jobs"],
        history(
            alone(
                1,
                2,
                queue.reclaimed(
                    JOB, 1, 1, status="scheduled", is_last=False, now=at(4)
                ),
            ),
            before=jobs(job(1)),
            after=jobs(job(1).idle("scheduled")),
        ),
    ),
    "two live jobs of a key": (
        ORDER_LAWS["jobs"],
        history(
            alone(1, 2, queue.created(job(key="k"))),
            alone(3, 4, queue.created(JobState(2, "k", "scheduled", 0, 0, at(0)))),
            after=jobs(job(key="k"), JobState(2, "k", "scheduled", 0, 0, at(0))),
        ),
    ),
    "a job lost": (JOBS_LAW, history(jobs=({1, 2}, {1}))),
    "a job removed twice": (
        JOBS_LAW,
        history(alone(1, 2, Removed(1)), alone(3, 4, Removed(1)), jobs=({1}, set())),
    ),
    "a job that a rollback left": (
        JOBS_LAW,
        history(
            together(3, event(1, 2, Created(1, 0, False)), committed=False),
            jobs=(set(), {1}),
        ),
    ),
    "a nonce used twice": (
        ORDER_LAWS["nonce"],
        history(
            alone(1, 4, USED_M),
            alone(2, 3, USED_M),
            after={("nonce", "m"): 1},
        ),
    ),
    "a nonce refused that nobody used": (
        ORDER_LAWS["nonce"],
        history(alone(1, 2, REFUSED_M)),
    ),
    "a nonce refused before it was used": (
        ORDER_LAWS["nonce"],
        history(
            alone(1, 2, REFUSED_M),
            alone(3, 4, USED_M),
            after={("nonce", "m"): 1},
        ),
    ),
    "a nonce that is gone": (
        ROWS_LAW,
        history(alone(1, 2, Stored("nonces", 1)), rows=(0, 0)),
    ),
    "an approval decided twice": (
        ORDER_LAWS["approval"],
        history(
            alone(1, 4, APPROVED),
            alone(2, 3, REJECTED),
            before=PENDING,
            after={("approval", "a"): Asked("rejected", at(1))},
        ),
    ),
    "a patch lost": (
        ORDER_LAWS["approval"],
        history(
            alone(1, 2, rules.patched("a", ("x", 1), seen=frozenset({("x", 1)}))),
            before=PENDING,
            after=PENDING,
        ),
    ),
    "two who run a request": (
        ORDER_LAWS["request"],
        history(
            alone(1, 4, BEGUN),
            alone(2, 3, rules.begun("k", now=at(1), is_mine=True)),
            after={("request", "k"): Request(at(1))},
        ),
    ),
    "an answer of an abandoned request": (
        ORDER_LAWS["request"],
        history(
            alone(1, 2, rules.abandoned("k", at(2), count=1)),
            alone(3, 4, rules.begun("k", now=at(3), is_mine=True)),
            alone(5, 6, rules.finished("k", at(0), "v", now=at(4), is_stored=True)),
            before={("request", "k"): Request(at(0))},
            after={("request", "k"): Request(at(4), "v")},
        ),
    ),
    "an old request not abandoned": (
        ORDER_LAWS["request"],
        history(
            alone(1, 2, rules.abandoned("k", at(2), count=0)),
            before={("request", "k"): Request(at(0))},
            after={("request", "k"): Request(at(0))},
        ),
    ),
    "a lock taken from its holder": (
        ORDER_LAWS["lock"],
        history(
            alone(1, 2, TAKEN_X),
            alone(
                3,
                4,
                rules.acquired("y", TTL, now=at(1), got=Held("y", 2, at(7))),
            ),
            after={("lock", 1): Held("y", 2, at(7))},
        ),
    ),
    "a token that does not grow": (
        ORDER_LAWS["lock"],
        history(
            alone(
                1,
                2,
                rules.acquired("y", TTL, now=at(20), got=Held("y", 1, at(26))),
            ),
            before={("lock", 1): HELD_X},
            after={("lock", 1): Held("y", 1, at(26))},
        ),
    ),
    "two who pass the fence": (
        FENCE_LAW,
        history(
            together(7, event(1, 2, Guarded("x", 1))),
            together(9, event(5, 6, Guarded("y", 2))),
        ),
    ),
    "two who pass the fence, of whom one rolls back": (
        FENCE_LAW,
        history(
            together(7, event(1, 2, Guarded("x", 1)), committed=False),
            together(9, event(5, 6, Guarded("y", 2))),
        ),
    ),
    "a counter that lost a step": (
        ORDER_LAWS["counter"],
        history(
            alone(1, 4, rules.incremented("p", 1, 1)),
            alone(2, 3, rules.incremented("p", 5, 5)),
            after={("counter", "p"): 5},
        ),
    ),
    "a latency that lost a measurement": (
        ORDER_LAWS["latency"],
        history(
            alone(1, 2, rules.observed("p", 3)),
            alone(3, 4, rules.observed("p", 7)),
            after={("latency", "p"): (1, 7, 7)},
        ),
    ),
    "two turns in one interval": (
        ORDER_LAWS["turn"],
        history(
            alone(1, 4, rules.turn_taken(now=at(0), is_mine=True)),
            alone(2, 3, rules.turn_taken(now=at(59), is_mine=True)),
            after={("turn", 1): at(59)},
        ),
    ),
    "two planned within the gap": (
        GAP_LAW,
        history(
            together(5, event(1, 2, Created(1, 0, True))),
            together(7, event(3, 4, Created(2, 10, True))),
            jobs=(set(), {1, 2}),
        ),
    ),
    "one planned beside what was there": (
        GAP_LAW,
        history(
            alone(1, 2, Created(1, 0, False)),
            together(7, event(3, 4, Created(2, -9, True))),
            jobs=(set(), {1, 2}),
        ),
    ),
    "a deadlock of single statements": (
        ERROR_LAW,
        history(alone(1, 2, error="40P01")),
    ),
    "a deadlock of single statements behind a transaction": (
        ERROR_LAW,
        history(together(7, event(1, 2)), alone(3, 8), alone(4, 9, error="40P01")),
    ),
    "a failure to serialize what reads what is committed": (
        ERROR_LAW,
        history(alone(1, 2, error="40001")),
    ),
}
