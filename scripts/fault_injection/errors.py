"""Why the faults cannot be injected."""

from __future__ import annotations

from datalayer.errors import DataLayerError


class ChaosError(DataLayerError):
    """The run cannot go on; the message says what did not happen in time."""
