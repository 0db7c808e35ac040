# Derived by scripts/async_to_sync.py from mirror.py; do not edit.
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
from datalayer.queries.operations import mirror

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from datalayer.runtime import JsonInput

#: How many events go in one statement: what is sent again when one of them is bad.
_BATCH = 1000


def append_events(
    connection: Connection[Any], *, events: Sequence[tuple[str, JsonInput]]
) -> AppendReport:
    """Append events, each a type and a payload, to the log, in the order given.

    One that cannot be stored is reported with its position and the reason; all others
    are stored, in one transaction, which is the caller's if there is one.
    """
    encoded, rejected = encode_events(events)
    ids: list[int] = []
    with connection.transaction():
        for start in range(0, len(encoded), _BATCH):
            batch = encoded[start : start + _BATCH]
            ids += _append(connection, batch, rejected)
    rejected.sort(key=lambda event: event.position)
    return AppendReport(tuple(ids), tuple(rejected))


def _append(
    connection: Connection[Any],
    batch: list[EncodedEvent],
    rejected: list[RejectedEvent],
) -> list[int]:
    """Store what can be stored of a batch, by halves if need be; return the ids."""
    try:
        with connection.transaction():
            rows = mirror.append_events(
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
    ids = _append(connection, batch[:middle], rejected)
    return ids + _append(connection, batch[middle:], rejected)
