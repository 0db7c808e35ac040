"""How a history goes into the database: each revision becomes a base or a patch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from datalayer import Database
from datalayer.domains import artifacts
from datalayer.domains.artifacts.errors import DepthExceeded
from datalayer.queries.artifacts.tag import get_tag
from demonstration.history import History, Revision, State
from demonstration.patches import difference

USER = "demo"


@dataclass(frozen=True, slots=True)
class Stored:
    """A revision and what it became."""

    revision: Revision
    artifact_id: UUID
    #: How many patches lie between the base and this; 0 for a base itself.
    depth: int
    operations: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """The whole history in the database."""

    tag_name: str
    stored: tuple[Stored, ...]
    #: How often a chain was full and its end became a new base.
    compactions: int

    @property
    def bases(self) -> int:
        """Return how many revisions became a base."""
        return sum(each.depth == 0 for each in self.stored)


def import_history(
    database: Database,
    history: History,
    *,
    max_depth: int,
    advance: Callable[[], None],
) -> Imported:
    """Store each revision in a transaction of its own."""
    # The name of a tag is text of at most 200 characters.
    tag_name = history.path.encode(errors="replace").decode()[-200:]
    stored: list[Stored] = []
    previous: Stored | None = None
    compactions = 0
    for revision in history.revisions:
        advance()
        if revision.state is State.DELETED:
            previous = None
        if revision.state is not State.DOCUMENT:
            continue
        with database.transaction() as connection:
            if previous is None:
                bases = sum(each.depth == 0 for each in stored)
                previous = _store_base(connection, tag_name, revision, bases)
            else:
                previous, compacted = _store_patch(
                    connection, tag_name, previous, revision, max_depth
                )
                compactions += compacted
        stored.append(previous)
    return Imported(tag_name, tuple(stored), compactions)


def _store_base(
    connection: Connection[Any], tag_name: str, revision: Revision, bases: int
) -> Stored:
    """Store a document; when the file came back, the tag moves to the new base."""
    own_name = tag_name if bases == 0 else f"{tag_name[-180:]} (again, {bases})"
    base = artifacts.create_workflow(
        connection,
        username=USER,
        tag_name=own_name,
        document=revision.document,
        name=revision.commit.id,
    )
    if own_name != tag_name:
        tag = get_tag(connection, username=USER, tag_name=tag_name)
        artifacts.move_tag(
            connection,
            username=USER,
            tag_name=tag_name,
            target_id=base.artifact_id,
            expected_version=tag.version if tag else 0,
        )
    return Stored(revision, base.artifact_id, depth=0)


def _store_patch(
    connection: Connection[Any],
    tag_name: str,
    previous: Stored,
    revision: Revision,
    max_depth: int,
) -> tuple[Stored, bool]:
    """Append what changed; when the chain is full, compact it and try again."""
    operations = difference(previous.revision.document, revision.document)
    compacted = False
    while True:
        try:
            patch = artifacts.create_patch(
                connection,
                username=USER,
                tag_name=tag_name,
                operations=operations,
                name=revision.commit.id,
                max_depth=max_depth,
            )
        except DepthExceeded as full:
            base = artifacts.compact(connection, patch_id=full.head_id)
            artifacts.migrate_tag(
                connection,
                username=USER,
                tag_name=tag_name,
                new_base_id=base.artifact_id,
            )
            compacted = True
        else:
            count = len(operations)
            return Stored(revision, patch.artifact_id, patch.depth, count), compacted
