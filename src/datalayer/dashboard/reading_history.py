"""Reads the history of one execution or worker, page by page."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from datalayer.dashboard.model import Change, Entity, EntityHistory, Fact, Stay
from datalayer.domains.arguments import unset_if_none
from datalayer.queries.aio.automation.dashboard import (
    count_dashboard_workers,
    get_dashboard_execution,
    list_dashboard_execution_statuses,
    list_dashboard_worker_statuses,
)
from datalayer.queries.aio.automation.execution_history import (
    count_execution_history,
    list_execution_history,
)
from datalayer.queries.aio.automation.worker import get_worker
from datalayer.queries.aio.automation.worker_history import (
    count_worker_history,
    list_worker_history,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from datalayer.dashboard.source import ReadConnection
    from datalayer.queries.automation.dashboard import (
        DashboardExecution,
        DashboardStatus,
    )
    from datalayer.queries.automation.execution_history import ExecutionChange
    from datalayer.queries.automation.worker import Worker
    from datalayer.queries.automation.worker_history import WorkerChange
    from datalayer.runtime.json import JsonValue

PAGE_SIZE = 50
_MOST_STAYS = 40

#: What an execution never leaves again.
_ENDS = {"completed", "failed", "cancelled", "timeout", "abandoned"}


async def read_execution(
    connection: ReadConnection, execution_id: int, before: int | None
) -> EntityHistory | None:
    """Return an execution with a page of its history; None for an unknown one."""
    row = await get_dashboard_execution(connection, execution_id=execution_id)
    changes = await list_execution_history(
        connection,
        execution_id=execution_id,
        before_seq=unset_if_none(before),
        row_limit=PAGE_SIZE + 1,
    )
    count = await count_execution_history(connection, entity_id=execution_id)
    statuses = await list_dashboard_execution_statuses(
        connection, execution_id=execution_id, row_limit=_MOST_STAYS + 1
    )
    if row is None and not count:
        return None
    entity = _execution(row) if row else _gone("execution", execution_id, changes)
    now = (await count_dashboard_workers(connection)).moment
    return _history(entity, now, changes, count, statuses)


async def read_worker(
    connection: ReadConnection, worker_id: int, before: int | None
) -> EntityHistory | None:
    """Return a worker with a page of its history; None for an unknown one."""
    row = await get_worker(connection, worker_id=worker_id)
    changes = await list_worker_history(
        connection,
        worker_id=worker_id,
        before_seq=unset_if_none(before),
        row_limit=PAGE_SIZE + 1,
    )
    count = await count_worker_history(connection, entity_id=worker_id)
    statuses = await list_dashboard_worker_statuses(
        connection, worker_id=worker_id, row_limit=_MOST_STAYS + 1
    )
    if row is None and not count:
        return None
    entity = _worker(row) if row else _gone("worker", worker_id, changes)
    now = (await count_dashboard_workers(connection)).moment
    return _history(entity, now, changes, count, statuses)


def _history(
    entity: Entity,
    now: datetime,
    rows: Sequence[ExecutionChange] | Sequence[WorkerChange],
    count: int,
    statuses: Sequence[DashboardStatus],
) -> EntityHistory:
    page, rest = rows[:PAGE_SIZE], rows[PAGE_SIZE:]
    is_cut = len(statuses) > _MOST_STAYS
    return EntityHistory(
        now=now,
        entity=entity,
        changes=tuple(_change(row) for row in page),
        change_count=count,
        stays=_stays(list(reversed(statuses[:_MOST_STAYS]))),
        stays_note=f"Only the last {_MOST_STAYS} changes of status." if is_cut else "",
        next_before=page[-1].seq if rest else None,
        before_page=rest[0].time if rest else None,
    )


def _stays(statuses: Sequence[DashboardStatus]) -> tuple[Stay, ...]:
    """Return how long each status lasted; an end and a deletion last no time."""
    # `time` is when a transaction began; a later change may belong to an older one.
    moments = list(accumulate((row.time for row in statuses), max))
    stays = []
    for row, since, until in zip(statuses, moments, [*moments[1:], None], strict=True):
        if row.status is not None and not (until is None and row.status in _ENDS):
            stays.append(Stay(row.status, since, until))
    return tuple(stays)


def _change(row: ExecutionChange | WorkerChange) -> Change:
    return Change(
        seq=row.seq,
        time=row.time,
        operation=row.operation,
        entity_ref=row.entity_ref,
        changed_fields=tuple(row.changed_fields),
        old_values=_object(row.old_values),
        new_values=_object(row.new_values),
    )


def _object(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _gone(
    kind: str, number: int, changes: Sequence[ExecutionChange] | Sequence[WorkerChange]
) -> Entity:
    return Entity(kind, number, changes[0].entity_ref if changes else None)


def _execution(row: DashboardExecution) -> Entity:
    retries = f"{row.retry_count}"
    if row.max_retries is not None:
        retries += f" of {row.max_retries}"
    facts = [
        Fact("Created", row.created),
        Fact("Started", row.started_at),
        Fact(
            "Executor", row.executor_name or row.executor, _to("worker", row.executor)
        ),
        Fact("Retries", retries),
        Fact("Enforcement", row.enforcement),
        Fact("Parent", row.parent, _to("execution", row.parent)),
        Fact(
            "Retry of", row.original_execution, _to("execution", row.original_execution)
        ),
        Fact("Retry reason", row.retry_reason),
    ]
    always = {"Created", "Started", "Executor", "Retries"}
    return Entity(
        "execution",
        row.id,
        row.action_ref,
        row.status,
        tuple(f for f in facts if f.value is not None or f.name in always),
    )


def _worker(row: Worker) -> Entity:
    place = row.host if row.port is None else f"{row.host or ''}:{row.port}"
    return Entity(
        "worker",
        row.id,
        row.name,
        row.status,
        (
            Fact("Heartbeat", row.last_heartbeat, tells_age=True),
            Fact("Role", row.worker_role),
            Fact("Type", row.worker_type),
            Fact("Host", place),
            Fact("Registered", row.created),
        ),
    )


def _to(kind: str, number: int | None) -> str | None:
    return None if number is None else f"/{kind}/{number}"
