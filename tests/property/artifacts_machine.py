"""A state machine that uses the artifacts domain as people do, beside its model."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from artifacts_laws import check_document
from artifacts_model import Node, TagKey
from artifacts_steps import PICK, DocumentSteps
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from datalayer.domains import artifacts
from datalayer.domains.artifacts import errors
from datalayer.queries.artifacts import run as run_queries

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection

_DAY = timedelta(days=1)


class ArtifactsMachine(DocumentSteps):
    """All steps: also compaction, runs, the passing of time and garbage collection."""

    # Compaction.

    @precondition(DocumentSteps.has_node)
    @rule(pick=PICK)
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

    @precondition(DocumentSteps.has_tag)
    @rule(pick=PICK, base=PICK, rebase=st.booleans())
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

    @precondition(DocumentSteps.has_node)
    @rule(pick=PICK, in_snapshot=st.booleans())
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

    @precondition(DocumentSteps.has_tag)
    @rule(pick=PICK, to=PICK, reflog=st.booleans(), with_run=st.booleans())
    def abandon(self, pick: int, to: int, reflog: bool, with_run: bool) -> None:
        """Leave what a tag stood on for long; collect before or after the window."""
        self.time_passes(reflog_too=True)
        if with_run:
            self.run(list(self.model.nodes).index(self.target(self.key(pick))), True)
        self.move_tag(pick, to)
        self.time_passes(reflog_too=reflog)
        self.collect_garbage(batch_size=2)

    @precondition(DocumentSteps.has_tag)
    @rule(pick=PICK, late=st.booleans())
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


def open_machine(connection: Connection[Any]) -> type[ArtifactsMachine]:
    """The machine on a database, which it empties for each example."""
    return type("OpenMachine", (ArtifactsMachine,), {"connection": connection})
