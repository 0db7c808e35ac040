# Derived by scripts/async_to_sync.py from workers.py; do not edit.
"""Workers that have to be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.automation.errors import WorkerNotFound
from datalayer.queries.automation import worker as workers

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

    from datalayer.queries.automation.worker import Worker
    from datalayer.queries.enums import WorkerRole, WorkerType
    from datalayer.runtime import JsonInput


def register_worker(
    connection: Connection[Any],
    *,
    name: str,
    worker_type: WorkerType,
    worker_role: WorkerRole,
    runtime: int | None = None,
    host: str | None = None,
    port: int | None = None,
    capabilities: JsonInput = None,
    meta: JsonInput = None,
) -> Worker:
    """Register a worker by its name, for the first time or again, as active and alive.

    Again it keeps its id and its history; everything else is what is given now.
    """
    registered = workers.register_worker(
        connection,
        name=name,
        worker_type=worker_type,
        worker_role=worker_role,
        runtime=runtime,
        host=host,
        port=port,
        capabilities=capabilities,
        meta=meta,
    )
    assert registered is not None, "an upsert stores a row, or raises"
    return registered


def heartbeat(connection: Connection[Any], *, worker_id: int) -> datetime:
    """Note that a worker is alive and return when; raise `WorkerNotFound`."""
    heard = workers.update_worker_heartbeat(connection, worker_id=worker_id)
    if heard is None:
        raise WorkerNotFound(worker_id)
    return heard


def deregister_worker(connection: Connection[Any], *, worker_id: int) -> Worker:
    """Make a worker inactive and return it; raise `WorkerNotFound`.

    It keeps its id, its name and its history; `register_worker` makes it active again.
    """
    inactive = workers.deregister_worker(connection, worker_id=worker_id)
    if inactive is None:
        raise WorkerNotFound(worker_id)
    return inactive
