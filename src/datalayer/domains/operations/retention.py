# Derived by scripts/async_to_sync.py from retention.py; do not edit.
"""Retention: remove what is too old, and what is too much, once a minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict

from psycopg.errors import SerializationFailure

from datalayer.domains.arguments import check_counts, check_times
from datalayer.domains.operations.results import RetentionProgress, RetentionReport
from datalayer.domains.operations.retention_settings import read_retention_settings
from datalayer.queries.operations import retention as queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from datalayer.domains.operations.results import RetentionTask
    from datalayer.domains.operations.retention_settings import RetentionSettings

#: At most one process takes a turn in so much time.
TURN = timedelta(minutes=1)


class _Given(TypedDict):
    row_limit: int
    now: datetime | None


def run_retention(
    connection: Connection[Any],
    *,
    settings: RetentionSettings | None = None,
    batch_size: int = 1000,
    force: bool = False,
    now: datetime | None = None,
    report: Callable[[RetentionProgress], None] | None = None,
) -> RetentionReport | None:
    """Remove old and surplus rows and count them; None when it is not its turn.

    One process has a turn in each minute; with `force` it does not matter whose it is.
    Pending approvals and requests under way stay, and a row that somebody has locked
    stays until next time. Each batch is a transaction of its own unless the caller has
    one open, in which the turn is kept from others until it ends. Without settings the
    environment gives them; raises `InvalidSetting`.
    """
    check_counts(batch_size=batch_size)
    check_times(now=now)
    limits = settings or read_retention_settings()
    if not force and not _take_turn(connection, now):
        return None

    return RetentionReport(
        **{
            task: _delete_all(connection, task, batch, batch_size, report)
            for task, batch in _batches(connection, limits, batch_size, now).items()
        }
    )


def _delete_all(
    connection: Connection[Any],
    task: RetentionTask,
    batch: Callable[[], int],
    size: int,
    report: Callable[[RetentionProgress], None] | None,
) -> int:
    """Delete batch after batch, each in a transaction; return how many rows went."""
    removed = 0
    count = size
    while count == size:
        with connection.transaction():
            count = batch()
        removed += count
        if count and report:
            report(RetentionProgress(task, removed))
    return removed


def _batches(
    connection: Connection[Any],
    limits: RetentionSettings,
    size: int,
    now: datetime | None,
) -> dict[RetentionTask, Callable[[], int]]:
    """Return what deletes one batch of each kind."""
    given: _Given = {"row_limit": size, "now": now}
    return {
        "old_approvals": partial(
            queries.delete_old_approvals,
            connection,
            max_days=limits.approvals_days,
            **given,
        ),
        "surplus_approvals": partial(
            queries.delete_surplus_approvals,
            connection,
            max_rows=limits.max_approvals,
            row_limit=size,
        ),
        "old_idempotency": partial(
            queries.delete_old_idempotency,
            connection,
            max_days=limits.idempotency_days,
            **given,
        ),
        "surplus_idempotency": partial(
            queries.delete_surplus_idempotency,
            connection,
            max_rows=limits.max_idempotency,
            row_limit=size,
        ),
        "old_nonces": partial(
            queries.delete_old_nonces,
            connection,
            max_days=limits.nonces_days,
            **given,
        ),
    }


def _take_turn(connection: Connection[Any], now: datetime | None) -> bool:
    """Take the turn of this minute, unless somebody has it."""
    try:
        with connection.transaction():
            return queries.take_retention_turn(connection, min_interval=TURN, now=now)
    except SerializationFailure:
        # Above READ COMMITTED: somebody took it since the transaction began.
        return False
