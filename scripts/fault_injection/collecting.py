"""How the evidence is gathered: from the databases, and from the logs of workers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import class_row

from fault_injection.evidence import Change, Delivery, Effect, Job, Line

if TYPE_CHECKING:
    from fault_injection.server import FaultyServer

_JOBS = """
SELECT id, coalesce(idempotency_key, '') AS key, status, retries, attempt_token,
    remote_id
FROM assistly_queue_jobs
ORDER BY id
"""
_CHANGES = """
SELECT id AS number, job_id, operation, at, status, retries, attempt_token, due_at,
    locked_by, locked_until, remote_id, last_error
FROM witness.change
ORDER BY id
"""
_DELIVERIES = """
SELECT id AS number, job_id, token, accepted
FROM delivery
ORDER BY id
"""
_EFFECTS = """
SELECT job_id, token, remote_id
FROM effect
ORDER BY job_id
"""


def read_queue(server: FaultyServer) -> tuple[tuple[Job, ...], tuple[Change, ...]]:
    """Return the jobs, and the changes that the witness noted."""
    with psycopg.connect(server.queue_url) as connection:
        jobs = connection.cursor(row_factory=class_row(Job)).execute(_JOBS).fetchall()
        changes = connection.cursor(row_factory=class_row(Change)).execute(_CHANGES)
        return tuple(jobs), tuple(changes)


def read_remote(
    server: FaultyServer,
) -> tuple[tuple[Delivery, ...], tuple[Effect, ...]]:
    """Return the calls of the remote, and what it has."""
    with psycopg.connect(server.remote_url) as connection:
        calls = connection.cursor(row_factory=class_row(Delivery)).execute(_DELIVERIES)
        deliveries = tuple(calls)
        effects = connection.cursor(row_factory=class_row(Effect)).execute(_EFFECTS)
        return deliveries, tuple(effects)


def read_logs(logs: Mapping[str, Path]) -> Iterator[Line]:
    """Yield what the workers, by name, logged about attempts."""
    for worker, path in sorted(logs.items()):
        for text in path.read_text(errors="replace").splitlines():
            line = _read_line(worker, text)
            if line is not None:
                yield line


def _read_line(worker: str, text: str) -> Line | None:
    """Return what a line says; a killed worker's last one may be cut off."""
    try:
        fields = json.loads(text)
        return Line(worker, fields["job_id"], fields["attempt"], fields["outcome"])
    except (ValueError, KeyError, TypeError):
        return None
