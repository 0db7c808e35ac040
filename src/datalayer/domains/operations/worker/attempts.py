"""What a handler gets: a job, and whether it is still its worker's own."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(slots=True)
class Lease:
    """How long an attempt is known to be its worker's own; one without end is held."""

    #: By `time.monotonic`; a little earlier than the server's end of the lease.
    ends_at: float = math.inf
    lost: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A job, given to a worker for a time that the worker prolongs.

    `attempt_token` grows with each attempt at a job: whatever remembers the largest it
    has seen can refuse an attempt that another one has overtaken.
    """

    id: int
    platform: str
    content: str
    scheduled_at: datetime
    idempotency_key: str | None
    retries: int
    attempt_token: int
    lease: Lease = field(default_factory=Lease, repr=False, compare=False)

    @property
    def lost(self) -> threading.Event:
        """Return what is set once the job belongs to someone else; wait for it."""
        return self.lease.lost

    def is_current(self) -> bool:
        """Return whether nobody else can have the job yet; ask before what is final.

        False also while the server cannot be reached for longer than the lease lasts.
        """
        return not self.lost.is_set() and time.monotonic() < self.lease.ends_at


#: Posts a job; returns its id there, or None.
Handler: TypeAlias = Callable[[Attempt], str | Awaitable[str | None] | None]
