# twin: ../chunks.py
"""The chunks of streamed answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg.errors import (
    FeatureNotSupported,
    ForeignKeyViolation,
    UniqueViolation,
)

from datalayer.domains.conversations.chunk_checks import (
    check_chunks,
    without_repetitions,
)
from datalayer.domains.conversations.errors import RequestNotFound
from datalayer.queries.aio.conversations import chunk as queries
from datalayer.runtime.aio import copy_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from psycopg import AsyncConnection

    from datalayer.domains.conversations.received import ReceivedChunk
    from datalayer.runtime import JsonInput

#: How many chunks go in one statement. More than that are copied.
BATCH = 1000

_COLUMNS = {
    "request_id": "uuid",
    "chunk_index": "int4",
    "timestamp": "timestamptz",
    "data": "text",
    "token_count": "int4",
}


async def store_chunks(
    connection: AsyncConnection[Any],
    *,
    request_id: UUID,
    chunks: Sequence[ReceivedChunk],
) -> int:
    """Store chunks of a request, all or none, and return how many are new.

    One whose index is stored already is passed over, also when it says something else.
    Up to 1,000 take one round trip. Raises `InvalidChunks`, which names all bad ones,
    and `RequestNotFound`.
    """
    check_chunks(chunks)
    if len(chunks) <= BATCH and connection.autocommit:
        return await _insert(connection, request_id, chunks)
    async with connection.transaction():
        if len(chunks) <= BATCH:
            return await _insert(connection, request_id, chunks)
        return await _store_many(connection, request_id, chunks)


async def _store_many(
    connection: AsyncConnection[Any],
    request_id: UUID,
    chunks: Sequence[ReceivedChunk],
) -> int:
    try:
        async with connection.transaction():
            return await _copy(connection, request_id, without_repetitions(chunks))
    except ForeignKeyViolation:
        raise RequestNotFound(request_id) from None
    except (UniqueViolation, FeatureNotSupported):
        # Some are there already, which COPY cannot pass over, or trains are isolated:
        # row-level security knows no COPY.
        batches = (
            chunks[start : start + BATCH] for start in range(0, len(chunks), BATCH)
        )
        return sum([await _insert(connection, request_id, batch) for batch in batches])


async def _copy(
    connection: AsyncConnection[Any],
    request_id: UUID,
    chunks: Sequence[ReceivedChunk],
) -> int:
    now = datetime.now(UTC)
    return await copy_rows(
        connection,
        table="streaming_chunks",
        columns=_COLUMNS,
        rows=(
            (
                request_id,
                chunk.chunk_index,
                chunk.timestamp or now,
                chunk.data,
                chunk.token_count,
            )
            for chunk in chunks
        ),
    )


async def _insert(
    connection: AsyncConnection[Any],
    request_id: UUID,
    chunks: Sequence[ReceivedChunk],
) -> int:
    """Store chunks in one statement; as many as are there already are not counted."""
    given: list[JsonInput] = [
        {
            "chunk_index": chunk.chunk_index,
            "timestamp": chunk.timestamp.isoformat() if chunk.timestamp else None,
            "data": chunk.data,
            "token_count": chunk.token_count,
        }
        for chunk in chunks
    ]
    stored = await queries.create_chunks(
        connection, request_id=request_id, chunks=given
    )
    if not stored.is_known:
        raise RequestNotFound(request_id)
    return stored.new_chunks
