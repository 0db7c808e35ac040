"""Build a document from the parts that are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.domains.artifacts.canonical import parse_json
from datalayer.domains.artifacts.errors import (
    ArtifactNotFound,
    ChainBroken,
    ContentElsewhere,
    SeqOutOfRange,
)
from datalayer.domains.artifacts.patching import apply_patch
from datalayer.domains.artifacts.results import Document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from datalayer.queries.artifacts.patch_chain import DocumentPart
    from datalayer.runtime import JsonValue


def build_document(
    head_id: UUID, parts: Sequence[DocumentPart], seq: int | None
) -> Document:
    """Apply the patches among the parts to the base among them."""
    if not parts:
        raise ArtifactNotFound(head_id)
    depth = parts[0].head_depth
    last = depth if seq is None else seq
    if not 0 <= last <= depth:
        raise SeqOutOfRange(head_id, last, depth)
    if [part.seq for part in parts] != list(range(last + 1)):
        raise ChainBroken(head_id, f"it is not the base and patches 1 to {last}")
    value = _content(parts[0])
    for part in parts[1:]:
        value = apply_patch(value, _content(part))
    return Document(value, head_id, parts[0].artifact_id, depth)


def count_members(value: JsonValue, name: str) -> int | None:
    """Return how many `nodes` or `edges` a document has; None without such a list."""
    members = value.get(name) if isinstance(value, dict) else None
    return len(members) if isinstance(members, (dict, list)) else None


def _content(part: DocumentPart) -> JsonValue:
    if part.content is None:
        raise ContentElsewhere(part.cas_id, part.storage_url or "an unknown place")
    return parse_json(part.content)
