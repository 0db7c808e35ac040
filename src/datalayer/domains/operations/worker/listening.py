"""Hear at once that a job was scheduled."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg

from datalayer.domains.operations.worker.connecting import connect, pause_after
from datalayer.domains.operations.worker.events import Reconnected, Reconnecting
from datalayer.domains.operations.worker.inbox import Woken
from datalayer.urls import describe_failure

if TYPE_CHECKING:
    from datalayer.domains.operations.worker.inbox import Inbox
    from datalayer.domains.operations.worker.settings import WorkerSettings

PURPOSE = "notifications"


class Listener:
    """A thread that wakes the worker when the database notifies it."""

    def __init__(self, url: str, settings: WorkerSettings, inbox: Inbox) -> None:
        """Prepare to listen."""
        self._url = url
        self._settings = settings
        self._inbox = inbox
        # What the thread waits for, beside notifications.
        self._end, self._ended = socket.socketpair()
        self._thread = threading.Thread(
            target=self._run, name="notifications", daemon=True
        )

    def start(self) -> None:
        """Begin to listen, and go on trying to."""
        self._thread.start()

    def close(self, timeout: float) -> None:
        """Stop listening, and wait for that so many seconds."""
        self._end.send(b"x")
        self._thread.join(timeout)
        if not self._thread.is_alive():
            self._end.close()
            self._ended.close()

    def _run(self) -> None:
        failures = 0
        is_over = False
        while not is_over:
            try:
                with closing(connect(self._url, self._settings)) as connection:
                    connection.execute("LISTEN assistly_queue")
                    if failures:
                        self._inbox.put(Reconnected(PURPOSE))
                    failures = 0
                    self._listen(connection)
                    is_over = True
            except psycopg.Error as error:
                failures += 1
                delay = pause_after(failures)
                reason = describe_failure(self._url, error)
                self._inbox.put(Reconnecting(PURPOSE, failures, delay, reason))
                is_over = self._is_ended(delay)

    def _listen(self, connection: psycopg.Connection) -> None:
        """Wake the worker until it closes."""
        # Nobody told of what came before, or while the connection was lost.
        self._inbox.put(Woken())
        while not self._is_ended(None, connection):
            if list(connection.notifies(timeout=0)):
                self._inbox.put(Woken())

    def _is_ended(
        self, delay: float | None, connection: psycopg.Connection | None = None
    ) -> bool:
        """Wait for the end, or for something to read; return whether it is the end."""
        # Not `select.select`, which fails in a process with many open files.
        with selectors.DefaultSelector() as selector:
            selector.register(self._ended, selectors.EVENT_READ)
            if connection is not None:
                selector.register(connection, selectors.EVENT_READ)
            ready = selector.select(delay)
        return any(key.fileobj is self._ended for key, _ in ready)
