"""Reads what the pages show, from the hourly relations and by index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.dashboard.model import (
    ActionTotals,
    HourlyCount,
    Match,
    Overview,
    WorkerHealth,
)
from datalayer.dashboard.parameters import read_id
from datalayer.domains.arguments import unset_if_none
from datalayer.queries.aio.automation.analytics import (
    list_enforcement_volume_series,
    list_event_volume_series,
    list_execution_status_series,
    list_execution_throughput_series,
)
from datalayer.queries.aio.automation.dashboard import (
    count_dashboard_workers,
    get_dashboard_execution,
    list_dashboard_actions,
    list_dashboard_executions_of_action,
    list_dashboard_workers,
    list_dashboard_workers_named,
)
from datalayer.queries.aio.automation.worker import get_worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datalayer.dashboard.parameters import OverviewRequest
    from datalayer.dashboard.source import ReadConnection
    from datalayer.queries.automation import analytics
    from datalayer.queries.automation.dashboard import (
        DashboardAction,
        DashboardMatch,
        DashboardWorker,
    )


async def read_overview(
    connection: ReadConnection, request: OverviewRequest
) -> Overview:
    """Return what the overview shows; raises `BadParameter` for an empty range."""
    workers = await count_dashboard_workers(connection)
    period = request.period(workers.moment)
    since, until = period.first_hour, period.end_of_last_hour
    action_ref = request.action_ref
    wanted = unset_if_none(action_ref)
    return Overview(
        now=workers.moment,
        period=period,
        action_ref=action_ref,
        executions=_counts(
            await list_execution_throughput_series(
                connection, since=since, until=until, action_ref=wanted
            )
        ),
        transitions=_status_counts(
            await list_execution_status_series(
                connection, since=since, until=until, action_ref=wanted
            )
        ),
        events=_counts(
            await list_event_volume_series(connection, since=since, until=until)
        ),
        enforcements=_counts(
            await list_enforcement_volume_series(connection, since=since, until=until)
        ),
        actions=_actions(
            await list_dashboard_actions(
                connection, since=since, until=until, action_ref=wanted
            )
        ),
        workers=_workers(await list_dashboard_workers(connection)),
        worker_count=workers.total,
        healthy_count=workers.healthy,
    )


async def find_matches(connection: ReadConnection, text: str) -> tuple[Match, ...]:
    """Return the entities with a number or a name, those of the number first."""
    matches: list[Match] = []
    number = read_id(text)
    if number is not None:
        matches += await _by_number(connection, number)
    executions = await list_dashboard_executions_of_action(connection, action_ref=text)
    workers = await list_dashboard_workers_named(connection, part=text)
    found = [*_matches("worker", workers), *_matches("execution", executions)]
    return tuple(matches + [each for each in found if each not in matches])


async def _by_number(connection: ReadConnection, number: int) -> list[Match]:
    matches = []
    execution = await get_dashboard_execution(connection, execution_id=number)
    if execution is not None:
        matches.append(
            Match(
                "execution",
                number,
                execution.action_ref,
                execution.status,
                execution.created,
            )
        )
    worker = await get_worker(connection, worker_id=number)
    if worker is not None:
        matches.append(
            Match("worker", number, worker.name, worker.status, worker.created)
        )
    return matches


def _matches(kind: str, rows: Iterable[DashboardMatch]) -> list[Match]:
    return [Match(kind, row.id, row.name, row.status, row.created) for row in rows]


def _counts(rows: Iterable[analytics.HourlyCount]) -> tuple[HourlyCount, ...]:
    return tuple(HourlyCount(row.bucket, row.total) for row in rows if row.total)


def _status_counts(
    rows: Iterable[analytics.HourlyStatusCount],
) -> tuple[HourlyCount, ...]:
    return tuple(
        HourlyCount(row.bucket, row.total, row.status) for row in rows if row.total
    )


def _actions(rows: Sequence[DashboardAction]) -> tuple[ActionTotals, ...]:
    return tuple(
        ActionTotals(
            action_ref=row.action_ref,
            executions=row.executions,
            completed=row.completed,
            failed=row.failed,
            timeout=row.timed_out,
        )
        for row in rows
    )


def _workers(rows: Sequence[DashboardWorker]) -> tuple[WorkerHealth, ...]:
    return tuple(
        WorkerHealth(
            id=row.id,
            name=row.name,
            worker_role=row.worker_role,
            worker_type=row.worker_type,
            status=row.status,
            last_heartbeat=row.last_heartbeat,
            is_healthy=row.is_healthy,
        )
        for row in rows
    )
