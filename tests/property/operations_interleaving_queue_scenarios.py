"""Interleavings on the queue that are known to be hard."""

from __future__ import annotations

from operations_interleaving_language import (
    Begin,
    Claim,
    Commit,
    Complete,
    CompleteMany,
    Extend,
    FindConflict,
    LockPlatform,
    Reclaim,
    Remove,
    Replay,
    Rollback,
    Schedule,
    ScheduleIfFree,
    ScheduleMany,
    Step,
    StoredJob,
    Tick,
)
from operations_interleaving_scenarios import Scenario

_ONE = (StoredJob(),)
_TWO = (StoredJob(), StoredJob(30))
_DEAD = (StoredJob(key="k", is_dead=True), StoredJob(key="k", is_dead=True))
_PLAN: tuple[Step, ...] = (LockPlatform(), FindConflict(0), ScheduleIfFree(0), Commit())

QUEUE_SCENARIOS = (
    Scenario(
        "a claim steps over what another one claims",
        ((0, Begin()), (0, Claim(1)), (1, Claim(2)), (2, Claim(1)), (0, Commit())),
        (
            "0: claimed by token 1 job 1",
            "1: claimed by token 1 job 2",
            "2: nothing",
        ),
        _TWO,
    ),
    Scenario(
        "what a claim rolls back is claimed again with the same token",
        ((0, Begin()), (0, Claim(1)), (1, Claim(1)), (0, Rollback()), (1, Claim(1))),
        ("0: claimed by token 1 job 1", "1: nothing", "1: claimed by token 1 job 1"),
        _ONE,
    ),
    Scenario(
        "an attempt that was reclaimed cannot end the next one",
        (
            (0, Claim(1)),
            (0, Tick(6)),
            (1, Reclaim(1)),
            (2, Claim(1)),
            (0, Complete(1)),
            (0, Extend((1,))),
            (2, Complete(0)),
        ),
        (
            "0: claimed by token 1 job 1",
            "1: reclaimed from token 1 job 1",
            "2: claimed by token 2 job 1",
            "0: did not complete by token 1 job 1",
            "0: did not extend by token 1 job 1",
            "2: completed by token 2 job 1",
        ),
        _ONE,
    ),
    Scenario(
        "what is being completed is not reclaimed",
        (
            (0, Claim(1)),
            (0, Tick(6)),
            (0, Begin()),
            (0, Complete()),
            (1, Reclaim(1)),
            (0, Commit()),
            (1, Reclaim(1)),
        ),
        (
            "0: claimed by token 1 job 1",
            "0: completed by token 1 job 1",
            "1: nothing",
            "1: nothing",
        ),
        _ONE,
    ),
    Scenario(
        "what is being reclaimed cannot be completed",
        (
            (0, Claim(1)),
            (0, Tick(6)),
            (1, Begin()),
            (1, Reclaim(1)),
            (0, Complete()),
            (2, Extend((0,))),
            (1, Commit()),
        ),
        (
            "0: claimed by token 1 job 1",
            "1: reclaimed from token 1 job 1",
            "0: did not complete by token 1 job 1, after waiting",
            "2: did not extend by token 1 job 1, after waiting",
        ),
        _ONE,
    ),
    Scenario(
        "many that are completed at once keep one order",
        (
            (0, Claim(2)),
            (0, Begin()),
            (0, Extend((1,))),
            (1, CompleteMany((0, 1))),
            (2, CompleteMany((1, 0))),
            (0, Commit()),
        ),
        (
            "0: claimed by token 1 job 1 and claimed by token 1 job 2",
            "0: extended by token 1 job 1",
            "1: completed by token 1 job 2 and completed by token 1 job 1,"
            " after waiting",
            "2: did not complete by token 1 job 1 and did not complete by token 1"
            " job 2, after waiting",
        ),
        _TWO,
    ),
    Scenario(
        "what is being claimed is not removed",
        ((0, Begin()), (0, Claim(1)), (1, Remove(0)), (0, Commit())),
        ("0: claimed by token 1 job 1", "1: did not remove job 1, after waiting"),
        _ONE,
    ),
    Scenario(
        "the second who schedules a key gets the first job",
        ((0, Begin()), (0, Schedule("k")), (1, Schedule("k")), (0, Commit())),
        ("0: created job 1", "1: found the live job 1, after waiting"),
    ),
    Scenario(
        "the second who schedules a key makes the job when the first rolls back",
        (
            (0, Begin()),
            (0, Schedule("k")),
            (1, Schedule("k")),
            (0, Rollback()),
        ),
        (
            "0: created job 1",
            "1: created job 2, after waiting",
        ),
    ),
    Scenario(
        "many that are scheduled at once keep one order",
        (
            (0, Begin()),
            (0, Schedule("k")),
            (1, ScheduleMany(("j", "k", "l"))),
            (2, ScheduleMany(("l", "k", "j"))),
            (0, Commit()),
        ),
        (
            "0: created job 1",
            "1: created job 2 and created job 4 and key k taken, after waiting",
            "2: key l taken and key k taken and key j taken, after waiting",
        ),
    ),
    Scenario(
        "a key is free when its job has been completed",
        (
            (0, Schedule("k")),
            (0, Claim(1)),
            (0, Begin()),
            (0, Complete()),
            (1, Schedule("k")),
            (0, Commit()),
        ),
        (
            "0: created job 1",
            "0: claimed by token 1 job 1",
            "0: completed by token 1 job 1",
            "1: created job 2, after waiting",
        ),
    ),
    Scenario(
        "one of two dead letters of a key is replayed",
        ((0, Begin()), (0, Replay(0)), (1, Replay(1)), (0, Commit())),
        ("0: replayed job 1", "1: 23505, after waiting"),
        _DEAD,
    ),
    Scenario(
        "two who plan for the same time",
        (
            (0, Begin()),
            (1, Begin()),
            *((0, step) for step in _PLAN[:3]),
            *((1, step) for step in _PLAN[:2]),
            (0, Commit()),
            *((1, step) for step in _PLAN[2:]),
        ),
        (
            "0: something",
            "0: nothing",
            "0: created job 1",
            "1: something, after waiting",
            "1: something",
        ),
    ),
    Scenario(
        "who sees an old snapshot does not plan",
        ((0, Begin("REPEATABLE READ")), *((0, step) for step in _PLAN)),
        ("0: something", "0: nothing"),
    ),
)
