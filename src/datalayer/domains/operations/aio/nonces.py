# twin: ../nonces.py
"""Nonces, each of which is used once while its message is young."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import check_counts, check_durations, check_texts
from datalayer.domains.operations.errors import NonceReplayed, TimestampOutOfRange
from datalayer.queries.aio.operations import nonce as nonces

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_TOLERANCE = timedelta(minutes=5)
_MILLISECOND = timedelta(milliseconds=1)


async def use_nonce(
    connection: AsyncConnection[Any],
    *,
    nonce: str,
    timestamp_ms: int,
    tolerance: timedelta = _TOLERANCE,
    now_ms: int | None = None,
) -> None:
    """Use the nonce of a message that was sent at a time; refuse it a second time.

    Raises `TimestampOutOfRange` when the server's clock is further than `tolerance`
    away from that time, and `NonceReplayed`. A transaction that is rolled back has not
    used the nonce.
    """
    check_texts(nonce=nonce)
    check_durations(tolerance=tolerance)
    clock_ms = await nonces.get_clock_ms(connection) if now_ms is None else now_ms
    if abs(clock_ms - timestamp_ms) > tolerance // _MILLISECOND:
        raise TimestampOutOfRange(timestamp_ms, clock_ms, tolerance)
    is_first = await nonces.register_nonce(
        connection, nonce=nonce, timestamp_ms=timestamp_ms
    )
    if not is_first:
        raise NonceReplayed(nonce)


async def prune_nonces(
    connection: AsyncConnection[Any], *, before_ms: int, batch_size: int = 1000
) -> int:
    """Forget all nonces older than a time and return how many went.

    Those of exactly that time stay. Each batch is a transaction of its own unless the
    caller has one open.
    """
    check_counts(batch_size=batch_size)
    pruned = 0
    while True:
        async with connection.transaction():
            batch = await nonces.prune_nonces(
                connection, before_ms=before_ms, row_limit=batch_size
            )
        pruned += batch
        if batch < batch_size:
            return pruned
