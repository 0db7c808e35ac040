# Derived by scripts/async_to_sync.py from executions.py; do not edit.
"""Executions: moves that are allowed, what they leave behind, and another try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import unset_if_none
from datalayer.domains.automation.errors import (
    ExecutionNotFound,
    NotRetriable,
    StatusConflict,
    TransitionRefused,
)
from datalayer.domains.automation.values import (
    TRIES,
    JsonNull,
    json_text,
)
from datalayer.queries.automation import execution as executions
from datalayer.queries.enums import ExecutionStatus
from datalayer.runtime import UNSET, Unset

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

    from datalayer.queries.automation.execution import Execution
    from datalayer.runtime import JsonInput

_ENDED_BADLY = {
    ExecutionStatus.ABANDONED,
    ExecutionStatus.FAILED,
    ExecutionStatus.TIMEOUT,
}


def find_execution(
    connection: Connection[Any],
    *,
    execution_id: int,
    created: datetime | None = None,
) -> Execution:
    """Return an execution; raise `ExecutionNotFound` when there is none."""
    found = executions.get_execution(
        connection, execution_id=execution_id, created=unset_if_none(created)
    )
    if found is None:
        raise ExecutionNotFound(execution_id)
    return found


def move_execution(
    connection: Connection[Any],
    *,
    execution_id: int,
    status: ExecutionStatus,
    expected_status: ExecutionStatus | None = None,
    created: datetime | None = None,
) -> Execution:
    """Move an execution to another status, and return it.

    Raises `TransitionRefused` when it may not go there from where it is,
    `StatusConflict` when it is not in `expected_status`, and `ExecutionNotFound`.
    """
    for _ in range(TRIES):
        moved = executions.move_execution_status(
            connection,
            execution_id=execution_id,
            status=status,
            expected_status=unset_if_none(expected_status),
            created=created,
        )
        if moved is not None:
            return moved
    found = find_execution(connection, execution_id=execution_id, created=created)
    if expected_status is not None and found.status != expected_status:
        raise StatusConflict(execution_id, expected_status, found.status)
    raise TransitionRefused(execution_id, found.status, status)


def update_execution(
    connection: Connection[Any],
    *,
    execution_id: int,
    executor: int | Unset | None = UNSET,
    result: JsonInput | JsonNull | Unset = UNSET,
    started_at: datetime | Unset | None = UNSET,
    workflow_task: JsonInput | JsonNull | Unset = UNSET,
    created: datetime | None = None,
) -> Execution:
    """Set what is given and return the execution; raise `ExecutionNotFound`.

    None becomes NULL, and `JSON_NULL` the null of JSON.
    """
    for _ in range(TRIES):
        updated = executions.update_execution(
            connection,
            execution_id=execution_id,
            executor=executor,
            result=json_text(result),
            started_at=started_at,
            workflow_task=json_text(workflow_task),
            created=created,
        )
        if updated is not None:
            return updated
    raise ExecutionNotFound(execution_id)


def retry_execution(
    connection: Connection[Any],
    *,
    execution_id: int,
    retry_reason: str | None = None,
) -> Execution:
    """Request once more what failed, timed out or was abandoned; return the new one.

    It names the old one as `original_execution`. Of two calls at once one gets it.
    Raises `NotRetriable` with the reason, and `ExecutionNotFound`.
    """
    with connection.transaction():
        for _ in range(TRIES):
            locked = executions.lock_execution(connection, execution_id=execution_id)
            if locked is not None:
                break
        retry = executions.create_retry(
            connection, execution_id=execution_id, retry_reason=retry_reason
        )
        if retry is None:
            found = find_execution(connection, execution_id=execution_id)
            raise NotRetriable(execution_id, _reason_against_retry(found))
    return retry


def _reason_against_retry(execution: Execution) -> str:
    if execution.status not in _ENDED_BADLY:
        return f"it is `{execution.status}`"
    if execution.max_retries is None:
        return "it has no `max_retries`"
    if execution.retry_count >= execution.max_retries:
        return f"it was retry {execution.retry_count} of {execution.max_retries}"
    return "it has been retried"
