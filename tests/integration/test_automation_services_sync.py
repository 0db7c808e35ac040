# Derived by scripts/async_to_sync.py from test_automation_services_aio.py; do not edit.
"""The services of the automation domain, in both profiles."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from psycopg import Connection

from datalayer.domains.automation import (
    JSON_NULL,
    Hourly,
    Tracked,
    create_enforcement,
    create_event,
    create_execution,
    dashboard,
    deregister_worker,
    errors,
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


def connect(url: str) -> Connection[Any]:
    return Connection.connect(url, autocommit=True)


def run_until(
    connection: Connection[Any],
    status: ExecutionStatus,
    *,
    max_retries: int | None = None,
) -> Execution:
    """Request an execution and move it until it is in a status."""
    made = create_execution(connection, action_ref="core.echo", max_retries=max_retries)
    for step in [*MOVES, status]:
        made = move_execution(
            connection, execution_id=made.id, status=ExecutionStatus(step)
        )
    return made


def test_an_execution_moves_where_it_may(automation_url: str) -> None:
    with connect(automation_url) as connection:
        made = run_until(connection, ExecutionStatus.COMPLETED)

        with pytest.raises(errors.TransitionRefused) as refused:
            move_execution(
                connection, execution_id=made.id, status=ExecutionStatus.RUNNING
            )
        with pytest.raises(errors.StatusConflict) as conflict:
            move_execution(
                connection,
                execution_id=made.id,
                status=ExecutionStatus.FAILED,
                expected_status=ExecutionStatus.RUNNING,
            )
        with pytest.raises(errors.ExecutionNotFound):
            move_execution(connection, execution_id=0, status=ExecutionStatus.FAILED)

    assert (refused.value.old, refused.value.new) == ("completed", "running")
    assert (conflict.value.expected, conflict.value.found) == ("running", "completed")


def test_what_is_given_is_set(automation_url: str) -> None:
    with connect(automation_url) as connection:
        made = create_execution(connection, action_ref="a", executor=1)
        where: Any = {"execution_id": made.id}

        some = update_execution(connection, **where, result={"a": 1})
        null = update_execution(connection, **where, result=JSON_NULL)
        none = update_execution(connection, **where, result=None, executor=None)
        task = update_execution(connection, **where, workflow_task=JSON_NULL)
        with pytest.raises(errors.ExecutionNotFound):
            update_execution(connection, execution_id=0, executor=1)
        found = find_execution(connection, execution_id=made.id)

    assert (some.result, some.executor) == ({"a": 1}, 1)
    assert (null.result, null.result_is_json_null) == (None, True)
    assert (none.result, none.result_is_json_null, none.executor) == (None, False, None)
    assert task.workflow_task_is_json_null
    assert found == task


def test_a_retry_follows_what_ended_badly(automation_url: str) -> None:
    with connect(automation_url) as connection:
        failed = run_until(connection, ExecutionStatus.FAILED, max_retries=1)

        retry = retry_execution(
            connection, execution_id=failed.id, retry_reason="again"
        )

        assert (retry.original_execution, retry.retry_count) == (failed.id, 1)
        assert (retry.status, retry.action_ref) == ("requested", "core.echo")
        with pytest.raises(errors.NotRetriable, match="has been retried"):
            retry_execution(connection, execution_id=failed.id)
        with pytest.raises(errors.NotRetriable, match="it is `requested`"):
            retry_execution(connection, execution_id=retry.id)
        for step in [*MOVES, "timeout"]:
            move_execution(
                connection, execution_id=retry.id, status=ExecutionStatus(step)
            )
        with pytest.raises(errors.NotRetriable, match="retry 1 of 1"):
            retry_execution(connection, execution_id=retry.id)
        other = run_until(connection, ExecutionStatus.ABANDONED)
        with pytest.raises(errors.NotRetriable, match="no `max_retries`"):
            retry_execution(connection, execution_id=other.id)
        with pytest.raises(errors.ExecutionNotFound):
            retry_execution(connection, execution_id=0)


def test_an_enforcement_is_resolved_once(automation_url: str) -> None:
    with connect(automation_url) as connection:
        made = create_enforcement(connection, rule_ref="r", trigger_ref="t", payload={})

        with pytest.raises(errors.NotAResolution):
            resolve_enforcement(
                connection, enforcement_id=made.id, status=EnforcementStatus.CREATED
            )
        resolved = resolve_enforcement(connection, enforcement_id=made.id)
        with pytest.raises(errors.AlreadyResolved) as again:
            resolve_enforcement(
                connection, enforcement_id=made.id, status=EnforcementStatus.DISABLED
            )
        with pytest.raises(errors.EnforcementNotFound):
            resolve_enforcement(connection, enforcement_id=0)

    assert resolved.status is EnforcementStatus.PROCESSED
    assert again.value.status is EnforcementStatus.PROCESSED
    assert again.value.resolved_at == resolved.resolved_at


def test_a_worker_comes_and_goes(automation_url: str) -> None:
    with connect(automation_url) as connection:
        made = register_worker(
            connection,
            name="w",
            worker_type=WorkerType.CONTAINER,
            worker_role=WorkerRole.HYBRID,
        )
        heard = heartbeat(connection, worker_id=made.id)
        gone = deregister_worker(connection, worker_id=made.id)
        with pytest.raises(errors.WorkerNotFound):
            heartbeat(connection, worker_id=0)
        with pytest.raises(errors.WorkerNotFound):
            deregister_worker(connection, worker_id=0)

        periods = timeline(connection, table=Tracked.WORKER, entity_id=made.id)

    assert made.last_heartbeat is not None
    assert heard >= made.last_heartbeat
    assert gone.status is WorkerStatus.INACTIVE
    assert [period.status for period in periods] == ["active", "inactive"]


def test_history_is_searched_and_decoded(automation_url: str) -> None:
    with connect(automation_url) as connection:
        made = create_execution(connection, action_ref="a")
        where: Any = {"execution_id": made.id}
        update_execution(connection, **where, workflow_task=JSON_NULL)
        update_execution(connection, **where, workflow_task=None)

        page = search_history(
            connection, table=Tracked.EXECUTION, entity_id=made.id, row_limit=2
        )
        rest = search_history(
            connection,
            table=Tracked.EXECUTION,
            before_seq=page.next_before_seq,
            row_limit=2,
        )
        workers = search_history(connection, table=Tracked.WORKER)
        with pytest.raises(errors.NaiveTime):
            search_history(connection, table=Tracked.WORKER, since=NAIVE)

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


def test_a_state_is_decoded(automation_url: str) -> None:
    with connect(automation_url) as connection:
        made = create_execution(connection, action_ref="a")
        changed = update_execution(
            connection, execution_id=made.id, workflow_task=JSON_NULL
        )
        where: Any = {"table": Tracked.EXECUTION, "entity_id": made.id}

        before = state_at(connection, **where, moment=made.created)
        after = state_at(connection, **where, moment=changed.updated)
        never = state_at(
            connection, **where, moment=made.created - timedelta(microseconds=1)
        )
        with pytest.raises(errors.NaiveTime):
            state_at(connection, **where, moment=NAIVE)

    assert never is None
    assert before is not None
    assert after is not None
    assert before.fields["workflow_task"] is None
    assert after.fields["workflow_task"] is JSON_NULL
    assert (after.is_complete, after.entity_ref) == (True, "a")
    assert (after.fields["status"], after.fields["result"]) == ("requested", None)


def test_a_long_timeline_is_read_to_its_end(automation_url: str) -> None:
    with connect(automation_url) as connection:
        connection.execute(
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

        periods = timeline(connection, table=Tracked.WORKER, entity_id=1)

    assert len(periods) == 2501
    assert periods[0].since is None
    assert periods[-1].until is None
    assert all(one.until == two.since for one, two in pairwise(periods))


def test_a_range_is_counted_with_whole_hours(automation_url: str) -> None:
    with connect(automation_url) as connection:
        create_event(connection, trigger_ref="t")
        run_until(connection, ExecutionStatus.COMPLETED)
        run_until(connection, ExecutionStatus.FAILED)

        board = dashboard(connection, hours=2)
        rate = failure_rate(connection, action_ref="core.echo")
        events = series(connection, relation=Hourly.EVENT_VOLUME, hours=3)
        ends = series(connection, relation=Hourly.EXECUTION_STATUS, ref="core.echo")
        with pytest.raises(errors.RangeReversed):
            dashboard(connection, since=datetime.now(UTC) + timedelta(hours=1))

    assert (board.requested, board.started, board.events) == (2, 2, 1)
    assert (board.failure.rate, rate.rate, rate.failed) == (0.5, 0.5, 1)
    assert len(board.hours) == board.range.hours
    assert [point.status for point in events.points] == [None] * events.range.hours
    assert sum(point.total for point in events.points) == 1
    completed = [p.total for p in ends.points if p.status == "completed"]
    assert (len(completed), sum(completed)) == (ends.range.hours, 1)


@pytest.mark.parametrize("relation", Hourly)
def test_every_relation_has_a_series(native_url: str, relation: Hourly) -> None:
    with connect(native_url) as connection:
        found = series(connection, relation=relation, ref="-", hours=1)

    assert found.relation is relation
    assert {point.total for point in found.points} <= {0}
