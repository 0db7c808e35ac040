"""What the services return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from datalayer.runtime import JsonValue

#: How many patches a chain may have, unless the caller says otherwise.
DEFAULT_MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is at some place of a chain."""

    value: JsonValue
    head_id: UUID
    base_id: UUID
    #: How many patches the chain of the head has; 0 for a base.
    depth: int


@dataclass(frozen=True, slots=True)
class Revision:
    """Where a tag points after a change."""

    artifact_id: UUID
    base_id: UUID
    #: How many patches lie between the base and the artifact.
    depth: int
    #: The hash of the document in canonical form.
    version_hash: str | None
    tag_version: int


@dataclass(frozen=True, slots=True)
class GarbageReport:
    """What a garbage collection looked at and removed."""

    scanned: int
    artifacts: int
    blobs: int
