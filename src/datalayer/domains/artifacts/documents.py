# Derived by scripts/async_to_sync.py from documents.py; do not edit.
"""Documents as they are at any place of a chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import unset_if_none
from datalayer.domains.artifacts.building import build_document
from datalayer.queries.artifacts.patch_chain import list_document_parts

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection

    from datalayer.domains.artifacts.results import Document
    from datalayer.runtime import JsonValue


def materialise(connection: Connection[Any], *, head_id: UUID) -> JsonValue:
    """Return the document of a base or a patch, in one round trip."""
    document = load_document(connection, head_id=head_id)
    return document.value


def materialise_at(
    connection: Connection[Any], *, head_id: UUID, seq: int
) -> JsonValue:
    """Return the document of a head after its first `seq` patches; 0 is the base.

    Raises `SeqOutOfRange` for a place that the chain does not have.
    """
    document = load_document(connection, head_id=head_id, seq=seq)
    return document.value


def load_document(
    connection: Connection[Any], *, head_id: UUID, seq: int | None = None
) -> Document:
    """Return the document of a head with what its chain is.

    Raises `ArtifactNotFound` when `head_id` names neither a base nor a patch.
    """
    parts = list_document_parts(
        connection, head_id=head_id, last_seq=unset_if_none(seq)
    )
    return build_document(head_id, parts, seq)
