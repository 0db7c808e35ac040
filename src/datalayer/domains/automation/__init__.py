# Derived by scripts/async_to_sync.py from __init__.py; do not edit.
"""Events, enforcements, executions and workers: moves, history and hourly counts."""

from datalayer.domains.automation.analytics import dashboard, failure_rate, series
from datalayer.domains.automation.enforcements import resolve_enforcement
from datalayer.domains.automation.executions import (
    find_execution,
    move_execution,
    retry_execution,
    update_execution,
)
from datalayer.domains.automation.history import search_history, state_at, timeline
from datalayer.domains.automation.ranges import TimeRange, resolve_range
from datalayer.domains.automation.results import (
    Change,
    Dashboard,
    FailureReport,
    HistoryPage,
    Hourly,
    Period,
    Point,
    Series,
    State,
    Tracked,
)
from datalayer.domains.automation.values import (
    JSON_NULL,
    JsonNull,
    RecordedValue,
)
from datalayer.domains.automation.workers import (
    deregister_worker,
    heartbeat,
    register_worker,
)
from datalayer.queries.automation.enforcement import create_enforcement
from datalayer.queries.automation.event import create_event
from datalayer.queries.automation.execution import create_execution

__all__ = [
    "JSON_NULL",
    "Change",
    "Dashboard",
    "FailureReport",
    "HistoryPage",
    "Hourly",
    "JsonNull",
    "Period",
    "Point",
    "RecordedValue",
    "Series",
    "State",
    "TimeRange",
    "Tracked",
    "create_enforcement",
    "create_event",
    "create_execution",
    "dashboard",
    "deregister_worker",
    "failure_rate",
    "find_execution",
    "heartbeat",
    "move_execution",
    "register_worker",
    "resolve_enforcement",
    "resolve_range",
    "retry_execution",
    "search_history",
    "series",
    "state_at",
    "timeline",
    "update_execution",
]
