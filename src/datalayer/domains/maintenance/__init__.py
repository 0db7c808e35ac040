"""Partitions, hourly relations and retention: do what is due."""

from datalayer.domains.maintenance.maintaining import maintain
from datalayer.domains.maintenance.results import (
    MaintenanceEvent,
    MaintenanceReport,
    Retrying,
    StepBegun,
    StepDone,
)

__all__ = [
    "MaintenanceEvent",
    "MaintenanceReport",
    "Retrying",
    "StepBegun",
    "StepDone",
    "maintain",
]
