"""The remote that jobs are posted to: it survives faults, and is fenced by tokens."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg

from fault_injection.errors import ChaosError

_PAUSE = 0.05
#: Longer than any fault.
_PATIENCE = 120.0


class Remote:
    """A client of the remote with one connection a thread, made again when lost."""

    def __init__(self, url: str) -> None:
        """Connect to nothing yet."""
        self._url = url
        self._local = threading.local()

    def deliver(self, job_id: int, token: int, remote_id: str) -> bool:
        """Deliver until it answers; return whether it took it as the job's effect.

        After a lost answer the same is delivered again, which changes nothing.
        """
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._deliver(job_id, token, remote_id)
            except psycopg.OperationalError as error:
                self._close()
                if time.monotonic() > deadline:
                    raise ChaosError("the remote does not answer") from error
                time.sleep(_PAUSE)

    def _deliver(self, job_id: int, token: int, remote_id: str) -> bool:
        row = (
            self._connection()
            .execute("SELECT deliver(%s, %s, %s)", (job_id, token, remote_id))
            .fetchone()
        )
        assert row is not None
        return bool(row[0])

    def _connection(self) -> psycopg.Connection[Any]:
        found: psycopg.Connection[Any] | None = getattr(self._local, "connection", None)
        if found is None:
            found = psycopg.connect(self._url, autocommit=True)
            self._local.connection = found
        return found

    def _close(self) -> None:
        if getattr(self._local, "connection", None) is not None:
            self._local.connection.close()
            self._local.connection = None
