"""Random programs of two and three sessions that are after the same few rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from operations_interleaving_language import (
    AbandonRequest,
    Acquire,
    Begin,
    BeginRequest,
    Claim,
    Commit,
    Complete,
    CompleteMany,
    Decide,
    Extend,
    Fail,
    FindConflict,
    FinishRequest,
    GetRequest,
    Guard,
    Increment,
    Isolation,
    LockPlatform,
    Observe,
    Patch,
    Program,
    Prune,
    Reclaim,
    Register,
    Release,
    ReleaseRequest,
    Remove,
    Renew,
    Replay,
    Rollback,
    Schedule,
    ScheduleIfFree,
    ScheduleMany,
    Step,
    StoredJob,
    TakeTurn,
    Tick,
)
from operations_interleaving_turns import APPROVALS, KEYS, NONCES

_Block: TypeAlias = list[Step]
_Drawn: TypeAlias = Callable[[Random], Step]
_LEVELS: tuple[Isolation, ...] = ("READ COMMITTED", "READ COMMITTED", "REPEATABLE READ")
_SECONDS = (2, 6, 20)


@dataclass(frozen=True, slots=True)
class Topic:
    """What sessions do that are after the same rows."""

    #: What comes alone or in a transaction; what is there twice comes twice as often.
    operations: tuple[_Drawn, ...]
    #: What comes alone only.
    alone: tuple[_Drawn, ...] = ()
    #: Steps that make sense one after the other.
    whole: tuple[tuple[Step, ...], ...] = ()
    jobs: tuple[StoredJob, ...] = ()


def _some(random: Random) -> tuple[int, ...]:
    return random.choice(((0,), (1,), (0, 1), (2, 0)))


def _few(random: Random) -> int:
    return random.choice((0, 0, 1, 1, 2))


def _limit(random: Random) -> int:
    return random.randint(1, 2)


def _first(random: Random, names: tuple[str, ...]) -> str:
    """One of the names, and mostly the first."""
    return random.choice((names[0], *names))


def _claim(random: Random) -> Step:
    return Claim(_limit(random))


def _complete(random: Random) -> Step:
    return Complete(_few(random))


def _fail(random: Random) -> Step:
    return Fail(_few(random))


def _tick(random: Random) -> Step:
    return Tick(random.choice(_SECONDS))


def _decide(random: Random) -> Step:
    approval = _first(random, APPROVALS)
    return Decide(approval, random.choice(("approved", "rejected")))


def _planned(at: int) -> tuple[Step, ...]:
    return (Begin(), LockPlatform(), FindConflict(at), ScheduleIfFree(at), Commit())


_APPROVALS = Topic(
    (
        _decide,
        lambda random: Patch(_first(random, APPROVALS), random.choice("xy")),
    ),
    alone=(lambda random: Prune("approvals", random.choice((None, 0, 1))),),
)
_GAPS = Topic(
    (
        lambda random: Schedule(None),
        _claim,
        lambda random: Remove(_few(random)),
        lambda random: Remove(_few(random)),
    ),
    whole=(_planned(0), _planned(0), _planned(8), _planned(16)),
    jobs=(StoredJob(), StoredJob(-20)),
)
_KEYED = Topic(
    (
        lambda random: Schedule(KEYS[0]),
        lambda random: Schedule(KEYS[0]),
        lambda random: ScheduleMany(tuple(random.sample("jkl", 3))),
        lambda random: Replay(_few(random)),
        lambda random: Replay(1),
        lambda random: Remove(_few(random)),
        lambda random: Remove(_few(random), force=True),
        _claim,
        _complete,
        _fail,
    ),
    whole=(
        (Begin(), Claim(2), Commit()),
        (Begin(), Replay(1), Commit()),
        (Remove(0), Schedule(KEYS[0])),
        (Begin(), Schedule(KEYS[0]), Rollback()),
        (ScheduleMany(("j", "k", "l")),),
        (ScheduleMany(("l", "k", "j")),),
        (Begin(), Schedule(KEYS[0]), Claim(1), Complete(), Commit()),
    ),
    jobs=(
        StoredJob(),
        StoredJob(key=KEYS[0], is_dead=True),
        StoredJob(30, key=KEYS[0], is_dead=True),
    ),
)
_LOCK = Topic(
    (
        lambda random: Acquire(random.choice("xy"), random.choice(_SECONDS)),
        lambda random: Acquire(random.choice("xy"), random.choice(_SECONDS)),
        lambda random: Guard(_few(random)),
        lambda random: Guard(),
        lambda random: Renew(random.choice(_SECONDS), _few(random)),
        lambda random: Release(_few(random)),
    ),
    whole=(
        (Acquire("x", 6), Begin(), Guard(), Tick(20), Guard(), Commit()),
        (Tick(20), Acquire("y", 6), Begin(), Guard(), Commit()),
        (Begin(), Guard(1), Tick(6), Guard(), Rollback()),
    ),
)
_METRICS = Topic(
    (
        lambda random: Increment(random.choice("pq"), random.choice((1, 5, -2))),
        lambda random: Observe(random.choice("pq"), random.choice((3, 7))),
    )
)
_NONCES = Topic(
    (lambda random: Register(_first(random, NONCES)),),
    alone=(
        lambda random: Register(_first(random, NONCES)),
        lambda random: Prune("nonces"),
    ),
)
_REQUESTS = Topic(
    (
        lambda random: BeginRequest(_first(random, KEYS)),
        lambda random: BeginRequest(_first(random, KEYS)),
        lambda random: FinishRequest(_few(random)),
        lambda random: AbandonRequest(_first(random, KEYS), random.choice((0, 0, 5))),
        lambda random: ReleaseRequest(_few(random)),
        lambda random: GetRequest(_first(random, KEYS)),
    ),
    alone=(lambda random: Prune("idempotency", random.choice((None, 0, 1))),),
    whole=(
        (BeginRequest(KEYS[0]), FinishRequest()),
        (AbandonRequest(KEYS[0]), BeginRequest(KEYS[0])),
        (AbandonRequest(KEYS[0]), BeginRequest(KEYS[0]), FinishRequest(1)),
    ),
)
_TURNS = Topic((lambda random: TakeTurn(),), alone=(lambda random: Tick(61),))
_WORK = Topic(
    (
        _claim,
        _claim,
        _complete,
        _fail,
        lambda random: CompleteMany(_some(random)),
        lambda random: Extend(_some(random)),
        lambda random: Reclaim(_limit(random), random.choice((None, None, 2))),
        lambda random: Reclaim(2),
    ),
    whole=(
        (Claim(1), Complete()),
        (Claim(1), Fail(), Tick(20)),
        (Claim(2), Tick(6), Complete(1)),
        (Tick(6), Reclaim(2), Claim(2)),
        (Tick(6), Reclaim(2), Claim(2), Fail(1)),
        (Tick(6), Begin(), Extend((0, 1)), Commit()),
        (Claim(2), Tick(6), Begin(), Extend((0,)), Commit()),
        (Tick(6), Reclaim(1)),
    ),
    jobs=(StoredJob(), StoredJob(30), StoredJob(-10), StoredJob(is_dead=True)),
)
TOPICS: Mapping[str, Topic] = {
    "approvals": _APPROVALS,
    "gaps": _GAPS,
    "keys": _KEYED,
    "lock": _LOCK,
    "metrics": _METRICS,
    "nonces": _NONCES,
    "requests": _REQUESTS,
    "turns": _TURNS,
    "work": _WORK,
}


@dataclass(frozen=True, slots=True)
class Author:
    """Draws what the sessions of a program do, one after the other."""

    random: Random
    topics: tuple[Topic, ...]

    def block(self) -> _Block:
        """A statement, a transaction, or what the topic has ready."""
        kind = self.random.choice(("statement", "transaction", "whole", "whole"))
        topic = self.random.choice(self.topics)
        if kind == "whole" and topic.whole:
            return list(self.random.choice(topic.whole))
        if kind != "statement":
            return self.transaction()
        return [self.random.choice((*topic.operations, *topic.alone))(self.random)]

    def transaction(self) -> _Block:
        ending = self.random.choice((Commit(), Commit(), Commit(), Rollback()))
        inside = [self.inside() for _ in range(self.random.randint(1, 3))]
        return [Begin(self.random.choice(_LEVELS)), *inside, ending]

    def inside(self) -> Step:
        topic = self.random.choice(self.topics)
        drawn = (*topic.operations, *topic.operations, _tick)
        return self.random.choice(drawn)(self.random)

    def session(self) -> _Block:
        count = self.random.randint(1, 3)
        return [step for _ in range(count) for step in self.block()]

    def jobs(self) -> tuple[StoredJob, ...]:
        """The first job of a topic, and some more."""
        return tuple(
            job
            for topic in self.topics
            for place, job in enumerate(topic.jobs)
            if place == 0 or self.random.random() > 0.5
        )

    def program(self, sessions: int | None) -> Program:
        count = sessions or self.random.choice((2, 2, 3))
        queues = [self.session() for _ in range(count)]
        steps = []
        while waiting := [number for number, queue in enumerate(queues) if queue]:
            number = self.random.choice(waiting)
            steps.append((number, queues[number].pop(0)))
        return Program(self.jobs(), tuple(steps))


def _author(random: Random, names: tuple[str, ...]) -> Author:
    count = random.choice((1, 1, 2)) if len(names) > 1 else 1
    return Author(random, tuple(TOPICS[name] for name in random.sample(names, count)))


def make_program(seed: int, *names: str, sessions: int | None = None) -> Program:
    """A program about some topics, or about any; a seed always makes the same."""
    random = Random(seed)
    return _author(random, names or tuple(TOPICS)).program(sessions)


def programs_of(*names: str) -> SearchStrategy[Program]:
    """Programs that Hypothesis chooses, and so can make smaller."""
    return st.randoms(use_true_random=False).map(
        lambda random: _author(random, names or tuple(TOPICS)).program(None)
    )


def without_transactions(program: Program) -> Program:
    """The program with each statement by itself."""
    control = (Begin, Commit, Rollback)
    steps = [(n, step) for n, step in program.steps if not isinstance(step, control)]
    return Program(program.jobs, tuple(steps))
