"""What the demo shows of an imported history: each act returns what it saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from datalayer import Database
from datalayer.domains import artifacts
from datalayer.queries.artifacts.compaction import (
    FIND_COMPACTED_BASE,
    find_compacted_base,
)
from datalayer.queries.artifacts.tag import TagChange, get_tag
from demonstration.documents import Json, canonical
from demonstration.importing import USER, Imported, Stored
from plans import explain

INDEX = "idx_artifact_compacted_from"


@dataclass(frozen=True, slots=True)
class Compacted:
    """A chain that became a base."""

    patch: Stored
    base_id: UUID
    same_document: bool


@dataclass(frozen=True, slots=True)
class Lookup:
    """How the base of a compacted patch is found again."""

    found: bool
    plan: tuple[str, ...]
    #: A few rows are read faster as a whole: then the planner needs a nudge.
    nudged: bool


@dataclass(frozen=True, slots=True)
class TagStep:
    """Where the tag went, and whether the document there is the commit's."""

    action: str
    commit: str
    version: int
    as_expected: bool


def verify(
    database: Database, stored: Sequence[Stored], advance: Callable[[], None]
) -> list[Stored]:
    """Materialise each revision and return those that differ from git's."""
    wrong = []
    with database.connection() as connection:
        for each in stored:
            advance()
            if not _is_document(connection, each.artifact_id, each.revision.document):
                wrong.append(each)
    return wrong


def compact_newest(database: Database, imported: Imported) -> Compacted | None:
    """Compact the newest chain and move the tag to the base; None without a patch."""
    patch = next((each for each in reversed(imported.stored) if each.depth), None)
    if patch is None:
        return None
    with database.transaction() as connection:
        base = artifacts.compact(connection, patch_id=patch.artifact_id)
        if patch is imported.stored[-1]:
            artifacts.migrate_tag(
                connection,
                username=USER,
                tag_name=imported.tag_name,
                new_base_id=base.artifact_id,
            )
        same = _is_document(connection, base.artifact_id, patch.revision.document)
    return Compacted(patch, base.artifact_id, same)


def look_up(database: Database, compacted: Compacted) -> Lookup:
    """Find the base of the patch again, and show how PostgreSQL does it."""
    patch_id = compacted.patch.artifact_id
    with database.transaction() as connection:
        base = find_compacted_base(connection, patch_id=patch_id)
        plan = _plan(connection, patch_id)
        nudged = not any(INDEX in line for line in plan)
        if nudged:
            connection.execute("SET LOCAL enable_seqscan = off")
            plan = _plan(connection, patch_id)
    found = base is not None and base.artifact_id == compacted.base_id
    return Lookup(found, tuple(plan), nudged)


def walk_tag(database: Database, imported: Imported) -> list[TagStep]:
    """Move the tag to the first revision, undo that, and redo it."""
    first, last = imported.stored[0], imported.stored[-1]
    name = imported.tag_name
    steps = []
    with database.transaction() as connection:
        tag = get_tag(connection, username=USER, tag_name=name)
        assert tag is not None, "the import created it"
        moved = artifacts.move_tag(
            connection,
            username=USER,
            tag_name=name,
            target_id=first.artifact_id,
            expected_version=tag.version,
        )
        steps.append(_step(connection, "moved to", first, moved))
        undone = artifacts.undo_tag(connection, username=USER, tag_name=name)
        steps.append(_step(connection, "undone, back at", last, undone))
        redone = artifacts.redo_tag(connection, username=USER, tag_name=name)
        steps.append(_step(connection, "redone, again at", first, redone))
    return steps


def _plan(connection: Connection[Any], patch_id: UUID) -> list[str]:
    return explain(connection, FIND_COMPACTED_BASE, [patch_id], analyse=False)


def _step(
    connection: Connection[Any], action: str, expected: Stored, change: TagChange
) -> TagStep:
    document = expected.revision.document
    return TagStep(
        action,
        expected.revision.commit.id[:7],
        change.version,
        _is_document(connection, change.target_id, document),
    )


def _is_document(connection: Connection[Any], head_id: UUID, document: Json) -> bool:
    found = artifacts.materialise(connection, head_id=head_id)
    return canonical(found) == canonical(document)
