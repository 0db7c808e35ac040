# twin: ../workers.py
"""Workers that have to be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.automation.errors import WorkerNotFound
from datalayer.queries.aio.automation import worker as workers

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection

    from datalayer.queries.automation.worker import Worker


async def heartbeat(connection: AsyncConnection[Any], *, worker_id: int) -> datetime:
    """Note that a worker is alive and return when; raise `WorkerNotFound`."""
    heard = await workers.update_worker_heartbeat(connection, worker_id=worker_id)
    if heard is None:
        raise WorkerNotFound(worker_id)
    return heard


async def deregister_worker(
    connection: AsyncConnection[Any], *, worker_id: int
) -> Worker:
    """Make a worker inactive and return it; raise `WorkerNotFound`.

    It keeps its id, its name and its history; `register_worker` makes it active again.
    """
    inactive = await workers.deregister_worker(connection, worker_id=worker_id)
    if inactive is None:
        raise WorkerNotFound(worker_id)
    return inactive
