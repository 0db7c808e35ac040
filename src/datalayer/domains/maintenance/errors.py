"""One class for each thing that can go wrong with maintenance."""

from datalayer.errors import DataLayerError


class MaintenanceBusy(DataLayerError):
    """Another session maintains the database; it does what is due, nothing is lost."""


class MaintenanceBlocked(DataLayerError):
    """A lock was not to be had in many tries; run again when long queries ended."""


class MaintenanceMissing(DataLayerError):
    """The database lacks the functions; apply the migrations, or name the schema."""


class MaintenanceFailed(DataLayerError):
    """PostgreSQL refused a step, which was rolled back; the steps before it stay."""
