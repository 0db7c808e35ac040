"""How a worker works."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass, field
from datetime import timedelta

from datalayer.domains.operations.errors import WorkerSettingError
from datalayer.domains.operations.retention_settings import (
    RetentionSettings,
    read_retention_settings,
)

_NOTHING = timedelta(0)


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
        """Raise `WorkerSettingError` for what no worker can work with."""
        for name in ("concurrency", "max_attempts", "max_claims"):
            if getattr(self, name) < 1:
                raise WorkerSettingError(name, getattr(self, name), "1 or more")
        for name in ("lease", "poll"):
            if getattr(self, name) <= _NOTHING:
                raise WorkerSettingError(name, getattr(self, name), "more than nothing")
        for name in ("grace", "first_backoff"):
            if getattr(self, name) < _NOTHING:
                raise WorkerSettingError(name, getattr(self, name), "nothing or more")
        if not self.name or "\0" in self.name:
            raise WorkerSettingError("name", self.name, "a text without NUL")
