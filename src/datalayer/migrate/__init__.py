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
    Running,
    Waiting,
)
from datalayer.migrate.files import PROFILES
from datalayer.migrate.runner import WAIT, migrate, status
from datalayer.migrate.versions import profiles_of

__all__ = [
    "PROFILES",
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
    "Running",
    "Waiting",
    "migrate",
    "profiles_of",
    "status",
]
