"""The log of a worker: a line of JSON for each job, and for what else happens."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from datalayer.domains.operations.worker import AttemptEnded

if TYPE_CHECKING:
    from datalayer.domains.operations.worker import Stop, WorkerEvent


class WorkerLog:
    """Writes jobs to standard output, everything else to standard error."""

    def __init__(self, worker: str, output: TextIO, stop: Stop) -> None:
        """Write for a worker, which is stopped when nobody reads of its jobs."""
        self.is_broken = False
        self._worker = worker
        self._output = output
        self._stop = stop

    def __call__(self, event: WorkerEvent) -> None:
        """Write a line."""
        head: dict[str, object] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "worker": self._worker,
        }
        if isinstance(event, AttemptEnded):
            self._write_job(head | _job_as_data(event))
            return
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
        with suppress(OSError):  # Nobody wants to know.
            _write(sys.stderr, head | {"event": name} | asdict(event))

    def _write_job(self, data: dict[str, object]) -> None:
        if self.is_broken:
            return
        try:
            _write(self._output, data)
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


def _write(stream: TextIO, data: dict[str, object]) -> None:
    stream.write(json.dumps(data) + "\n")
    stream.flush()
