# twin: test_automation_services_sync.py
"""The services of the automation domain, in both profiles."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from psycopg import AsyncConnection

from datalayer.domains.automation import errors
from datalayer.domains.automation.aio import (
    JSON_NULL,
    Hourly,
    Tracked,
    create_enforcement,
    create_event,
    create_execution,
    dashboard,
    deregister_worker,
    failure_rate,
    find_execution,
    heartbeat,
    move_execution,
    register_worker,
    resolve_enforcement,
    retry_execution,
    search_history,
    series,
    state_at,
    timeline,
    update_execution,
)
from datalayer.queries.automation.execution import Execution
from datalayer.queries.enums import (
    EnforcementStatus,
    ExecutionStatus,
    WorkerRole,
    WorkerStatus,
    WorkerType,
)

pytest_plugins = ["automation_fixtures"]
pytestmark = pytest.mark.postgres

NAIVE = datetime(2026, 1, 1)
MOVES = ["scheduling", "scheduled", "running"]


async def connect(url: str) -> AsyncConnection[Any]:
    return await AsyncConnection.connect(url, autocommit=True)


async def run_until(
    connection: AsyncConnection[Any],
    status: ExecutionStatus,
    *,
    max_retries: int | None = None,
) -> Execution:
    """Request an execution and move it until it is in a status."""
    made = await create_execution(
        connection, action_ref="core.echo", max_retries=max_retries
    )
    for step in [*MOVES, status]:
        made = await move_execution(
            connection, execution_id=made.id, status=ExecutionStatus(step)
        )
    return made


async def test_an_execution_moves_where_it_may(automation_url: str) -> None:
    async with await connect(automation_url) as connection:
        made = await run_until(connection, ExecutionStatus.COMPLETED)

        with pytest.raises(errors.TransitionRefused) as refused:
            await move_execution(
                connection, execution_id=made.id, status=ExecutionStatus.RUNNING
            )
        with pytest.raises(errors.StatusConflict) as conflict:
            await move_execution(
                connection,
                execution_id=made.id,
                status=ExecutionStatus.FAILED,
                expected_status=ExecutionStatus.RUNNING,
            )
        with pytest.raises(errors.ExecutionNotFound):
            await move_execution(
                connection, execution_id=0, status=ExecutionStatus.FAILED
            )

    assert (refused.value.old, refused.value.new) == ("completed", "running")
    assert (conflict.value.expected, conflict.value.found) == ("running", "completed")


async def test_what_is_given_is_set(automation_url: str) -> None:
    async with await connect(automation_url) as connection:
        made = await create_execution(connection, action_ref="a", executor=1)
        where: Any = {"execution_id": made.id}

        some = await update_execution(connection, **where, result={"a": 1})
        null = await update_execution(connection, **where, result=JSON_NULL)
        none = await update_execution(connection, **where, result=None, executor=None)
        task = await update_execution(connection, **where, workflow_task=JSON_NULL)
        with pytest.raises(errors.ExecutionNotFound):
            await update_execution(connection, execution_id=0, executor=1)
        found = await find_execution(connection, execution_id=made.id)

    assert (some.result, some.executor) == ({"a": 1}, 1)
    assert (null.result, null.result_is_json_null) == (None, True)
    assert (none.result, none.result_is_json_null, none.executor) == (None, False, None)
    assert task.workflow_task_is_json_null
    assert found == task


async def test_a_retry_follows_what_ended_badly(automation_url: str) -> None:
    async with await connect(automation_url) as connection:
        failed = await run_until(connection, ExecutionStatus.FAILED, max_retries=1)

        retry = await retry_execution(
            connection, execution_id=failed.id, retry_reason="again"
        )

        assert (retry.original_execution, retry.retry_count) == (failed.id, 1)
        assert (retry.status, retry.action_ref) == ("requested", "core.echo")
        with pytest.raises(errors.NotRetriable, match="has been retried"):
            await retry_execution(connection, execution_id=failed.id)
        with pytest.raises(errors.NotRetriable, match="it is `requested`"):
            await retry_execution(connection, execution_id=retry.id)
        for step in [*MOVES, "timeout"]:
            await move_execution(
                connection, execution_id=retry.id, status=ExecutionStatus(step)
            )
        with pytest.raises(errors.NotRetriable, match="retry 1 of 1"):
            await retry_execution(connection, execution_id=retry.id)
        other = await run_until(connection, ExecutionStatus.ABANDONED)
        with pytest.raises(errors.NotRetriable, match="no `max_retries`"):
            await retry_execution(connection, execution_id=other.id)
        with pytest.raises(errors.ExecutionNotFound):
            await retry_execution(connection, execution_id=0)


async def test_an_enforcement_is_resolved_once(automation_url: str) -> None:
    async with await connect(automation_url) as connection:
        made = await create_enforcement(
            connection, rule_ref="r", trigger_ref="t", payload={}
        )

        with pytest.raises(errors.NotAResolution):
            await resolve_enforcement(
                connection, enforcement_id=made.id, status=EnforcementStatus.CREATED
            )
        resolved = await resolve_enforcement(connection, enforcement_id=made.id)
        with pytest.raises(errors.AlreadyResolved) as again:
            await resolve_enforcement(
                connection, enforcement_id=made.id, status=EnforcementStatus.DISABLED
            )
        with pytest.raises(errors.EnforcementNotFound):
            await resolve_enforcement(connection, enforcement_id=0)

    assert resolved.status is EnforcementStatus.PROCESSED
    assert again.value.status is EnforcementStatus.PROCESSED
    assert again.value.resolved_at == resolved.resolved_at


async def test_a_worker_comes_and_goes(automation_url: str) -> None:
    async with await connect(automation_url) as connection:
        made = await register_worker(
            connection,
            name="w",
            worker_type=WorkerType.CONTAINER,
            worker_role=WorkerRole.HYBRID,
        )
        heard = await heartbeat(connection, worker_id=made.id)
        gone = await deregister_worker(connection, worker_id=made.id)
        with pytest.raises(errors.WorkerNotFound):
            await heartbeat(connection, worker_id=0)
        with pytest.raises(errors.WorkerNotFound):
            await deregister_worker(connection, worker_id=0)

        periods = await timeline(connection, table=Tracked.WORKER, entity_id=made.id)

    assert made.last_heartbeat is not None
    assert heard >= made.last_heartbeat
    assert gone.status is WorkerStatus.INACTIVE
    assert [period.status for period in periods] == ["active", "inactive"]


async def test_history_is_searched_and_decoded(automation_url: str) -> None:
    async with await connect(automation_url) as connection:
        made = await create_execution(connection, action_ref="a")
        where: Any = {"execution_id": made.id}
        await update_execution(connection, **where, workflow_task=JSON_NULL)
        await update_execution(connection, **where, workflow_task=None)

        page = await search_history(
            connection, table=Tracked.EXECUTION, entity_id=made.id, row_limit=2
        )
        rest = await search_history(
            connection,
            table=Tracked.EXECUTION,
            before_seq=page.next_before_seq,
            row_limit=2,
        )
        workers = await search_history(connection, table=Tracked.WORKER)
        with pytest.raises(errors.NaiveTime):
            await search_history(connection, table=Tracked.WORKER, since=NAIVE)

    to_null, to_json = page.changes
    assert to_null.new_values == {"workflow_task": None}
    assert to_null.old_values == {"workflow_task": JSON_NULL}
    assert to_json.new_values == {"workflow_task": JSON_NULL}
    assert to_json.changed_fields == ("workflow_task",)
    assert page.next_before_seq == to_json.seq
    assert [change.operation for change in rest.changes] == ["INSERT"]
    assert rest.next_before_seq is None
    assert rest.changes[0].txid > 0
    assert workers.changes == ()


async def test_a_state_is_decoded(automation_url: str) -> None:
    async with await connect(automation_url) as connection:
        made = await create_execution(connection, action_ref="a")
        changed = await update_execution(
            connection, execution_id=made.id, workflow_task=JSON_NULL
        )
        where: Any = {"table": Tracked.EXECUTION, "entity_id": made.id}

        before = await state_at(connection, **where, moment=made.created)
        after = await state_at(connection, **where, moment=changed.updated)
        never = await state_at(
            connection, **where, moment=made.created - timedelta(microseconds=1)
        )
        with pytest.raises(errors.NaiveTime):
            await state_at(connection, **where, moment=NAIVE)

    assert never is None
    assert before is not None
    assert after is not None
    assert before.fields["workflow_task"] is None
    assert after.fields["workflow_task"] is JSON_NULL
    assert (after.is_complete, after.entity_ref) == (True, "a")
    assert (after.fields["status"], after.fields["result"]) == ("requested", None)


async def test_a_long_timeline_is_read_to_its_end(automation_url: str) -> None:
    async with await connect(automation_url) as connection:
        await connection.execute(
            """
            INSERT INTO worker_history (
                time, operation, entity_id, entity_ref, changed_fields, old_values,
                new_values
            )
            SELECT
                timestamptz '2026-03-01 00:00+00' + n * interval '1 s', 'UPDATE', 1,
                'w', '{status}', '{"status": "busy"}', '{"status": "busy"}'
            FROM generate_series(1, 2500) AS n
            """
        )

        periods = await timeline(connection, table=Tracked.WORKER, entity_id=1)

    assert len(periods) == 2501
    assert periods[0].since is None
    assert periods[-1].until is None
    assert all(one.until == two.since for one, two in pairwise(periods))


async def test_a_range_is_counted_with_whole_hours(automation_url: str) -> None:
    async with await connect(automation_url) as connection:
        await create_event(connection, trigger_ref="t")
        await run_until(connection, ExecutionStatus.COMPLETED)
        await run_until(connection, ExecutionStatus.FAILED)

        board = await dashboard(connection, hours=2)
        rate = await failure_rate(connection, action_ref="core.echo")
        events = await series(connection, relation=Hourly.EVENT_VOLUME, hours=3)
        ends = await series(
            connection, relation=Hourly.EXECUTION_STATUS, ref="core.echo"
        )
        with pytest.raises(errors.RangeReversed):
            await dashboard(connection, since=datetime.now(UTC) + timedelta(hours=1))

    assert (board.requested, board.started, board.events) == (2, 2, 1)
    assert (board.failure.rate, rate.rate, rate.failed) == (0.5, 0.5, 1)
    assert len(board.hours) == board.range.hours
    assert [point.status for point in events.points] == [None] * events.range.hours
    assert sum(point.total for point in events.points) == 1
    completed = [p.total for p in ends.points if p.status == "completed"]
    assert (len(completed), sum(completed)) == (ends.range.hours, 1)


@pytest.mark.parametrize("relation", Hourly)
async def test_every_relation_has_a_series(native_url: str, relation: Hourly) -> None:
    async with await connect(native_url) as connection:
        found = await series(connection, relation=relation, ref="-", hours=1)

    assert found.relation is relation
    assert {point.total for point in found.points} <= {0}
