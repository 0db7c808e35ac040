# twin: ../history.py
"""History, decoded: what changed, what a row was, and how long it was so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import unset_if_none
from datalayer.domains.automation.ranges import require_aware
from datalayer.domains.automation.results import (
    Change,
    HistoryPage,
    Period,
    State,
    Tracked,
)
from datalayer.domains.automation.values import decode_fields
from datalayer.queries.aio.automation import execution_history, worker_history
from datalayer.runtime import UNSET, Unset

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection

    from datalayer.queries.automation.execution_history import ExecutionChange
    from datalayer.queries.automation.worker_history import WorkerChange

_MAX_PAGE = 1000


async def search_history(
    connection: AsyncConnection[Any],
    *,
    table: Tracked,
    entity_id: int | None = None,
    entity_ref: str | None = None,
    operation: str | None = None,
    changed_field: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before_seq: int | None = None,
    row_limit: int = 100,
) -> HistoryPage:
    """Return a page of the changes that pass all filters, newest first, decoded.

    `since` and `until` are inclusive. A page has at least 1 and at most 1000 changes;
    give its `next_before_seq` as `before_seq` for the next one.
    """
    search = (
        execution_history.search_execution_history
        if table is Tracked.EXECUTION
        else worker_history.search_worker_history
    )
    rows = await search(
        connection,
        entity_id=unset_if_none(entity_id),
        entity_ref=unset_if_none(entity_ref),
        operation=unset_if_none(operation),
        changed_field=unset_if_none(changed_field),
        since=UNSET if since is None else require_aware("since", since),
        until=UNSET if until is None else require_aware("until", until),
        before_seq=unset_if_none(before_seq),
        row_limit=row_limit,
    )
    is_full = len(rows) >= min(max(row_limit, 1), _MAX_PAGE)
    return HistoryPage(
        changes=tuple(decode_change(row) for row in rows),
        next_before_seq=rows[-1].seq if is_full else None,
    )


async def state_at(
    connection: AsyncConnection[Any],
    *,
    table: Tracked,
    entity_id: int,
    moment: datetime,
) -> State | None:
    """Return an execution or a worker as it was at a moment; None if it was not there.

    Of the changes that share a transaction, and so a time, all count or none. Where the
    beginning is no longer kept the state says what is known: see `State.is_complete`.
    """
    instant = require_aware("moment", moment)
    found = (
        await execution_history.get_execution_state(
            connection, execution_id=entity_id, moment=instant
        )
        if table is Tracked.EXECUTION
        else await worker_history.get_worker_state(
            connection, worker_id=entity_id, moment=instant
        )
    )
    if found is None:
        return None
    return State(
        entity_id=entity_id,
        moment=instant,
        entity_ref=found.entity_ref,
        fields=decode_fields(found.known_fields),
        is_complete=found.is_complete,
        seq=found.seq,
    )


async def timeline(
    connection: AsyncConnection[Any], *, table: Tracked, entity_id: int
) -> tuple[Period, ...]:
    """Return the periods that an execution or a worker spent in a status, oldest first.

    Empty when history keeps nothing of it.
    """
    periods: list[Period] = []
    after_seq: int | Unset = UNSET
    while True:
        page = (
            await execution_history.list_execution_timeline(
                connection, execution_id=entity_id, after_seq=after_seq
            )
            if table is Tracked.EXECUTION
            else await worker_history.list_worker_timeline(
                connection, worker_id=entity_id, after_seq=after_seq
            )
        )
        periods += [
            Period(row.status, row.since, row.until, row.duration) for row in page
        ]
        if len(page) < _MAX_PAGE:
            return tuple(periods)
        after_seq = page[-1].seq


def decode_change(row: ExecutionChange | WorkerChange) -> Change:
    """Return a row of history with its values decoded."""
    return Change(
        seq=row.seq,
        time=row.time,
        txid=int(row.txid),
        operation=row.operation,
        entity_id=row.entity_id,
        entity_ref=row.entity_ref,
        changed_fields=tuple(row.changed_fields),
        old_values=decode_fields(row.old_values),
        new_values=decode_fields(row.new_values),
    )
