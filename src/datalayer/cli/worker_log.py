"""The log of a worker: a line of JSON for each job, and for what else happens."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING, TextIO

from datalayer.domains.operations.worker import AttemptEnded

if TYPE_CHECKING:
    from datalayer.domains.operations.worker import Stop, WorkerEvent


class WorkerLog:
    """Writes jobs to an output, everything else to standard error.

    It has a thread of its own: whoever reads slowly, such as a pager, is not to keep
    the worker from prolonging its leases.
    """

    def __init__(self, worker: str, output: TextIO, stop: Stop) -> None:
        """Write for a worker, which is stopped when nobody reads of its jobs."""
        self.is_broken = False
        self._worker = worker
        self._output = output
        self._stop = stop
        self._lines: SimpleQueue[tuple[TextIO, str] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def __call__(self, event: WorkerEvent) -> None:
        """Add a line."""
        head: dict[str, object] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "worker": self._worker,
        }
        if isinstance(event, AttemptEnded):
            line = json.dumps(head | _job_as_data(event))
            self._lines.put((self._output, line))
            return
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
        line = json.dumps(head | {"event": name} | asdict(event))
        self._lines.put((sys.stderr, line))

    def close(self) -> None:
        """Wait until every line is written."""
        self._lines.put(None)
        self._thread.join()

    def _write(self) -> None:
        while (item := self._lines.get()) is not None:
            stream, line = item
            if stream is not self._output:
                with suppress(OSError):  # Nobody wants to know.
                    _write_line(stream, line)
            elif not self.is_broken:
                self._write_job(line)

    def _write_job(self, line: str) -> None:
        try:
            _write_line(self._output, line)
        except OSError as error:
            self.is_broken = True
            # What is buffered cannot be written at exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._output.fileno())
            self._stop.request(f"the log cannot be written: {error.strerror}")


def _job_as_data(ended: AttemptEnded) -> dict[str, object]:
    attempt = ended.attempt
    retry_at = ended.next_retry_at
    return {
        "job_id": attempt.id,
        "platform": attempt.platform,
        "attempt": attempt.attempt_token,
        "outcome": ended.outcome,
        "retries": ended.retries,
        "milliseconds": ended.milliseconds,
        "waited_ms": ended.waited_ms,
        "remote_id": ended.remote_id,
        "error": ended.error,
        "next_retry_at": retry_at.astimezone(UTC).isoformat() if retry_at else None,
    }


def _write_line(stream: TextIO, line: str) -> None:
    stream.write(line + "\n")
    stream.flush()
