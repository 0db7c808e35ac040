"""Move a database to another server or profile, and keep every row."""

from datalayer.migrate.transfer.events import (
    Copying,
    Refreshing,
    RelationTransferred,
    TableTransferred,
    TransferEvent,
    TransferReport,
)
from datalayer.migrate.transfer.transferring import transfer

__all__ = [
    "Copying",
    "Refreshing",
    "RelationTransferred",
    "TableTransferred",
    "TransferEvent",
    "TransferReport",
    "transfer",
]
