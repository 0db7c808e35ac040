# twin: ../mirror.py
"""The log of events, which loses none because of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from datalayer.domains.operations.encoding import (
    EncodedEvent,
    encode_events,
    is_fault_of_an_event,
    refusal,
)
from datalayer.domains.operations.results import AppendReport, RejectedEvent
from datalayer.queries.aio.operations import mirror

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

    from datalayer.runtime import JsonInput

#: How many events go in one statement: what is sent again when one of them is bad.
_BATCH = 1000


async def append_events(
    connection: AsyncConnection[Any], *, events: Sequence[tuple[str, JsonInput]]
) -> AppendReport:
    """Append events, each a type and a payload, to the log, in the order given.

    One that cannot be stored is reported with its position and the reason; all others
    are stored, in one transaction, which is the caller's if there is one.
    """
    encoded, rejected = encode_events(events)
    ids: list[int] = []
    async with connection.transaction():
        for start in range(0, len(encoded), _BATCH):
            batch = encoded[start : start + _BATCH]
            ids += await _append(connection, batch, rejected)
    rejected.sort(key=lambda event: event.position)
    return AppendReport(tuple(ids), tuple(rejected))


async def _append(
    connection: AsyncConnection[Any],
    batch: list[EncodedEvent],
    rejected: list[RejectedEvent],
) -> list[int]:
    """Store what can be stored of a batch, by halves if need be; return the ids."""
    try:
        async with connection.transaction():
            rows = await mirror.append_events(
                connection,
                event_types=[event.event_type for event in batch],
                payloads=[event.payload for event in batch],
            )
    # The latter when the connection's encoding lacks a character.
    except (psycopg.Error, UnicodeEncodeError) as error:
        if not is_fault_of_an_event(error):
            raise
        if len(batch) == 1:
            rejected.append(refusal(batch[0], error))
            return []
    else:
        return [row.id for row in rows]
    middle = len(batch) // 2
    ids = await _append(connection, batch[:middle], rejected)
    return ids + await _append(connection, batch[middle:], rejected)
