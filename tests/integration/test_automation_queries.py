"""The queries of events, enforcements and executions, in both profiles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.errors import CheckViolation

from datalayer.queries.automation import enforcement, event, execution
from datalayer.queries.enums import (
    EnforcementCondition,
    EnforcementStatus,
    ExecutionStatus,
)
from datalayer.runtime import Page

pytest_plugins = ["automation_fixtures"]
pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def insert_event(session: Connection, **columns: object) -> int:
    return insert(session, "event", {"trigger_ref": "core.timer", **columns})


def insert_execution(session: Connection, **columns: object) -> int:
    return insert(session, "execution", {"action_ref": "core.echo", **columns})


def insert(session: Connection, table: str, columns: dict[str, object]) -> int:
    names = ", ".join(columns)
    places = ", ".join(["%s"] * len(columns))
    row = session.execute(
        f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING id".encode(),
        list(columns.values()),
    ).fetchone()
    assert row is not None
    return int(row[0])


# Events.


def test_an_event_is_stored_with_all_columns(session: Connection) -> None:
    created = event.create_event(
        session,
        trigger_ref="core.timer",
        trigger=1,
        config={"every": 5},
        payload={"n": [1, None]},
        source=2,
        source_ref="core.clock",
        rule=3,
        rule_ref="core.rule",
    )

    assert event.get_event(session, event_id=created.id) == created
    assert (created.trigger, created.source, created.rule) == (1, 2, 3)
    assert (created.config, created.payload) == ({"every": 5}, {"n": [1, None]})
    assert (created.source_ref, created.rule_ref) == ("core.clock", "core.rule")


def test_an_event_is_found_by_its_id_and_its_partition(session: Connection) -> None:
    old = insert_event(session, created=NOW - 3 * DAY)

    assert event.get_event(session, event_id=old) is not None
    found = event.get_event(session, event_id=old, created=NOW - 3 * DAY)
    assert found is not None
    assert found.created == NOW - 3 * DAY
    assert event.get_event(session, event_id=old, created=NOW) is None
    assert event.get_event(session, event_id=old + 1) is None


def test_events_come_in_pages_newest_first(session: Connection) -> None:
    ids = [insert_event(session, created=NOW - n * DAY) for n in (2, 1, 1, 0)]
    insert_event(session, trigger_ref="core.other")

    first = event.list_events(session, trigger_ref="core.timer", row_limit=2)
    second = event.list_events(
        session, trigger_ref="core.timer", row_limit=5, cursor=first.next
    )

    assert [row.id for row in first.items] == [ids[3], ids[2]]
    assert [row.id for row in second.items] == [ids[1], ids[0]]
    assert second.next is None
    assert len(event.list_events(session).items) == 5


def test_a_searched_text_stands_for_itself(session: Connection) -> None:
    insert_event(session, trigger_ref="x.axb.y")
    for text in ["%", "_", "\\", "'", "a%b", "TIMER", "é"]:
        wanted = insert_event(session, trigger_ref=f"x.{text.lower()}.y")
        other = insert_event(session, rule_ref=f"x.{text.lower()}.y", trigger_ref="z")

        by_trigger = event.search_events(session, trigger_ref=text).items
        by_rule = event.search_events(session, rule_ref=text).items

        assert [row.id for row in by_trigger][-1:] == [wanted], text
        assert [row.id for row in by_rule][-1:] == [other], text
        assert all(text.lower() in row.trigger_ref for row in by_trigger)


def test_events_are_searched_by_trigger_and_source(session: Connection) -> None:
    insert_event(session, trigger=1, source=2)
    both = insert_event(session, trigger=1, source=3)
    insert_event(session, trigger=2, source=3)

    def ids(**filters: Any) -> list[int]:  # noqa: ANN401
        return [row.id for row in event.search_events(session, **filters).items]

    assert ids(trigger=1, source=3) == [both]
    assert len(ids(trigger=1)) == 2
    assert len(ids(source=3, row_limit=1)) == 1
    assert ids(trigger=9) == []


# Enforcements.


def test_an_enforcement_is_stored_and_resolved_once(session: Connection) -> None:
    created = enforcement.create_enforcement(
        session, rule_ref="r", trigger_ref="t", payload={"a": 1}, event=7
    )

    resolved = enforcement.resolve_enforcement(
        session, enforcement_id=created.id, status=EnforcementStatus.PROCESSED
    )
    again = enforcement.resolve_enforcement(
        session, enforcement_id=created.id, status=EnforcementStatus.DISABLED
    )

    assert (created.status, created.resolved_at) == (EnforcementStatus.CREATED, None)
    assert (created.condition, created.conditions) == (EnforcementCondition.ALL, [])
    assert resolved is not None
    assert resolved.status is EnforcementStatus.PROCESSED
    assert resolved.resolved_at is not None
    assert again is None
    assert enforcement.get_enforcement(session, enforcement_id=created.id) == resolved


def test_an_enforcement_is_not_resolved_as_created(session: Connection) -> None:
    created = enforcement.create_enforcement(
        session,
        rule_ref="r",
        trigger_ref="t",
        payload={},
        condition=EnforcementCondition.ANY,
        conditions=[{"x": 1}],
    )

    assert created.conditions == [{"x": 1}]
    assert (
        enforcement.resolve_enforcement(
            session, enforcement_id=created.id, status=EnforcementStatus.CREATED
        )
        is None
    )


def test_created_names_the_partition_of_an_enforcement(session: Connection) -> None:
    columns = {"rule_ref": "r", "trigger_ref": "t", "payload": "{}"}
    old = insert(session, "enforcement", {**columns, "created": NOW - 2 * DAY})

    def resolve(created: datetime) -> enforcement.Enforcement | None:
        return enforcement.resolve_enforcement(
            session,
            enforcement_id=old,
            status=EnforcementStatus.DISABLED,
            created=created,
        )

    assert resolve(NOW) is None
    resolved = resolve(NOW - 2 * DAY)
    assert resolved is not None
    assert resolved.status is EnforcementStatus.DISABLED


def test_enforcements_are_searched(session: Connection) -> None:
    one = enforcement.create_enforcement(
        session, rule_ref="Core.A_b", trigger_ref="t.x", payload={}, rule=1, event=5
    )
    enforcement.create_enforcement(
        session, rule_ref="core.acb", trigger_ref="t.y", payload={}, rule=2, event=5
    )

    def ids(**filters: Any) -> list[int]:  # noqa: ANN401
        found = enforcement.search_enforcements(session, **filters)
        return [row.id for row in found.items]

    assert ids(rule_ref="a_B") == [one.id]
    assert ids(trigger_ref="X") == [one.id]
    assert ids(rule=1) == [one.id]
    assert ids(event=5, status=EnforcementStatus.CREATED) == [one.id + 1, one.id]
    assert ids(status=EnforcementStatus.PROCESSED) == []
    page = enforcement.list_enforcements_by_event(session, event=5, row_limit=1)
    rest = enforcement.list_enforcements_by_event(session, event=5, cursor=page.next)
    assert [row.id for row in page.items + rest.items] == [one.id + 1, one.id]


# Executions.


def test_an_execution_is_stored_with_all_columns(session: Connection) -> None:
    created = execution.create_execution(
        session,
        action_ref="core.echo",
        action=1,
        config={"a": 1},
        env_vars={"B": "c"},
        parent=2,
        enforcement=3,
        executor=4,
        status=ExecutionStatus.SCHEDULED,
        is_workflow=True,
        workflow_def=5,
        workflow_task={"t": 1},
        max_retries=6,
    )

    assert execution.get_execution(session, execution_id=created.id) == created
    assert (created.action, created.parent, created.enforcement) == (1, 2, 3)
    assert (created.executor, created.workflow_def, created.max_retries) == (4, 5, 6)
    assert created.status is ExecutionStatus.SCHEDULED
    assert (created.config, created.env_vars) == ({"a": 1}, {"B": "c"})
    assert (created.is_workflow, created.retry_count) == (True, 0)


def test_an_execution_begins_as_requested(session: Connection) -> None:
    created = execution.create_execution(session, action_ref="core.echo")

    assert created.status is ExecutionStatus.REQUESTED
    assert execution.get_execution(session, execution_id=created.id + 1) is None
    with pytest.raises(CheckViolation):
        execution.create_execution(session, action_ref="core.echo", max_retries=-1)


def test_executions_are_listed_by_what_they_belong_to(session: Connection) -> None:
    ids = [insert_execution(session, parent=1, enforcement=2) for _ in range(3)]
    insert_execution(session, status="running")
    pages: list[Any] = [
        lambda **page: execution.list_executions_by_parent(session, parent=1, **page),
        lambda **page: execution.list_executions_by_enforcement(
            session, enforcement=2, **page
        ),
        lambda **page: execution.list_executions_by_status(
            session, status=ExecutionStatus.REQUESTED, **page
        ),
    ]

    for read in pages:
        first = read(row_limit=2)
        last = read(cursor=first.next)
        assert [row.id for row in first.items + last.items] == ids[::-1]


def test_moves_happen_once_and_only_where_allowed(session: Connection) -> None:
    made = execution.create_execution(session, action_ref="a")

    def move(status: ExecutionStatus, **how: Any) -> execution.Execution | None:  # noqa: ANN401
        return execution.move_execution_status(
            session, execution_id=made.id, status=status, **how
        )

    assert move(ExecutionStatus.RUNNING) is None
    assert move(ExecutionStatus.SCHEDULING, created=made.created - DAY) is None
    expected = {"expected_status": ExecutionStatus.SCHEDULING}
    assert move(ExecutionStatus.CANCELING, **expected) is None
    moved = move(ExecutionStatus.SCHEDULING, created=made.created)
    assert moved is not None
    assert moved.status is ExecutionStatus.SCHEDULING
    assert move(ExecutionStatus.SCHEDULING) is None
    assert move(ExecutionStatus.CANCELING, **expected) is not None


def test_columns_are_set_also_back_to_null(session: Connection) -> None:
    made = execution.create_execution(session, action_ref="a", executor=1)

    def update(**values: Any) -> execution.Execution:  # noqa: ANN401
        found = execution.update_execution(session, execution_id=made.id, **values)
        assert found is not None
        return found

    full = update(executor=2, result="{}", started_at=NOW, workflow_task="[1]")
    assert (full.executor, full.result, full.workflow_task) == (2, {}, [1])
    assert full.started_at == NOW

    same = update()
    assert (same.executor, same.result, same.started_at) == (2, {}, NOW)

    json = update(result="null", workflow_task="null")
    assert (json.result, json.result_is_json_null) == (None, True)
    assert json.workflow_task_is_json_null
    assert json.executor == 2

    empty = update(executor=None, result=None, started_at=None, workflow_task=None)
    assert (empty.executor, empty.result, empty.started_at) == (None, None, None)
    assert not empty.result_is_json_null
    assert not empty.workflow_task_is_json_null
    assert execution.update_execution(session, execution_id=0, executor=1) is None


FILTERS: dict[str, tuple[object, object]] = {
    "status": ("running", "failed"),
    "action": (1, 2),
    "action_ref": ("Pack.A_b%", "pack.axb"),
    "parent": (1, 2),
    "enforcement": (1, None),
    "executor": (1, 2),
    "is_workflow": (True, False),
    "workflow_def": (1, None),
    "original_execution": (1, 2),
}


def test_executions_are_searched_by_each_column(session: Connection) -> None:
    for count, (name, (value, other)) in enumerate(FILTERS.items(), 1):
        ids = [insert_execution(session, **{name: value}) for _ in range(3)]
        insert_execution(session, **{name: other})
        wanted: Any = {name: "a_B%" if name == "action_ref" else value}

        page = execution.search_executions(session, row_limit=2, **wanted)
        rest = execution.search_executions(session, cursor=page.next, **wanted)

        assert [row.id for row in page.items + rest.items] == ids[::-1], name
        assert {row.total for row in page.items + rest.items} == {3}, name
        newest = execution.search_executions(session, row_limit=1)
        assert newest.items[0].total == 4 * count


def test_executions_are_searched_by_time_inclusively(session: Connection) -> None:
    ids = [insert_execution(session, created=NOW - n * DAY) for n in range(4)]

    found = execution.search_executions(session, since=NOW - 2 * DAY, until=NOW - DAY)
    later = execution.search_executions(session, since=NOW + DAY)

    assert [row.id for row in found.items] == ids[1:3]
    assert found.items[0].total == 2
    assert later == Page([], None)


def test_only_what_ended_badly_is_retriable(session: Connection) -> None:
    for status in ExecutionStatus:
        insert_execution(session, status=status)
        insert_execution(session, status=status, max_retries=1, retry_count=1)
        wanted = insert_execution(session, status=status, max_retries=1)
        badly = [wanted] if status in {"failed", "timeout", "abandoned"} else []

        listed = execution.list_retriable_executions(session)
        retry = execution.create_retry(session, execution_id=wanted, retry_reason="why")
        again = execution.create_retry(session, execution_id=wanted)

        assert [row.id for row in listed.items] == badly
        assert (retry is not None) == bool(badly)
        assert again is None
        assert execution.list_retriable_executions(session).items == []
        if retry:
            assert (retry.original_execution, retry.retry_count) == (wanted, 1)
            assert (retry.status, retry.retry_reason) == ("requested", "why")
