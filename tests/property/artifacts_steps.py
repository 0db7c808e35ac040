"""Steps that change documents and tags, in a database and in its model alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from artifacts_laws import (
    canonical,
    check_document,
    check_everything,
    check_tags,
    empty_tables,
)
from artifacts_model import (
    DoesNotApply,
    Json,
    Model,
    TagKey,
    apply_operations,
)
from artifacts_strategies import DOCUMENTS, operations_on
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from datalayer.domains import artifacts
from datalayer.domains.artifacts import errors
from datalayer.queries.artifacts import artifact as artifact_queries
from datalayer.queries.artifacts import blob as blob_queries
from datalayer.queries.artifacts import patch_chain as chain_queries

if TYPE_CHECKING:
    from psycopg import Connection

USERS = ["ada", "global"]
KEYS = [("ada", "main"), ("ada", "a/b"), ("global", "main")]
MAX_DEPTH = 6

#: Which of the things there are, counted round.
PICK = st.integers(0, 59)
#: Moves, patches, undos and redos.
_STEPS = st.text("mpur", min_size=3, max_size=7) | st.sampled_from(["pupur", "ppuurr"])


class DocumentSteps(RuleBasedStateMachine):
    """Create, patch, fork, move, undo and redo; checked after each step."""

    connection: Connection[Any]

    def __init__(self) -> None:
        super().__init__()
        empty_tables(self.connection)
        self.model = Model()

    # Which of the things there are.

    def free_key(self, pick: int) -> TagKey | None:
        free = [key for key in KEYS if key not in self.model.tags]
        return free[pick % len(free)] if free else None

    def key(self, pick: int) -> TagKey:
        keys = list(self.model.tags)
        return keys[pick % len(keys)]

    def node(self, pick: int) -> UUID:
        nodes = list(self.model.nodes)
        return nodes[pick % len(nodes)]

    def target(self, key: TagKey) -> UUID:
        return self.model.tags[key].target_id

    def has_tag(self) -> bool:
        return bool(self.model.tags)

    def has_node(self) -> bool:
        return bool(self.model.nodes)

    # Documents and patches.

    @initialize(document=DOCUMENTS)
    def begin(self, document: Json) -> None:
        self.create_workflow(document, KEYS[0])

    @rule(document=DOCUMENTS, pick=PICK)
    def create_another(self, document: Json, pick: int) -> None:
        key = self.free_key(pick)
        if key is not None:
            self.create_workflow(document, key)

    def create_workflow(self, document: Json, key: TagKey) -> None:
        created = artifacts.create_workflow(
            self.connection, username=key[0], tag_name=key[1], document=document
        )
        self.model.add_base(created.artifact_id, document)
        self.model.create_tag(key, created.artifact_id)

    @precondition(has_tag)
    @rule(document=DOCUMENTS, pick=PICK)
    def create_over_another(self, document: Json, pick: int) -> None:
        key = self.key(pick)
        with pytest.raises(errors.TagExists):
            artifacts.create_workflow(
                self.connection, username=key[0], tag_name=key[1], document=document
            )

    @precondition(has_tag)
    @rule(data=st.data(), pick=PICK)
    def create_patch(self, data: st.DataObject, pick: int) -> None:
        key = self.key(pick)
        before = self.model.nodes[self.target(key)]
        operations = data.draw(operations_on(before.document))
        try:
            document = apply_operations(before.document, operations)
        except DoesNotApply:
            with pytest.raises((errors.PatchFailed, errors.DepthExceeded)):
                self.append(key, operations)
            return
        if before.depth >= MAX_DEPTH:
            with pytest.raises(errors.DepthExceeded):
                self.append(key, operations)
            return
        patch = self.append(key, operations)
        self.model.add_patch(patch.artifact_id, before.artifact_id, document)
        self.model.move_tag(key, patch.artifact_id)

    def overwrite(self, key: TagKey) -> None:
        """Append a patch that fits every document, as long as there is room."""
        before = self.model.nodes[self.target(key)]
        if before.depth < MAX_DEPTH:
            document = {"nodes": [before.depth, len(self.model.nodes)]}
            patch = self.append(key, [{"op": "add", "path": "", "value": document}])
            self.model.add_patch(patch.artifact_id, before.artifact_id, document)
            self.model.move_tag(key, patch.artifact_id)

    def append(self, key: TagKey, operations: list[Json]) -> artifacts.Revision:
        return artifacts.create_patch(
            self.connection,
            username=key[0],
            tag_name=key[1],
            operations=operations,
            max_depth=MAX_DEPTH,
        )

    @precondition(has_node)
    @rule(pick=PICK, artifact_id=st.uuids(version=4))
    def import_patch(self, pick: int, artifact_id: UUID) -> None:
        """Store a patch with an id that says nothing about its age."""
        parent = self.model.nodes[self.node(pick)]
        if artifact_id in self.model.nodes:
            return
        operations = [{"op": "replace", "path": "", "value": [parent.document]}]
        document = apply_operations(parent.document, operations)
        content = canonical(operations)
        cas_id = artifacts.content_id(content)
        blob_queries.put_blob(
            self.connection, cas_id=cas_id, media_type="patch", content=content
        )
        artifact_queries.create_artifact(
            self.connection,
            artifact_id=artifact_id,
            kind="patch_set",
            cas_id=cas_id,
            version_hash=artifacts.content_id(canonical(document)),
            base_version=parent.base_id,
            parent_id=None if parent.is_base else parent.artifact_id,
            depth=parent.depth + 1,
        )
        self.model.add_patch(artifact_id, parent.artifact_id, document)
        chain_queries.insert_patch_chain(
            self.connection,
            head_id=artifact_id,
            member_ids=self.model.chain(artifact_id),
        )

    @precondition(has_node)
    @rule(pick=PICK, seq=st.integers(-1, MAX_DEPTH + 1))
    def read_along_a_chain(self, pick: int, seq: int) -> None:
        head_id = self.node(pick)
        node = self.model.nodes[head_id]
        if not 0 <= seq <= node.depth:
            with pytest.raises(errors.SeqOutOfRange):
                artifacts.materialise_at(self.connection, head_id=head_id, seq=seq)
            return
        found = artifacts.materialise_at(self.connection, head_id=head_id, seq=seq)
        member = [node.base_id, *self.model.chain(head_id)][seq]
        expected = self.model.nodes[member].document
        assert canonical(found) == canonical(expected), "law 4: the base comes first"

    # Tags.

    @precondition(has_node)
    @rule(pick=PICK, free=PICK)
    def fork(self, pick: int, free: int) -> None:
        key = self.free_key(free)
        if key is None:
            return
        target = self.node(pick)
        artifacts.create_tag(
            self.connection, username=key[0], tag_name=key[1], target_id=target
        )
        self.model.create_tag(key, target)

    @precondition(has_tag)
    @rule(pick=PICK, to=PICK)
    def move_tag(self, pick: int, to: int) -> None:
        key, target = self.key(pick), self.node(to)
        version = self.model.tags[key].version
        moved = artifacts.move_tag(
            self.connection,
            username=key[0],
            tag_name=key[1],
            target_id=target,
            expected_version=version,
        )
        self.model.move_tag(key, target)
        assert moved.version == version + 1

    @precondition(has_tag)
    @rule(pick=PICK, to=PICK, off=st.sampled_from([-1, 1]))
    def move_tag_too_late(self, pick: int, to: int, off: int) -> None:
        key = self.key(pick)
        with pytest.raises(errors.TagConflict):
            artifacts.move_tag(
                self.connection,
                username=key[0],
                tag_name=key[1],
                target_id=self.node(to),
                expected_version=self.model.tags[key].version + off,
            )

    @precondition(has_tag)
    @rule(pick=PICK)
    def undo(self, pick: int) -> None:
        key = self.key(pick)
        tag = self.model.tags[key]
        if tag.position == 0:
            with pytest.raises(errors.NothingToUndo):
                artifacts.undo_tag(self.connection, username=key[0], tag_name=key[1])
        elif tag.line[tag.position - 1] not in self.model.nodes:
            with pytest.raises(errors.TargetCollected):
                artifacts.undo_tag(self.connection, username=key[0], tag_name=key[1])
        else:
            artifacts.undo_tag(self.connection, username=key[0], tag_name=key[1])
            self.model.step_tag(key, -1)
            check_document(self.connection, self.model, self.target(key))

    @precondition(has_tag)
    @rule(pick=PICK)
    def redo(self, pick: int) -> None:
        key = self.key(pick)
        tag = self.model.tags[key]
        if tag.position + 1 == len(tag.line):
            with pytest.raises(errors.NothingToRedo):
                artifacts.redo_tag(self.connection, username=key[0], tag_name=key[1])
        elif tag.line[tag.position + 1] not in self.model.nodes:
            with pytest.raises(errors.TargetCollected):
                artifacts.redo_tag(self.connection, username=key[0], tag_name=key[1])
        else:
            artifacts.redo_tag(self.connection, username=key[0], tag_name=key[1])
            self.model.step_tag(key, +1)

    @precondition(has_tag)
    @rule(pick=PICK, steps=_STEPS, data=st.data())
    def walk(self, pick: int, steps: str, data: st.DataObject) -> None:
        """Move, undo and redo one tag for a while."""
        for step in steps:
            if step == "u":
                self.undo(pick)
            elif step == "r":
                self.redo(pick)
            elif step == "p":
                self.create_patch(data, pick)
            else:
                self.move_tag(pick, data.draw(PICK))
            check_tags(self.connection, self.model, USERS)

    @precondition(has_tag)
    @rule(pick=PICK)
    def delete_tag(self, pick: int) -> None:
        key = self.key(pick)
        artifacts.delete_tag(self.connection, username=key[0], tag_name=key[1])
        self.model.delete_tag(key)

    # After each step, and at the end.

    @invariant()
    def tags_agree(self) -> None:
        check_tags(self.connection, self.model, USERS)
        for key in self.model.tags:
            check_document(self.connection, self.model, self.target(key))

    def teardown(self) -> None:
        check_everything(self.connection, self.model, USERS)
