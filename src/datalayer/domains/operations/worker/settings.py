"""How a worker works."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass, field
from datetime import timedelta

from datalayer.domains.arguments import (
    LONGEST,
    MOST_SMALL,
    check_counts,
    check_durations,
    check_texts,
)
from datalayer.domains.errors import InvalidArgument
from datalayer.domains.operations.retention_settings import (
    RetentionSettings,
    read_retention_settings,
)


def name_worker() -> str:
    """Return a name that no other worker has: machine, process and chance."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How a worker works; the defaults suit posts over the network."""

    name: str = field(default_factory=name_worker)
    #: How many jobs run at once, each in a thread.
    concurrency: int = 4
    #: How long a job stays with a silent worker; prolonged every third of it.
    lease: timedelta = timedelta(seconds=60)
    #: How often to look for jobs that no notification told of.
    poll: timedelta = timedelta(seconds=5)
    #: How long running handlers may go on after a request to stop.
    grace: timedelta = timedelta(seconds=30)
    max_attempts: int = 3
    first_backoff: timedelta = timedelta(minutes=5)
    #: After so many claims a job whose lease ends becomes a dead letter.
    max_claims: int = 20
    #: End when nothing is due.
    until_idle: bool = False
    #: What is kept of approvals, requests and nonces; None leaves that to others.
    retention: RetentionSettings | None = field(default_factory=read_retention_settings)

    def __post_init__(self) -> None:
        """Raise `InvalidArgument` for what no worker can work with."""
        check_counts(concurrency=self.concurrency, max_claims=self.max_claims)
        check_counts(max_attempts=self.max_attempts, most=MOST_SMALL)
        check_durations(lease=self.lease, poll=self.poll)
        check_texts(name=self.name)
        if not self.name:
            raise InvalidArgument("name", self.name, "a text that tells workers apart")
        for name in ("grace", "first_backoff"):
            duration: timedelta = getattr(self, name)
            if not timedelta(0) <= duration <= LONGEST:
                raise InvalidArgument(name, duration, "a duration of zero or more")
