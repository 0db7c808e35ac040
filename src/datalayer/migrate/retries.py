"""What is tried again when a lock was not to be had."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from datalayer.migrate.events import Retrying
from datalayer.migrate.failures import describe

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalayer.migrate.files import MigrationFile
    from datalayer.migrate.session import Failure, Session

TRIES = 8
#: What to do when a lock was not to be had in all of them.
BLOCKED = (
    f"tried {TRIES} times; end the sessions that hold the lock, run it in a quiet "
    "hour, or give it longer: `-- datalayer: lock_timeout=10s`"
)
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
_RETRIED = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often something was tried, how long the last try took, and if it failed."""

    tries: int
    milliseconds: int
    failed: Failure | None

    @property
    def is_blocked(self) -> bool:
        """Tell whether it failed because other sessions kept their locks."""
        return self.failed is not None and isinstance(self.failed.error, _RETRIED)


def try_often(
    session: Session, file: MigrationFile, attempt: Callable[[int], Failure | None]
) -> Outcome:
    """Attempt something, numbered from 1, until no lock is in its way."""
    tries = 1
    while True:
        begun = time.monotonic()
        failed = attempt(tries)
        outcome = Outcome(tries, milliseconds_since(begun), failed)
        if failed is None or not outcome.is_blocked or tries == TRIES:
            return outcome
        _pause(session, file, failed, tries)
        tries += 1


def milliseconds_since(begun: float) -> int:
    """Return the whole milliseconds since a moment of `time.monotonic`."""
    return round((time.monotonic() - begun) * 1000)


def _pause(session: Session, file: MigrationFile, failed: Failure, tries: int) -> None:
    # Jitter, so that a regular writer is not met at the same moment again.
    delay = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**tries) * random.uniform(0.5, 1.0)
    reason = describe(failed.error)
    session.tell(Retrying(file.path, tries, round(delay, 3), reason))
    time.sleep(delay)
