"""Run retention beside the jobs, once a minute."""

from __future__ import annotations

import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import psycopg

from datalayer.domains.operations.retention import TURN, run_retention
from datalayer.domains.operations.worker.connecting import connect
from datalayer.domains.operations.worker.events import RetentionFailed, RetentionRun
from datalayer.urls import describe_failure

if TYPE_CHECKING:
    from datalayer.domains.operations.results import RetentionProgress
    from datalayer.domains.operations.retention_settings import RetentionSettings
    from datalayer.domains.operations.worker.inbox import Inbox
    from datalayer.domains.operations.worker.settings import WorkerSettings

#: A little more than a turn lasts, so that the own last one is over, in seconds.
_INTERVAL = TURN.total_seconds() + 1


class _Ended(Exception):
    """The worker ends: the batches that are removed stay so."""


class Retainer:
    """A thread that takes the turns of retention that nobody else takes."""

    def __init__(
        self,
        url: str,
        settings: WorkerSettings,
        retention: RetentionSettings,
        inbox: Inbox,
    ) -> None:
        """Prepare to run."""
        self._url = url
        self._settings = settings
        self._retention = retention
        self._inbox = inbox
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Begin with the first turn."""
        self._thread.start()

    def close(self, timeout: float) -> None:
        """End after the batch that is under way; wait for it so many seconds."""
        self._end.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        with suppress(_Ended):
            while True:
                self._take_turn()
                if self._end.wait(_INTERVAL):
                    return

    def _take_turn(self) -> None:
        try:
            with closing(connect(self._url, self._settings)) as connection:
                removed = run_retention(
                    connection, settings=self._retention, report=self._check_end
                )
        except psycopg.Error as error:
            reason = describe_failure(self._url, error)
            self._inbox.put(RetentionFailed(reason))
            return
        if removed is not None:
            self._inbox.put(RetentionRun(removed))

    def _check_end(self, _: RetentionProgress) -> None:
        if self._end.is_set():
            raise _Ended
