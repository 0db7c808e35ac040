"""One class for each thing that can go wrong with events, executions and workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.domains.errors import NaiveTime as NaiveTime
from datalayer.errors import DataLayerError

if TYPE_CHECKING:
    from datetime import datetime

    from datalayer.queries.enums import EnforcementStatus, ExecutionStatus


class RangeReversed(DataLayerError):
    """The range ends before it begins; swap `since` and `until`, or correct one."""

    def __init__(self, since: datetime, until: datetime) -> None:
        """Keep both ends."""
        super().__init__(
            f"since {since.isoformat()} is after until {until.isoformat()}"
        )
        self.since = since
        self.until = until


class ExecutionNotFound(DataLayerError):
    """No execution has that id: never requested, or its time of retention is over."""

    def __init__(self, execution_id: int) -> None:
        """Keep the id."""
        super().__init__(f"no execution {execution_id}")
        self.execution_id = execution_id


class TransitionRefused(DataLayerError):
    """An execution may not go from its status to that one; see the table of moves."""

    def __init__(
        self, execution_id: int, old: ExecutionStatus, new: ExecutionStatus
    ) -> None:
        """Keep the execution, the status it is in and the one it was to get."""
        super().__init__(
            f"execution {execution_id} is `{old}` and did not move to `{new}`"
        )
        self.execution_id = execution_id
        self.old = old
        self.new = new


class StatusConflict(DataLayerError):
    """Someone moved the execution first; read it again, and decide anew."""

    def __init__(
        self, execution_id: int, expected: ExecutionStatus, found: ExecutionStatus
    ) -> None:
        """Keep the execution, the status that was expected and the one it is in."""
        super().__init__(
            f"execution {execution_id} is `{found}`, not `{expected}`",
            help="read the execution again and repeat the change",
        )
        self.execution_id = execution_id
        self.expected = expected
        self.found = found


class NotRetriable(DataLayerError):
    """The execution is not to be tried again; the message says why."""

    def __init__(self, execution_id: int, reason: str) -> None:
        """Keep the execution and the reason."""
        super().__init__(f"execution {execution_id} is not retriable: {reason}")
        self.execution_id = execution_id
        self.reason = reason


class EnforcementNotFound(DataLayerError):
    """No enforcement has that id: never created, or its time of retention is over."""

    def __init__(self, enforcement_id: int) -> None:
        """Keep the id."""
        super().__init__(f"no enforcement {enforcement_id}")
        self.enforcement_id = enforcement_id


class AlreadyResolved(DataLayerError):
    """The enforcement was resolved before, which happens once; leave it as it is."""

    def __init__(
        self,
        enforcement_id: int,
        status: EnforcementStatus,
        resolved_at: datetime | None,
    ) -> None:
        """Keep the enforcement, as what it was resolved, and when."""
        super().__init__(f"enforcement {enforcement_id} is `{status}` already")
        self.enforcement_id = enforcement_id
        self.status = status
        self.resolved_at = resolved_at


class NotAResolution(DataLayerError):
    """An enforcement is resolved as `processed` or `disabled`; pass one of the two."""

    def __init__(self, status: EnforcementStatus) -> None:
        """Keep the status."""
        super().__init__(
            f"`{status}` resolves nothing", help="pass `processed` or `disabled`"
        )
        self.status = status


class WorkerNotFound(DataLayerError):
    """No worker has that id; register it."""

    def __init__(self, worker_id: int) -> None:
        """Keep the id."""
        super().__init__(f"no worker {worker_id}")
        self.worker_id = worker_id
