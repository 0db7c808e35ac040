# Derived by scripts/async_to_sync.py from tags.py; do not edit.
"""Tags: pointers that move by compare and swap, and remember where they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from datalayer.domains.artifacts.errors import (
    ArtifactNotFound,
    NotADocument,
    NothingToRedo,
    NothingToUndo,
    TagConflict,
    TagExists,
    TagNotFound,
    TargetCollected,
)
from datalayer.queries.artifacts import artifact as artifacts
from datalayer.queries.artifacts import tag as tags

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection

    from datalayer.queries.artifacts.artifact import Artifact
    from datalayer.queries.artifacts.tag import Tag, TagChange

_KINDS = {"dag_version", "patch_set"}


def create_tag(
    connection: Connection[Any],
    *,
    username: str,
    tag_name: str,
    target_id: UUID,
    created_by: str | None = None,
) -> Tag:
    """Create a tag on a base or a patch: a new name, or a fork of someone's work."""
    try:
        with connection.transaction():
            target = find_target(connection, target_id)
            tag = tags.create_tag(
                connection,
                username=username,
                tag_name=tag_name,
                target_kind=target.kind,
                target_id=target_id,
                target_hash=target.version_hash,
                created_by=created_by or username,
            )
    except UniqueViolation as error:
        raise TagExists(username, tag_name) from error
    except ForeignKeyViolation as error:
        raise ArtifactNotFound(target_id) from error
    return tag


def move_tag(
    connection: Connection[Any],
    *,
    username: str,
    tag_name: str,
    target_id: UUID,
    expected_version: int,
    moved_by: str | None = None,
) -> TagChange:
    """Point a tag at another base or patch, if nobody moved it meanwhile.

    Raises `TagConflict` when the tag is at another version, `TagNotFound` when there
    is none.
    """
    try:
        with connection.transaction():
            target = find_target(connection, target_id)
            change = tags.move_tag(
                connection,
                username=username,
                tag_name=tag_name,
                target_kind=target.kind,
                target_id=target_id,
                target_hash=target.version_hash,
                expected_version=expected_version,
                moved_by=moved_by or username,
            )
    except ForeignKeyViolation as error:
        raise ArtifactNotFound(target_id) from error
    return check_moved(change, username, tag_name, expected_version)


def undo_tag(
    connection: Connection[Any],
    *,
    username: str,
    tag_name: str,
    expected_version: int | None = None,
    moved_by: str | None = None,
) -> TagChange:
    """Take a tag one step back; again for another step.

    Without `expected_version` the step is taken from where the tag is now.
    Raises `NothingToUndo` at the beginning.
    """
    version = _version(connection, username, tag_name, expected_version)
    try:
        with connection.transaction():
            change = tags.undo_tag_move(
                connection,
                username=username,
                tag_name=tag_name,
                expected_version=version,
                moved_by=moved_by or username,
            )
    except ForeignKeyViolation as error:
        raise TargetCollected(username, tag_name) from error
    moved = check_moved(change, username, tag_name, version)
    if moved.outcome == "nothing":
        raise NothingToUndo(username, tag_name)
    return moved


def redo_tag(
    connection: Connection[Any],
    *,
    username: str,
    tag_name: str,
    expected_version: int | None = None,
    moved_by: str | None = None,
) -> TagChange:
    """Take a tag one step forward again after `undo_tag`.

    Without `expected_version` the step is taken from where the tag is now.
    Raises `NothingToRedo` when nothing was undone since the last move.
    """
    version = _version(connection, username, tag_name, expected_version)
    try:
        with connection.transaction():
            change = tags.redo_tag_move(
                connection,
                username=username,
                tag_name=tag_name,
                expected_version=version,
                moved_by=moved_by or username,
            )
    except ForeignKeyViolation as error:
        raise TargetCollected(username, tag_name) from error
    moved = check_moved(change, username, tag_name, version)
    if moved.outcome == "nothing":
        raise NothingToRedo(username, tag_name)
    return moved


def delete_tag(
    connection: Connection[Any],
    *,
    username: str,
    tag_name: str,
    deleted_by: str | None = None,
) -> Tag:
    """Delete a tag and return it as it was; its reflog stays."""
    tag = tags.delete_tag(
        connection,
        username=username,
        tag_name=tag_name,
        moved_by=deleted_by or username,
    )
    if tag is None:
        raise TagNotFound(username, tag_name)
    return tag


def find_tag(connection: Connection[Any], username: str, tag_name: str) -> Tag:
    """Return a tag; raise `TagNotFound` when there is none."""
    tag = tags.get_tag(connection, username=username, tag_name=tag_name)
    if tag is None:
        raise TagNotFound(username, tag_name)
    return tag


def find_target(connection: Connection[Any], target_id: UUID) -> Artifact:
    """Return a base or a patch; raise for anything else."""
    target = artifacts.get_artifact(connection, artifact_id=target_id)
    if target is None:
        raise ArtifactNotFound(target_id)
    if target.kind not in _KINDS:
        raise NotADocument(target_id, target.kind)
    return target


def check_moved(
    change: TagChange | None, username: str, tag_name: str, expected: int
) -> TagChange:
    """Return a change that was not refused; raise for what refused it."""
    if change is None:
        raise TagNotFound(username, tag_name)
    if change.outcome == "conflict":
        raise TagConflict(username, tag_name, expected=expected, found=change.version)
    return change


def _version(
    connection: Connection[Any],
    username: str,
    tag_name: str,
    expected_version: int | None,
) -> int:
    if expected_version is not None:
        return expected_version
    tag = find_tag(connection, username, tag_name)
    return tag.version
