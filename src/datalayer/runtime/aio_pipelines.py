"""What a pipeline of the caller's needs, over an asynchronous connection."""

# twin: pipelines.py

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.pq import PipelineStatus

if TYPE_CHECKING:
    from psycopg import AsyncConnection


async def synchronise(connection: AsyncConnection[Any]) -> None:
    """Wait for the results of what a pipeline of the caller's was sent.

    The number of rows, and an error, arrive with its next sync.
    """
    if connection.info.pipeline_status != PipelineStatus.OFF:
        async with connection.pipeline():
            pass
