"""How long to wait before something is tried again, and waiting."""

from __future__ import annotations

import asyncio
import random
import time

#: Seconds.
_SHORTEST = 0.01
_LONGEST = 1.0


def pause_before(attempt: int) -> float:
    """Return a random number of seconds to wait before a second or later attempt.

    Full jitter: at most 10 ms, then twice as much for each attempt, up to a second.
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    longest = min(_LONGEST, _SHORTEST * 2.0 ** min(attempt - 2, 10))
    return random.uniform(0, longest)


def sleep_here(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


async def sleep_aside(seconds: float) -> None:
    """Let others run for a while."""
    await asyncio.sleep(seconds)
