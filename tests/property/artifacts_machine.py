"""A state machine that uses the artifacts domain as people do, beside its model."""

from __future__ import annotations

from datetime import timedelta
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
    Node,
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
from datalayer.queries.artifacts import run as run_queries

if TYPE_CHECKING:
    from psycopg import Connection

USERS = ["ada", "global"]
KEYS = [("ada", "main"), ("ada", "a/b"), ("global", "main")]
MAX_DEPTH = 6

#: Which of the things there are, counted round.
_PICK = st.integers(0, 59)
#: Moves, patches, undos and redos.
_STEPS = st.text("mpur", min_size=3, max_size=7) | st.sampled_from(["pupur", "ppuurr"])
_DAY = timedelta(days=1)


class ArtifactsMachine(RuleBasedStateMachine):
    """Calls the services and the model alike; `open_machine` gives it a database."""

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

    @rule(document=DOCUMENTS, pick=_PICK)
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
    @rule(document=DOCUMENTS, pick=_PICK)
    def create_over_another(self, document: Json, pick: int) -> None:
        key = self.key(pick)
        with pytest.raises(errors.TagExists):
            artifacts.create_workflow(
                self.connection, username=key[0], tag_name=key[1], document=document
            )

    @precondition(has_tag)
    @rule(data=st.data(), pick=_PICK)
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
    @rule(pick=_PICK, artifact_id=st.uuids(version=4))
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
    @rule(pick=_PICK, seq=st.integers(-1, MAX_DEPTH + 1))
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
    @rule(pick=_PICK, free=_PICK)
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
    @rule(pick=_PICK, to=_PICK)
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
    @rule(pick=_PICK, to=_PICK, off=st.sampled_from([-1, 1]))
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
    @rule(pick=_PICK)
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
    @rule(pick=_PICK)
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
    @rule(pick=_PICK, steps=_STEPS, data=st.data())
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
                self.move_tag(pick, data.draw(_PICK))
            check_tags(self.connection, self.model, USERS)

    @precondition(has_tag)
    @rule(pick=_PICK)
    def delete_tag(self, pick: int) -> None:
        key = self.key(pick)
        artifacts.delete_tag(self.connection, username=key[0], tag_name=key[1])
        self.model.delete_tag(key)

    # Compaction.

    @precondition(has_node)
    @rule(pick=_PICK)
    def compact(self, pick: int) -> None:
        patch_id = self.node(pick)
        node = self.model.nodes[patch_id]
        if node.is_base:
            with pytest.raises(errors.NotAPatch):
                artifacts.compact(self.connection, patch_id=patch_id)
            return
        known = self.model.compacted_base(patch_id)
        base = artifacts.compact(self.connection, patch_id=patch_id)
        again = artifacts.compact(self.connection, patch_id=patch_id)
        assert again == base, "law 8: one base for a patch"
        if known is None:
            self.model.add_base(base.artifact_id, node.document, patch_id)
        else:
            assert base.artifact_id == known.artifact_id, "law 8: the same base"
        check_document(self.connection, self.model, base.artifact_id)

    @precondition(has_tag)
    @rule(pick=_PICK, base=_PICK, rebase=st.booleans())
    def migrate_tag(self, pick: int, base: int, rebase: bool) -> None:
        bases = [n for n in self.model.nodes.values() if n.compacted_from]
        if not bases:
            return
        self.migrate_to(self.key(pick), bases[base % len(bases)], rebase)

    def migrate_to(self, key: TagKey, new: Node, rebase: bool) -> None:
        assert new.compacted_from is not None
        before = self.model.nodes[self.target(key)]
        chain = self.model.chain(before.artifact_id)
        if before.base_id == new.artifact_id:
            unmoved = self.migrate(key, new.artifact_id, rebase)
            assert unmoved.artifact_id == before.artifact_id
        elif new.compacted_from not in chain:
            with pytest.raises(errors.TagDiverged):
                self.migrate(key, new.artifact_id, rebase)
        elif chain[-1] != new.compacted_from and not rebase:
            with pytest.raises(errors.HeadMoved):
                self.migrate(key, new.artifact_id, rebase)
        else:
            self.migrate(key, new.artifact_id, rebase)
            newer = chain[chain.index(new.compacted_from) + 1 :]
            self.follow_rebase(key, new.artifact_id, newer)

    def migrate(
        self, key: TagKey, new_base_id: UUID, rebase: bool
    ) -> artifacts.Revision:
        return artifacts.migrate_tag(
            self.connection,
            username=key[0],
            tag_name=key[1],
            new_base_id=new_base_id,
            rebase=rebase,
        )

    def follow_rebase(self, key: TagKey, base_id: UUID, newer: list[UUID]) -> None:
        """Learn the ids of the patches that stand on the new base now."""
        found = self.connection.execute(
            "SELECT member.member_id FROM tag INNER JOIN patch_chain_member AS member"
            " ON tag.target_id = member.head_id"
            " WHERE tag.username = %s AND tag.tag_name = %s ORDER BY member.seq",
            key,
        ).fetchall()
        assert len(found) == len(newer), "law 9: no patch is lost"
        head = base_id
        for (rebased,), original in zip(found, newer, strict=True):
            document = self.model.nodes[original].document
            self.model.add_patch(rebased, head, document)
            head = rebased
        self.model.move_tag(key, head)
        check_document(self.connection, self.model, head)

    # Runs, and garbage.

    @precondition(has_node)
    @rule(pick=_PICK, in_snapshot=st.booleans())
    def run(self, pick: int, in_snapshot: bool) -> None:
        node = self.model.nodes[self.node(pick)]
        kind = "dag_version" if node.is_base else "patch_set"
        named = str(node.artifact_id).upper()
        run_queries.create_run(
            self.connection,
            base_kind="tag" if in_snapshot else kind,
            base_ref="ada/main" if in_snapshot else named,
            tags_snapshot={"ada/main": {"ids": [named]}} if in_snapshot else {},
            submitted_by="ada",
        )
        node.by_run = True

    @rule(reflog_too=st.booleans())
    def time_passes(self, reflog_too: bool) -> None:
        for table in ("artifact", "cas_blob"):
            self.connection.execute(
                f"UPDATE {table} SET created_at = created_at - interval '2 days'"
            )
        if reflog_too:
            self.model.grow_old()
            with self.connection.transaction():
                self.connection.execute(
                    "SET LOCAL session_replication_role = 'replica'"
                )
                self.connection.execute(
                    "UPDATE tag_move SET moved_at = moved_at - interval '2 days'"
                )
        else:
            self.model.grow_documents_old()

    @rule(batch_size=st.sampled_from([1, 3, 1000]))
    def collect_garbage(self, batch_size: int) -> None:
        report = artifacts.collect_garbage(
            self.connection, older_than=_DAY, batch_size=batch_size
        )
        assert report.artifacts == self.model.collect(), "law 11: what garbage is"

    @precondition(has_tag)
    @rule(pick=_PICK, to=_PICK, reflog=st.booleans(), with_run=st.booleans())
    def abandon(self, pick: int, to: int, reflog: bool, with_run: bool) -> None:
        """Leave what a tag stood on for long; collect before or after the window."""
        self.time_passes(reflog_too=True)
        if with_run:
            self.run(list(self.model.nodes).index(self.target(self.key(pick))), True)
        self.move_tag(pick, to)
        self.time_passes(reflog_too=reflog)
        self.collect_garbage(batch_size=2)

    @precondition(has_tag)
    @rule(pick=_PICK, late=st.booleans())
    def retire(self, pick: int, late: bool) -> None:
        """Compact what a tag stands on, migrate the tag, and collect the rest."""
        key = self.key(pick)
        self.overwrite(key)
        patch = self.model.nodes[self.target(key)]
        self.compact(list(self.model.nodes).index(patch.artifact_id))
        base = self.model.compacted_base(patch.artifact_id)
        assert base is not None
        if late:
            self.overwrite(key)
        self.migrate_to(key, base, rebase=True)
        self.time_passes(reflog_too=True)
        self.collect_garbage(batch_size=1000)

    # After each step, and at the end.

    @invariant()
    def tags_agree(self) -> None:
        check_tags(self.connection, self.model, USERS)
        for key in self.model.tags:
            check_document(self.connection, self.model, self.target(key))

    def teardown(self) -> None:
        check_everything(self.connection, self.model, USERS)


def open_machine(connection: Connection[Any]) -> type[ArtifactsMachine]:
    """The machine on a database, which it empties for each example."""
    return type("OpenMachine", (ArtifactsMachine,), {"connection": connection})
