"""What happens when: all of it follows from a seed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from fault_injection.tasks import Task, choose_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The last faults come this early, so that all are mended within the time.
_UNTIL = 0.95
#: The part of the jobs that is there from the beginning.
_AT_ONCE = 0.25
_BATCH = 40
MODES = ("fast", "immediate")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is asked to do."""

    seconds: float
    workers: int
    jobs: int
    seed: int
    #: The name of a mutant that the workers run, or nothing.
    mutant: str = ""
    lease: float = 2.0
    #: How many jobs a worker has at a time.
    concurrency: int = 8


@dataclass(frozen=True, slots=True)
class Kill:
    """End a worker by SIGKILL, and start another one in its place."""

    slot: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop a worker by SIGSTOP, and let it go on when its leases have ended."""

    slot: int
    seconds: float
    #: Whether its connections end meanwhile, so that it finds out last what it lost.
    is_cut_off: bool


@dataclass(frozen=True, slots=True)
class Replace:
    """Ask a worker to end by SIGTERM, and start another one in its place."""

    slot: int


@dataclass(frozen=True, slots=True)
class Restart:
    """Stop the server in a mode of `pg_ctl`, and start it again."""

    mode: str


@dataclass(frozen=True, slots=True)
class Terminate:
    """End some of the connections, a part of all."""

    part: float
    seed: int


Fault = Kill | Replace | Restart | Stop | Terminate


@dataclass(frozen=True, slots=True)
class Timed:
    """A fault, so many seconds from the beginning."""

    at: float
    fault: Fault


@dataclass(frozen=True, slots=True)
class Batch:
    """Jobs that are scheduled together, so many seconds from the beginning."""

    at: float
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The jobs and the faults of a run."""

    batches: tuple[Batch, ...]
    faults: tuple[Timed, ...]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Return all tasks."""
        return tuple(task for batch in self.batches for task in batch.tasks)


def make_plan(settings: Settings) -> Plan:
    """Return the plan that follows from the settings, always the same."""
    random = Random(settings.seed)
    tasks = choose_tasks(random, settings.jobs, lease=settings.lease)
    faults = sorted(_faults(random, settings), key=lambda timed: timed.at)
    return Plan(tuple(_batches(random, tasks, settings.seconds)), tuple(faults))


def _faults(random: Random, settings: Settings) -> Iterator[Timed]:
    for at in _times(random, settings, every=2.5):
        yield Timed(at, Kill(random.randrange(settings.workers)))
    for at in _times(random, settings, every=2):
        seconds = settings.lease * random.uniform(1.2, 2.5)
        slot, is_cut_off = random.randrange(settings.workers), random.random() < 0.75
        yield Timed(at, Stop(slot, seconds, is_cut_off))
    for at in _times(random, settings, every=6):
        yield Timed(at, Replace(random.randrange(settings.workers)))
    for at in _times(random, settings, every=1.5):
        yield Timed(at, Terminate(random.uniform(0.1, 1.0), random.getrandbits(32)))
    modes = itertools.cycle(random.sample(MODES, len(MODES)))
    for at, mode in zip(_times(random, settings, every=12), modes, strict=False):
        yield Timed(at, Restart(mode))


def _times(random: Random, settings: Settings, *, every: float) -> list[float]:
    """Return moments, at least two, each in a part of the time of its own."""
    count = max(2, round(settings.seconds / every))
    part = settings.seconds * _UNTIL / count
    return [part * (number + random.uniform(0.2, 1)) for number in range(count)]


def _batches(random: Random, tasks: list[Task], seconds: float) -> Iterator[Batch]:
    """Cut tasks into batches: some at once, others later, until most time is over."""
    first = max(1, round(len(tasks) * _AT_ONCE))
    yield Batch(0.0, tuple(tasks[:first]))
    rest = [tasks[n : n + _BATCH] for n in range(first, len(tasks), _BATCH)]
    moments = sorted(random.uniform(0, seconds * 0.8) for _ in rest)
    for at, batch in zip(moments, rest, strict=True):
        yield Batch(at, tuple(batch))
