# Derived by scripts/async_to_sync.py from aio_pipelines.py; do not edit.
"""What a pipeline of the caller's needs, over a synchronous connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.pq import PipelineStatus

if TYPE_CHECKING:
    from psycopg import Connection


def synchronise(connection: Connection[Any]) -> None:
    """Wait for the results of what a pipeline of the caller's was sent.

    The number of rows, and an error, arrive with its next sync.
    """
    if connection.info.pipeline_status != PipelineStatus.OFF:
        with connection.pipeline():
            pass
