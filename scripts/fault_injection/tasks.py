"""What the handler does with a job, which its content says."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

#: As the workers are told.
MAX_ATTEMPTS = 3
#: How often a job's handler fails, the usual first; at the maximum it always does.
_FAILURES = {0: 0.75, 1: 0.12, 2: 0.08, MAX_ATTEMPTS: 0.05}
#: How long it takes in leases, from and to: mostly short, sometimes beyond one.
_LEASES = {(0.0, 0.02): 0.7, (0.02, 0.15): 0.25, (0.6, 1.8): 0.05}
_LEASES_AGAIN = 1.5
_DUE_AT_ONCE = 0.8
_TOKEN = re.compile(r"token=(\d+)")


@dataclass(frozen=True, slots=True)
class Task:
    """What is to become of a job."""

    #: Its idempotency key.
    key: str
    #: How many failures are counted before the handler succeeds.
    failures: int
    #: How long the handler takes, half of it before it delivers.
    milliseconds: int
    #: Whether it fails, or goes on, when the remote refuses the delivery.
    fails_when_refused: bool
    #: How much longer it takes after its delivery when an attempt was lost before: the
    #: one that lost it, unless it is gone, comes back meanwhile.
    milliseconds_again: int = 0
    #: How long after it was scheduled it is due.
    delay_milliseconds: int = 0

    @property
    def is_hopeless(self) -> bool:
        """Return whether the handler always fails."""
        return self.failures >= MAX_ATTEMPTS

    @property
    def content(self) -> str:
        """Return the content of its job."""
        return json.dumps(asdict(self))


def read_task(content: str) -> Task:
    """Return the task that a job's content describes."""
    return Task(**json.loads(content))


def choose_tasks(random: Random, count: int, *, lease: float) -> list[Task]:
    """Return tasks of all kinds: quick, slow, failing once or always."""
    tasks = []
    for number in range(count):
        (failures,) = random.choices(list(_FAILURES), [*_FAILURES.values()])
        (leases,) = random.choices(list(_LEASES), [*_LEASES.values()])
        tasks.append(
            Task(
                key=f"task-{number}",
                failures=failures,
                milliseconds=round(1000 * lease * random.uniform(*leases)),
                fails_when_refused=random.random() < 0.5,
                milliseconds_again=round(1000 * lease * _LEASES_AGAIN),
                delay_milliseconds=_choose_delay(random, lease),
            )
        )
    return tasks


def _choose_delay(random: Random, lease: float) -> int:
    if random.random() < _DUE_AT_ONCE:
        return 0
    return round(1000 * lease * random.uniform(0.1, 2))


def remote_id_of(job_id: int, token: int) -> str:
    """Return the id that the remote gives to what an attempt delivered."""
    return f"{job_id}.{token}"


def token_of_remote_id(remote_id: str | None) -> int | None:
    """Return the token of the attempt that a remote id names."""
    _, _, token = (remote_id or "").rpartition(".")
    return int(token) if token.isdecimal() else None


def failure_of(token: int) -> str:
    """Return what the handler says when an attempt fails."""
    return f"fails on purpose, token={token}"


def token_of_failure(text: str | None) -> int | None:
    """Return the token of the attempt that an error names."""
    found = _TOKEN.search(text or "")
    return int(found[1]) if found else None
