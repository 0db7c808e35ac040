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
class Running:
    """A statement begins outside a transaction; `number` counts from 1 to `total`."""

    path: str
    number: int
    total: int


@dataclass(frozen=True, slots=True)
class Retrying:
    """A lock was not to be had in time: what was rolled back is tried again.

    That is all that runs in the transaction of a file, or one statement outside it.
    """

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


Event: TypeAlias = Waiting | Applying | Running | Retrying | Notice | Note | Applied


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
    """A file that the next run applies, or goes on with."""

    version: str
    name: str
    variant: str | None
    path: str
    #: How many statements the file has, and how many of them are applied already.
    statements: int
    statements_done: int
    #: A run ended between its statements, or in one that is outside a transaction.
    half_applied: bool


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

    @property
    def half_applied(self) -> tuple[PendingMigration, ...]:
        """Return the files of which only a part is applied."""
        files = (file for component in self.components for file in component.pending)
        return tuple(file for file in files if file.half_applied)
