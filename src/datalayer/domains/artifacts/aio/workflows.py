# twin: ../workflows.py
"""Workflows: a base that a tag names, and the patches that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from datalayer.domains.artifacts.aio.documents import load_document
from datalayer.domains.artifacts.aio.tags import check_moved, find_tag
from datalayer.domains.artifacts.building import count_members
from datalayer.domains.artifacts.canonical import (
    content_id,
    parse_json,
    to_canonical,
)
from datalayer.domains.artifacts.errors import (
    DepthExceeded,
    TagConflict,
    TagExists,
)
from datalayer.domains.artifacts.patching import apply_patch
from datalayer.domains.artifacts.results import DEFAULT_MAX_DEPTH, Revision
from datalayer.queries.aio.artifacts import artifact as artifacts
from datalayer.queries.aio.artifacts import blob as blobs
from datalayer.queries.aio.artifacts import patch_chain as chains
from datalayer.queries.aio.artifacts import tag as tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import AsyncConnection

    from datalayer.queries.artifacts.patch_chain import Patch
    from datalayer.queries.artifacts.tag import Tag
    from datalayer.runtime import JsonInput


async def create_workflow(
    connection: AsyncConnection[Any],
    *,
    username: str,
    tag_name: str,
    document: JsonInput,
    name: str | None = None,
    created_by: str | None = None,
) -> Revision:
    """Store a document as a base and create a tag on it.

    Raises `TagExists` when the user has that tag, and then stores nothing.
    """
    content = to_canonical(document)
    value = parse_json(content)
    author = created_by or username
    try:
        async with connection.transaction():
            version_hash = await _put(connection, content, "application/json")
            base = await artifacts.create_artifact(
                connection,
                kind="dag_version",
                cas_id=version_hash,
                name=name,
                version_hash=version_hash,
                depth=0,
                nodes_count=count_members(value, "nodes"),
                edges_count=count_members(value, "edges"),
                created_by=author,
            )
            await tags.create_tag(
                connection,
                username=username,
                tag_name=tag_name,
                target_kind="dag_version",
                target_id=base.artifact_id,
                target_hash=version_hash,
                created_by=author,
            )
    except UniqueViolation as error:
        raise TagExists(username, tag_name) from error
    return Revision(base.artifact_id, base.artifact_id, 0, version_hash, 1)


async def create_patch(
    connection: AsyncConnection[Any],
    *,
    username: str,
    tag_name: str,
    operations: Sequence[Mapping[str, JsonInput]],
    name: str | None = None,
    expected_version: int | None = None,
    created_by: str | None = None,
    max_depth: int = DEFAULT_MAX_DEPTH,
) -> Revision:
    """Append a patch to what a tag points at and move the tag to it.

    All or nothing: `PatchFailed` when the patch does not apply, `DepthExceeded` when
    the chain is full, `TagConflict` when someone moved the tag meanwhile, or when it
    is not at `expected_version`.
    """
    content = to_canonical(operations)
    async with connection.transaction():
        tag = await find_tag(connection, username, tag_name)
        if expected_version not in (None, tag.version):
            raise TagConflict(
                username, tag_name, expected=expected_version, found=tag.version
            )
        document = await load_document(connection, head_id=tag.target_id)
        if document.depth >= max_depth:
            raise DepthExceeded(tag.target_id, max_depth)
        value = apply_patch(document.value, parse_json(content))
        patch = await _append(
            connection,
            tag,
            content,
            name=name,
            version_hash=content_id(to_canonical(value)),
            op_count=len(operations),
            nodes_count=count_members(value, "nodes"),
            edges_count=count_members(value, "edges"),
            created_by=created_by or username,
        )
        change = await tags.move_tag(
            connection,
            username=username,
            tag_name=tag_name,
            target_kind="patch_set",
            target_id=patch.artifact_id,
            target_hash=patch.version_hash,
            expected_version=tag.version,
            moved_by=created_by or username,
        )
        # Inside the transaction: what loses the race leaves nothing behind.
        moved = check_moved(change, username, tag_name, tag.version)
    return Revision(
        patch.artifact_id,
        patch.base_version,
        patch.depth,
        patch.version_hash,
        moved.version,
    )


async def _append(
    connection: AsyncConnection[Any],
    tag: Tag,
    content: bytes,
    *,
    name: str | None,
    version_hash: str,
    op_count: int,
    nodes_count: int | None,
    edges_count: int | None,
    created_by: str,
) -> Patch:
    """Add a patch after the target of a tag."""
    gone = TagConflict(tag.username, tag.tag_name, expected=tag.version, found=None)
    try:
        patch = await chains.append_patch(
            connection,
            follows_id=tag.target_id,
            cas_id=await _put(connection, content, "application/json-patch+json"),
            name=name,
            version_hash=version_hash,
            op_count=op_count,
            nodes_count=nodes_count,
            edges_count=edges_count,
            created_by=created_by,
        )
    except ForeignKeyViolation as error:
        # The tag moved away and garbage collection was as quick.
        raise gone from error
    if patch is None:
        raise gone
    return patch


async def _put(
    connection: AsyncConnection[Any], content: bytes, media_type: str
) -> str:
    """Store content and return its id."""
    blob = await blobs.put_blob(
        connection, cas_id=content_id(content), media_type=media_type, content=content
    )
    return blob.cas_id
