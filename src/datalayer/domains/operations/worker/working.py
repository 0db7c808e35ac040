"""Run a handler for the jobs of a database as they become due."""

from __future__ import annotations

import math
import time
from collections import Counter
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING

import psycopg

from datalayer.domains.operations.worker.claiming import (
    ClaimSchedule,
    claim,
    look_ahead,
    reclaim,
)
from datalayer.domains.operations.worker.connecting import connect, pause_after
from datalayer.domains.operations.worker.events import (
    Reconnected,
    Reconnecting,
    Started,
    Stopped,
    Stopping,
)
from datalayer.domains.operations.worker.handling import Handled, start_threads
from datalayer.domains.operations.worker.inbox import Stop, StopAsked, Woken
from datalayer.domains.operations.worker.leases import prolong
from datalayer.domains.operations.worker.listening import Listener
from datalayer.domains.operations.worker.retaining import Retainer
from datalayer.domains.operations.worker.settings import WorkerSettings
from datalayer.domains.operations.worker.settling import settle
from datalayer.domains.operations.worker.starting import open_queue
from datalayer.urls import describe_failure

if TYPE_CHECKING:
    from datalayer.domains.operations.worker.attempts import Attempt, Handler
    from datalayer.domains.operations.worker.events import Log
    from datalayer.domains.operations.worker.inbox import Message
    from datalayer.domains.operations.worker.runs import Run

PURPOSE = "queue"
#: How long to wait for threads of the worker's own at its end, in seconds.
_LAST_WAIT = 5.0
_LOCKED_ROW_PAUSE = 1.0


def run_worker(
    url: str,
    handler: Handler,
    settings: WorkerSettings | None = None,
    *,
    log: Log = lambda _: None,
    stop: Stop | None = None,
) -> Stopped:
    """Run a handler for due jobs until `stop` is requested; tell how many ended how.

    A lost connection is made again, however long that takes. Raises
    `DatabaseUnreachable`, `ServerTooOld` or `OperationsUnusable` when the first fails.
    """
    worker = _Worker(url, handler, settings or WorkerSettings(), log, stop or Stop())
    return worker.run()


class _Worker:
    """What the main thread knows; other threads reach it through its inbox only."""

    def __init__(
        self, url: str, handler: Handler, settings: WorkerSettings, log: Log, stop: Stop
    ) -> None:
        self._url = url
        self._handler = handler
        self._settings = settings
        self._log = log
        self._inbox = stop.inbox
        self._work: SimpleQueue[Attempt | None] = SimpleQueue()
        self._runs: dict[tuple[int, int], Run] = {}
        self._counts: Counter[str] = Counter()
        self._schedule = ClaimSchedule()
        self._prolong_at = math.inf
        self._give_up_at: float | None = None

    def run(self) -> Stopped:
        settings = self._settings
        connection = open_queue(self._url, settings)
        start_threads(self._handler, settings.concurrency, self._work, self._inbox)
        companions = self._companions()
        for companion in companions:
            companion.start()
        patience = 0.0
        try:
            self._log(Started(settings.concurrency))
            self._serve(connection)
            patience = _LAST_WAIT
        finally:
            for _ in range(settings.concurrency):
                self._work.put(None)
            for companion in companions:
                companion.close(patience)
        self._receive(-math.inf)
        stopped = self._summary()
        self._log(stopped)
        return stopped

    def _companions(self) -> list[Listener | Retainer]:
        settings = self._settings
        companions: list[Listener | Retainer] = [
            Listener(self._url, settings, self._inbox)
        ]
        if settings.retention is not None:
            companions.append(
                Retainer(self._url, settings, settings.retention, self._inbox)
            )
        return companions

    def _serve(self, first: psycopg.Connection) -> None:
        """Take steps until the end; connect again after each failure."""
        connection: psycopg.Connection | None = first
        failures = 0
        self._receive(-math.inf)
        try:
            while not self._is_over():
                try:
                    if connection is None:
                        connection = connect(self._url, self._settings)
                    self._step(connection)
                except psycopg.Error as error:
                    _close(connection)
                    connection = None
                    failures += 1
                    self._pause(failures, error)
                    continue
                if failures:
                    self._log(Reconnected(PURPOSE))
                    failures = 0
                if not self._is_over():
                    self._receive(self._next_step_at())
        finally:
            _close(connection)

    def _pause(self, failures: int, error: psycopg.Error) -> None:
        delay = pause_after(failures)
        reason = describe_failure(self._url, error)
        self._log(Reconnecting(PURPOSE, failures, delay, reason))
        until = time.monotonic() + delay
        while time.monotonic() < until and not self._is_over():
            self._receive(until)
        self._schedule.hurry()

    # Steps

    def _step(self, connection: psycopg.Connection) -> None:
        """Do what is to be done now; the order matters after a time without server.

        Ends are told before leases are prolonged, which tells from the answer what is
        lost; those are prolonged before expired ones are reclaimed.
        """
        self._settle(connection)
        if time.monotonic() >= self._prolong_at:
            prolong(connection, self._runs.values(), self._settings.lease)
            self._plan_prolonging()
        if self._give_up_at is None and self._schedule.next_at <= time.monotonic():
            self._claim(connection)

    def _settle(self, connection: psycopg.Connection) -> None:
        handled = [run for run in self._runs.values() if run.handled]
        for run, ended in settle(connection, handled, self._settings):
            del self._runs[run.attempt.id, run.attempt.attempt_token]
            self._counts[ended.outcome] += 1
            self._log(ended)
            self._schedule.hurry()

    def _plan_prolonging(self) -> None:
        third = self._settings.lease.total_seconds() / 3
        self._prolong_at = time.monotonic() + third if self._runs else math.inf

    def _claim(self, connection: psycopg.Connection) -> None:
        free = self._settings.concurrency - len(self._runs)
        if not free:
            self._schedule.next_at = math.inf
            return
        for reclaimed in reclaim(connection, self._settings, self._schedule):
            self._log(reclaimed)
        for run in claim(connection, self._settings, self._schedule, free):
            self._start(run)
        if self._schedule.was_whole and not self._schedule.is_busy:
            look_ahead(connection, self._schedule)
            if self._settings.until_idle and self._schedule.is_idle:
                self._stop_if_nothing_runs()

    def _start(self, run: Run) -> None:
        attempt = run.attempt
        for (job_id, _), other in self._runs.items():
            if job_id == attempt.id:
                other.attempt.lost.set()
        self._runs[attempt.id, attempt.attempt_token] = run
        if self._prolong_at == math.inf:
            self._plan_prolonging()
        self._work.put(attempt)

    # Messages

    def _receive(self, until: float) -> None:
        for message in self._inbox.take_until(until):
            self._take(message)

    def _take(self, message: Message) -> None:
        match message:
            case Handled(attempt):
                self._runs[attempt.id, attempt.attempt_token].handled = message
            case Woken():
                self._schedule.hurry()
            case StopAsked(reason):
                self._begin_to_stop(reason)
            case _:
                self._log(message)

    def _next_step_at(self) -> float:
        times = [self._prolong_at]
        if self._give_up_at is None:
            times.append(self._schedule.next_at)
        else:
            times.append(self._give_up_at)
        if any(run.handled for run in self._runs.values()):
            times.append(time.monotonic() + _LOCKED_ROW_PAUSE)
        return min(times)

    # The end

    def _stop_if_nothing_runs(self) -> None:
        if not self._runs:
            self._begin_to_stop("nothing is due")

    def _begin_to_stop(self, reason: str) -> None:
        if self._give_up_at is None:
            grace = self._settings.grace.total_seconds()
            self._give_up_at = time.monotonic() + grace
            self._log(Stopping(reason, len(self._runs)))

    def _is_over(self) -> bool:
        if self._give_up_at is None:
            return False
        return not self._runs or time.monotonic() >= self._give_up_at

    def _summary(self) -> Stopped:
        return Stopped(
            posted=self._counts["posted"],
            retrying=self._counts["retrying"],
            dead_letter=self._counts["dead_letter"],
            lost=self._counts["lost"],
            unfinished=len(self._runs),
        )


def _close(connection: psycopg.Connection | None) -> None:
    if connection is not None:
        with suppress(psycopg.Error):
            connection.close()
