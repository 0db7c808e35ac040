# twin: ../garbage.py
"""Garbage collection: remove what nothing reaches any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.artifacts.errors import NegativeAge
from datalayer.domains.artifacts.results import GarbageReport
from datalayer.queries.aio.artifacts import garbage
from datalayer.runtime import UNSET

if TYPE_CHECKING:
    from datetime import timedelta
    from uuid import UUID

    from psycopg import AsyncConnection

    from datalayer.queries.artifacts.garbage import OldArtifact


async def collect_garbage(
    connection: AsyncConnection[Any],
    *,
    older_than: timedelta,
    batch_size: int = 1000,
) -> GarbageReport:
    """Remove artifacts and blobs of a certain age that nothing reaches, and count them.

    Kept is what a tag, a reflog entry younger than `older_than`, a run, a chain or a
    `compacted_from_id` reaches, and what another session is using. Each batch is a
    transaction of its own unless the caller has one open.
    """
    if older_than.total_seconds() < 0:
        raise NegativeAge(f"`older_than` is {older_than}, which is in the future")
    scanned, artifacts = await _pass(connection, older_than, batch_size)
    removed = artifacts
    # What was stored out of order: something that refers and is older than its target.
    while removed:
        _, removed = await _pass(connection, older_than, batch_size)
        artifacts += removed
    blobs = await _collect_blobs(connection, older_than, batch_size)
    return GarbageReport(scanned=scanned, artifacts=artifacts, blobs=blobs)


async def _pass(
    connection: AsyncConnection[Any], older_than: timedelta, batch_size: int
) -> tuple[int, int]:
    """Go once through the old artifacts, newest first; return how many, and removed."""
    scanned = removed = 0
    last: OldArtifact | None = None
    while True:
        async with connection.transaction():
            page = await garbage.list_old_artifacts(
                connection,
                older_than=older_than,
                before_created_at=last.created_at if last else UNSET,
                before_id=last.artifact_id if last else UNSET,
                row_limit=batch_size,
            )
            ids = [artifact.artifact_id for artifact in page]
            removed += await _remove_garbage(connection, ids, older_than)
        scanned += len(page)
        if len(page) < batch_size:
            return scanned, removed
        last = page[-1]


async def _remove_garbage(
    connection: AsyncConnection[Any], ids: list[UUID], older_than: timedelta
) -> int:
    """Remove the garbage among artifacts and return how many went.

    What looks like garbage is locked, so that no new reference to it can be made, and
    then looked at again by a statement that sees every reference made before.
    """
    found = await _list_garbage(connection, ids, older_than)
    locked = await garbage.lock_artifacts(connection, artifact_ids=found)
    locked_ids = [artifact.artifact_id for artifact in locked]
    certain = await _list_garbage(connection, locked_ids, older_than)
    if not certain:
        return 0
    await garbage.delete_patch_chains(connection, head_ids=certain)
    return await garbage.delete_artifacts(connection, artifact_ids=certain)


async def _list_garbage(
    connection: AsyncConnection[Any], ids: list[UUID], older_than: timedelta
) -> list[UUID]:
    rows = await garbage.list_garbage(
        connection, artifact_ids=ids, older_than=older_than
    )
    return [row.artifact_id for row in rows]


async def _collect_blobs(
    connection: AsyncConnection[Any], older_than: timedelta, batch_size: int
) -> int:
    removed = 0
    while True:
        async with connection.transaction():
            rows = await garbage.lock_garbage_blobs(
                connection, older_than=older_than, row_limit=batch_size
            )
            removed += await garbage.delete_unreferenced_blobs(
                connection, cas_ids=[row.cas_id for row in rows]
            )
        if len(rows) < batch_size:
            return removed
