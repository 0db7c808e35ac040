"""One class for each thing that can go wrong with the move of a database."""

from datalayer.errors import DataLayerError


class TransferMismatch(DataLayerError):
    """The databases differ in migrations, tables or columns; bring both to the same."""


class TransferTargetOccupied(DataLayerError):
    """The target has rows of its own; name an empty database."""


class TransferUnequal(DataLayerError):
    """A table did not arrive as it left; nothing was kept, and the table is named."""


class TransferFailed(DataLayerError):
    """PostgreSQL refused something; the target is empty still, or run again."""
