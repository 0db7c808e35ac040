"""What reaches a worker's main thread from others, and from signal handlers."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datalayer.domains.operations.worker.events import WorkerEvent
    from datalayer.domains.operations.worker.handling import Handled


@dataclass(frozen=True, slots=True)
class Woken:
    """There may be a job that nobody told of."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The worker is to end."""

    reason: str


if TYPE_CHECKING:
    Message: TypeAlias = Handled | StopAsked | WorkerEvent | Woken

#: The longest wait that every platform can express, and more, in seconds.
_LONGEST_WAIT = 86400.0


class Inbox:
    """Messages for the main thread."""

    def __init__(self) -> None:
        """Begin without messages."""
        # The only one that a signal handler may put into while its thread waits.
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def put(self, message: Message) -> None:
        """Leave a message; from any thread, and from a signal handler."""
        self._messages.put(message)

    def take_until(self, deadline: float) -> list[Message]:
        """Wait for a message until a time of `time.monotonic`; return all there are."""
        messages: list[Message] = []
        patience = min(max(0.0, deadline - time.monotonic()), _LONGEST_WAIT)
        try:
            messages.append(self._messages.get(timeout=patience))
            while True:
                messages.append(self._messages.get_nowait())
        except queue.Empty:
            return messages


class Stop:
    """Asks a worker to end, from another thread or from a signal handler."""

    def __init__(self) -> None:
        """Ask nothing yet."""
        self.inbox = Inbox()

    def request(self, reason: str = "asked to") -> None:
        """Let the worker claim nothing more, and end when its handlers have ended."""
        self.inbox.put(StopAsked(reason))
