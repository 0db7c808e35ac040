"""A raw-SQL data layer for PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer import errors
from datalayer.errors import DataLayerError, NoRowError, TooManyRowsError

if TYPE_CHECKING:
    from datalayer.database import Database, open

    __version__: str

__all__ = [
    "DataLayerError",
    "Database",
    "NoRowError",
    "TooManyRowsError",
    "__version__",
    "errors",
    "open",
]


def __getattr__(name: str) -> object:
    """Import what opens databases when it is asked for; generated code needs it not."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - slow to import

        return version("datalayer")
    if name in ("Database", "open"):
        from datalayer import database  # noqa: PLC0415 - the runtime works without

        return getattr(database, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
