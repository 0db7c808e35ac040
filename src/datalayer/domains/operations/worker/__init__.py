"""A worker that runs a handler for due jobs."""

from datalayer.domains.operations.worker.attempts import Attempt, Handler, Lease
from datalayer.domains.operations.worker.events import (
    AttemptEnded,
    Log,
    Outcome,
    Reclaimed,
    Reconnected,
    Reconnecting,
    RetentionFailed,
    RetentionRun,
    Started,
    Stopped,
    Stopping,
    WorkerEvent,
)
from datalayer.domains.operations.worker.inbox import Stop
from datalayer.domains.operations.worker.loading import load_handler
from datalayer.domains.operations.worker.settings import WorkerSettings, name_worker
from datalayer.domains.operations.worker.working import run_worker

__all__ = [
    "Attempt",
    "AttemptEnded",
    "Handler",
    "Lease",
    "Log",
    "Outcome",
    "Reclaimed",
    "Reconnected",
    "Reconnecting",
    "RetentionFailed",
    "RetentionRun",
    "Started",
    "Stop",
    "Stopped",
    "Stopping",
    "WorkerEvent",
    "WorkerSettings",
    "load_handler",
    "name_worker",
    "run_worker",
]
