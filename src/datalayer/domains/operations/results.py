"""What the services of operations return, beside rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """How many jobs each status has, and what waits.

    `age` is for how long the oldest due job has waited, None when none is due;
    `next_work` is how long it is until a job is due or a lease ends, negative for work
    that is there already, None when there will be none.
    """

    counts: dict[str, int]
    age: timedelta | None
    next_work: timedelta | None
