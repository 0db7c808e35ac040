"""Interleaved rounds: the machine's moods hit every contender alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: A sample lasts at least this long, so that the clock's own cost does not matter.
_SAMPLE_SECONDS = 0.005


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
    for call in range(3):
        contender.run(call)
    started = time.perf_counter()
    contender.run(0)
    seconds = time.perf_counter() - started
    return max(1, round(_SAMPLE_SECONDS / max(seconds, 1e-6)))
