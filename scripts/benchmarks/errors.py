"""Why a measurement cannot be made."""

from __future__ import annotations

from datalayer.errors import DataLayerError


class BenchError(DataLayerError):
    """What was asked for does not go here; the help says what does."""
