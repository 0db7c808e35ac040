"""What a run tells while it goes on, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

    from datalayer.errors import LocatedError


@dataclass(frozen=True, slots=True)
class Waiting:
    """Another runner holds the lock; told once for each holder."""

    holder: str


@dataclass(frozen=True, slots=True)
class Applying:
    """A file begins; `position` counts from 1 to `total`."""

    path: str
    component: str
    version: str
    position: int
    total: int


@dataclass(frozen=True, slots=True)
class Retrying:
    """A lock was not to be had in time: the whole file is tried again."""

    path: str
    attempt: int
    delay: float
    reason: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What a migration raised with NOTICE, WARNING or the like."""

    path: str
    severity: str
    message: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that is in order and yet worth knowing."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Applied:
    """A file is done: applied and recorded."""

    path: str
    component: str
    version: str
    name: str
    variant: str | None
    milliseconds: int
    tries: int


Event: TypeAlias = Waiting | Applying | Retrying | Notice | Note | Applied


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What one run did."""

    profile: str
    applied: tuple[Applied, ...]
    notices: tuple[Notice, ...]
    notes: tuple[Note, ...]
    #: How many files had been applied before.
    already_applied: int


@dataclass(frozen=True, slots=True)
class AppliedMigration:
    """A file that the ledger records."""

    version: str
    name: str
    variant: str | None
    applied_by: str
    applied_at: datetime
    milliseconds: int


@dataclass(frozen=True, slots=True)
class PendingMigration:
    """A file that the next run applies."""

    version: str
    name: str
    variant: str | None
    path: str


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    """How far one component has come."""

    component: str
    applied: tuple[AppliedMigration, ...]
    pending: tuple[PendingMigration, ...]


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """How far a database has come, and what is wrong."""

    profile: str
    components: tuple[ComponentStatus, ...]
    notes: tuple[Note, ...]
    problems: tuple[LocatedError, ...]

    @property
    def pending(self) -> int:
        """Return how many files the next run applies."""
        return sum(len(component.pending) for component in self.components)
