"""Interleaved rounds: the machine's moods hit every contender alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

#: About how long a sample lasts: many calls, because what a call takes can depend on
#: what it asks for (a search ends early where the answer stands in front).
_SAMPLE_SECONDS = 0.1
_WARM_UPS = 10
#: What is slow is warm by then.
_WARM_UP_SECONDS = 1.0


def _nothing(_calls: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do a piece of work; `run` gets the number of the call."""

    name: str
    run: Callable[[int], object]
    #: Called before each sample, outside the time, with the number of its calls.
    prepare: Callable[[int], object] = _nothing
    #: What time is read from: a server's own, where others keep the machine busy.
    clock: Callable[[], float] = time.perf_counter
    #: Takes part in every so many rounds: for a peer that takes seconds.
    every: int = 1
    #: How many pieces of work a call does, where the time of one is asked for.
    units: int = 1


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one piece of work took, in seconds, over all rounds."""

    name: str
    median: float
    fastest: float
    slowest: float
    calls: int
    #: One's time in each round, in the order of the rounds.
    samples: tuple[float, ...] = ()


def measure(
    contenders: Sequence[Contender],
    *,
    rounds: int,
    progress: Callable[[], None] = lambda: None,
) -> list[Timing]:
    """Time each contender once a round, beginning with another one each time."""
    repetitions = [_calibrate(contender) for contender in contenders]
    samples: list[list[float]] = [[] for _ in contenders]
    calls = [0] * len(contenders)
    for number in range(rounds):
        for step in range(len(contenders)):
            index = (number + step) % len(contenders)
            if number % contenders[index].every:
                continue
            run, repeat = contenders[index].run, repetitions[index]
            clock = contenders[index].clock
            contenders[index].prepare(repeat)
            started = clock()
            for call in range(calls[index], calls[index] + repeat):
                run(call)
            elapsed = clock() - started
            samples[index].append(elapsed / repeat / contenders[index].units)
            calls[index] += repeat
            progress()
    return [
        _summarise(contender.name, times, count)
        for contender, times, count in zip(contenders, samples, calls, strict=True)
    ]


def _summarise(name: str, times: Sequence[float], calls: int) -> Timing:
    median = statistics.median(times)
    return Timing(name, median, min(times), max(times), calls, tuple(times))


def _calibrate(contender: Contender) -> int:
    """Warm up, and return how many calls make one sample."""
    contender.prepare(1 + _WARM_UPS)
    started = time.perf_counter()
    contender.run(0)
    if time.perf_counter() - started > _WARM_UP_SECONDS:
        return 1
    started = time.perf_counter()
    calls, elapsed = 0, 0.0
    while calls < _WARM_UPS and elapsed < _WARM_UP_SECONDS:
        calls += 1
        contender.run(calls)
        elapsed = time.perf_counter() - started
    return max(1, round(_SAMPLE_SECONDS * calls / max(elapsed, 1e-6)))


def cpu_clock(pid: int) -> Callable[[], float] | None:
    """Return a clock of the time that a process had the processor, where there is one.

    It does not see that others had it meanwhile. Linux only.
    """
    # https://docs.kernel.org/scheduler/sched-stats.html
    file = Path("/proc") / str(pid) / "schedstat"
    try:
        file.read_text()
    except OSError:
        return None
    return lambda: int(file.read_text().split()[0]) / 1e9
