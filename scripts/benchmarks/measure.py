"""Interleaved rounds: the machine's moods hit every contender alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: About how long a sample lasts: many calls, because what a call takes can depend on
#: what it asks for (a search ends early where the answer stands in front).
_SAMPLE_SECONDS = 0.1
_WARM_UPS = 10


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do a piece of work; `run` gets the number of the call."""

    name: str
    run: Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one call took, in seconds, over all rounds."""

    name: str
    median: float
    fastest: float
    slowest: float
    calls: int


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
            run, repeat = contenders[index].run, repetitions[index]
            started = time.perf_counter()
            for call in range(calls[index], calls[index] + repeat):
                run(call)
            samples[index].append((time.perf_counter() - started) / repeat)
            calls[index] += repeat
            progress()
    return [
        Timing(contender.name, statistics.median(times), min(times), max(times), count)
        for contender, times, count in zip(contenders, samples, calls, strict=True)
    ]


def _calibrate(contender: Contender) -> int:
    """Warm up, and return how many calls make one sample."""
    contender.run(0)
    started = time.perf_counter()
    for call in range(1, _WARM_UPS + 1):
        contender.run(call)
    seconds = (time.perf_counter() - started) / _WARM_UPS
    return max(1, round(_SAMPLE_SECONDS / max(seconds, 1e-6)))
