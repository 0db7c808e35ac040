"""Deploy time: plain SQL migrations."""

from datalayer.migrate.events import (
    Applied,
    AppliedMigration,
    Applying,
    ComponentStatus,
    Event,
    MigrationReport,
    MigrationStatus,
    Note,
    Notice,
    PendingMigration,
    Retrying,
    Waiting,
)
from datalayer.migrate.runner import WAIT, migrate, status

__all__ = [
    "WAIT",
    "Applied",
    "AppliedMigration",
    "Applying",
    "ComponentStatus",
    "Event",
    "MigrationReport",
    "MigrationStatus",
    "Note",
    "Notice",
    "PendingMigration",
    "Retrying",
    "Waiting",
    "migrate",
    "status",
]
