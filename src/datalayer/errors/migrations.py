"""What can be wrong with migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.errors.problems import DataLayerError, LocatedError

if TYPE_CHECKING:
    from datalayer.location import Location


class MigrationFolderError(DataLayerError):
    """The folder of the migrations does not exist; name one that does."""


class MigrationNameError(LocatedError):
    """A file below the migrations is misnamed or misplaced; rename or move it."""


class MigrationEncodingError(LocatedError):
    """A migration is not UTF-8; save it as UTF-8."""


class EmptyMigrationError(LocatedError):
    """A migration says nothing; a comment that says why is enough."""


class MigrationHeaderError(LocatedError):
    """A line `-- datalayer:` is wrong; correct the key or the value it names."""


class MigrationSyntaxError(LocatedError):
    """A migration cannot be cut into statements; end what was opened."""


class DuplicateVersionError(LocatedError):
    """Two migrations have one version; give one of them the next free number."""


class IncompleteVariantsError(LocatedError):
    """A version lacks the variant of a profile; write one, be it only a comment."""


class ComponentRequirementError(LocatedError):
    """`requires=` names no component, or components require each other."""


class TransactionControlError(LocatedError):
    """A migration begins or ends a transaction; remove that, the runner does it."""


class TransactionOffError(LocatedError):
    """A statement runs only outside a transaction: put it below `transaction=off`."""


class UnsupportedStatementError(LocatedError):
    """A migration contains something that only psql can run; write it as SQL."""


class MigrationDrift(LocatedError):
    """The files no longer tell what was applied: the root of the next three."""


class MigrationEditedError(MigrationDrift):
    """The SQL of an applied migration was changed; restore it and add a new file."""


class MigrationMissingError(MigrationDrift):
    """The file of an applied migration is gone; restore it from version control."""


class LateMigrationError(MigrationDrift):
    """A new file is older than an applied one; renumber it, or allow it."""


class MigrationFailed(LocatedError):
    """PostgreSQL refused a statement of a migration; nothing of its file stays."""

    def __init__(
        self,
        message: str,
        *,
        location: Location,
        excerpt: str = "",
        help: str | None = None,
        sqlstate: str | None = None,
    ) -> None:
        """Keep PostgreSQL's code as well."""
        super().__init__(message, location=location, excerpt=excerpt, help=help)
        self.sqlstate = sqlstate


class MigrationBlocked(MigrationFailed):
    """A migration did not get a lock in many tries; run it in a quiet hour."""


class MigrationHalfApplied(MigrationFailed):
    """A part of a file is applied; correct the cause, and the next run goes on."""


class MigrationLockBusy(DataLayerError):
    """Another runner is at work on the database; wait for it, or wait longer."""


class MigrationLockLost(DataLayerError):
    """The connection that holds the lock broke; run again."""


class LedgerError(DataLayerError):
    """The table `datalayer_migration` cannot be used; grant what the message names."""


class ProfileConflict(DataLayerError):
    """A database keeps the profile it was built with; ask for that one or for none."""


class UnknownComponent(DataLayerError):
    """No folder below the migrations is called so; the help lists those there are."""


class UnknownVersion(DataLayerError):
    """The component has no such version; the help lists those there are."""
