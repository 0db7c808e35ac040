"""What a transfer tells while it works, and in the end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Copying:
    """Rows of a table are under way; `rows` so far."""

    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class TableTransferred:
    """All rows of a table arrived; `rows` and `checksum` are the same on both sides.

    `was_there` tells that an earlier transfer had copied it.
    """

    table: str
    rows: int
    checksum: str
    was_there: bool
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Refreshing:
    """An hourly relation or a materialised view is computed from the rows."""

    relation: str


@dataclass(frozen=True, slots=True)
class RelationTransferred:
    """An hourly relation is complete; `kept` buckets have no raw rows any more."""

    relation: str
    kept: int
    milliseconds: int


TransferEvent = Copying | TableTransferred | Refreshing | RelationTransferred


@dataclass(frozen=True, slots=True)
class TransferReport:
    """What was moved, from which profile to which."""

    source_profile: str
    target_profile: str
    tables: tuple[TableTransferred, ...]
    relations: tuple[RelationTransferred, ...]
