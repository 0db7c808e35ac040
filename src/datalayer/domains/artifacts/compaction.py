# Derived by scripts/async_to_sync.py from compaction.py; do not edit.
"""Compaction: a chain becomes a base, and tags move over to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.artifacts.building import count_members
from datalayer.domains.artifacts.canonical import content_id, to_canonical
from datalayer.domains.artifacts.documents import load_document
from datalayer.domains.artifacts.errors import (
    ArtifactNotFound,
    HeadMoved,
    NotACompactedBase,
    NotAPatch,
    TagDiverged,
)
from datalayer.domains.artifacts.results import Revision
from datalayer.domains.artifacts.tags import check_moved, find_tag, find_target
from datalayer.queries.artifacts import blob as blobs
from datalayer.queries.artifacts import compaction as compactions
from datalayer.queries.artifacts import patch_chain as chains
from datalayer.queries.artifacts import tag as tags

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from psycopg import Connection

    from datalayer.queries.artifacts.artifact import Artifact
    from datalayer.queries.artifacts.compaction import CompactedBase
    from datalayer.queries.artifacts.patch_chain import PatchChainMember
    from datalayer.queries.artifacts.tag import Tag


def compact(
    connection: Connection[Any],
    *,
    patch_id: UUID,
    created_by: str | None = None,
) -> CompactedBase:
    """Turn the chain of a patch into a new base with the same document.

    A second call, also one at the same moment, returns the same base. Nothing else
    changes: old heads stay as they are, and tags move by `migrate_tag`.
    """
    base = compactions.find_compacted_base(connection, patch_id=patch_id)
    if base is not None:
        return base
    patch = find_target(connection, patch_id)
    if patch.kind != "patch_set":
        raise NotAPatch(patch_id)
    document = load_document(connection, head_id=patch_id)
    content = to_canonical(document.value)
    with connection.transaction():
        blob = blobs.put_blob(
            connection,
            cas_id=content_id(content),
            media_type="application/json",
            content=content,
        )
        base = compactions.create_compacted_base(
            connection,
            patch_id=patch_id,
            cas_id=blob.cas_id,
            version_hash=blob.cas_id,
            nodes_count=count_members(document.value, "nodes"),
            edges_count=count_members(document.value, "edges"),
            created_by=created_by,
        )
    # Another session was faster.
    base = base or compactions.find_compacted_base(connection, patch_id=patch_id)
    if base is None:
        raise ArtifactNotFound(patch_id)
    return base


def migrate_tag(
    connection: Connection[Any],
    *,
    username: str,
    tag_name: str,
    new_base_id: UUID,
    rebase: bool = False,
    moved_by: str | None = None,
) -> Revision:
    """Move a tag from a patch to the base that the patch was compacted into.

    Patches that arrived after the compacted one refuse that with `HeadMoved`; with
    `rebase` they are appended to the new base, and the tag moves to the last of them.
    A tag that is on the new base already stays where it is.
    """
    with connection.transaction():
        base = find_target(connection, new_base_id)
        if base.compacted_from_id is None:
            raise NotACompactedBase(new_base_id)
        tag = find_tag(connection, username, tag_name)
        target = find_target(connection, tag.target_id)
        if new_base_id in (target.artifact_id, target.base_version):
            return _revision(target, tag.version)
        newer = _newer_patches(connection, tag, base.compacted_from_id)
        if newer and not rebase:
            raise HeadMoved(username, tag_name, len(newer))
        head = _rebase(connection, base, newer)
        change = tags.move_tag(
            connection,
            username=username,
            tag_name=tag_name,
            target_kind=head.kind,
            target_id=head.artifact_id,
            target_hash=head.version_hash,
            expected_version=tag.version,
            moved_by=moved_by or username,
        )
        moved = check_moved(change, username, tag_name, tag.version)
    return _revision(head, moved.version)


def _newer_patches(
    connection: Connection[Any], tag: Tag, compacted_id: UUID
) -> list[PatchChainMember]:
    """Return the patches between what was compacted and the target of a tag."""
    chain = chains.get_patch_chain(connection, head_id=tag.target_id)
    ids = [member.artifact_id for member in chain]
    if compacted_id not in ids:
        raise TagDiverged(tag.username, tag.tag_name, compacted_id)
    return chain[ids.index(compacted_id) + 1 :]


def _rebase(
    connection: Connection[Any],
    base: Artifact,
    patches: Sequence[PatchChainMember],
) -> Artifact:
    """Append patches to a base again and return the last of them, or the base.

    They need no trial: the base holds the document that the first one was made for.
    """
    head_id = base.artifact_id
    for patch in patches:
        appended = chains.append_patch(
            connection,
            follows_id=head_id,
            cas_id=patch.cas_id,
            name=patch.name,
            version_hash=patch.version_hash,
            op_count=patch.op_count,
            nodes_count=patch.nodes_count,
            edges_count=patch.edges_count,
            meta={"rebased_from": str(patch.artifact_id)},
            created_by=patch.created_by,
        )
        if appended is None:
            raise ArtifactNotFound(head_id)
        head_id = appended.artifact_id
    return find_target(connection, head_id) if patches else base


def _revision(target: Artifact, tag_version: int) -> Revision:
    return Revision(
        target.artifact_id,
        target.base_version or target.artifact_id,
        target.depth or 0,
        target.version_hash,
        tag_version,
    )
