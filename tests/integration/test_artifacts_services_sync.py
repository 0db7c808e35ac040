# Derived by scripts/async_to_sync.py from test_artifacts_services_aio.py; do not edit.
"""What the services of the artifacts domain return and refuse: synchronously."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from artifacts_data import TagName, insert, insert_chain
from psycopg import Connection

from datalayer.domains.artifacts import (
    Revision,
    collect_garbage,
    compact,
    create_patch,
    create_tag,
    create_workflow,
    delete_tag,
    errors,
    materialise,
    materialise_at,
    move_tag,
    redo_tag,
    undo_tag,
)
from datalayer.queries.artifacts.artifact import get_artifact
from datalayer.queries.artifacts.blob import put_external_blob
from datalayer.queries.artifacts.patch_chain import get_patch_chain
from datalayer.queries.artifacts.tag import get_tag, list_tag_moves
from datalayer.runtime import JsonInput

pytest_plugins = ["artifacts_fixtures"]
pytestmark = pytest.mark.postgres

DOCUMENT: JsonInput = {"nodes": [{"id": "a"}, {"id": "b"}], "edges": [["a", "b"]]}
TAG: TagName = {"username": "ada", "tag_name": "t"}
NOW = timedelta(0)


def connect(url: str) -> Connection[Any]:
    return Connection.connect(url, autocommit=True)


def begin(connection: Connection[Any], **arguments: Any) -> Revision:  # noqa: ANN401
    return create_workflow(
        connection,
        **{**TAG, "document": DOCUMENT, **arguments},
    )


def append(connection: Connection[Any], **arguments: Any) -> Revision:  # noqa: ANN401
    operations = [{"op": "add", "path": "/nodes/-", "value": 0}]
    return create_patch(
        connection,
        **{**TAG, "operations": operations, **arguments},
    )


def count(connection: Connection[Any], table: str) -> int:
    cursor = connection.execute(f"SELECT count(*) FROM {table}".encode())
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def test_a_workflow_is_a_base_with_a_tag(any_database: str) -> None:
    with connect(any_database) as connection:
        created = begin(connection, name="first")

        base = get_artifact(connection, artifact_id=created.artifact_id)
        tag = get_tag(connection, username="ada", tag_name="t")
        document = materialise(connection, head_id=created.artifact_id)

    assert base is not None
    assert (base.kind, base.name, base.depth) == ("dag_version", "first", 0)
    assert (base.nodes_count, base.edges_count, base.created_by) == (2, 1, "ada")
    assert base.version_hash == base.cas_id == created.version_hash
    assert tag is not None
    assert (tag.target_id, tag.target_hash) == (base.artifact_id, base.version_hash)
    assert document == DOCUMENT


def test_a_workflow_of_a_taken_name_stores_nothing(any_database: str) -> None:
    with connect(any_database) as connection:
        begin(connection)
        with pytest.raises(errors.TagExists):
            begin(connection, document={"other": 1})

        assert count(connection, "artifact") == 1
        assert count(connection, "cas_blob") == 1


@pytest.mark.parametrize("document", [{1: 2}, float("nan"), {"a": {1, 2}}])
def test_a_workflow_is_json(any_database: str, document: Any) -> None:  # noqa: ANN401
    with connect(any_database) as connection:
        with pytest.raises(errors.InvalidDocument):
            begin(connection, document=document)

        assert count(connection, "cas_blob") == 0


def test_a_patch_moves_the_tag(any_database: str) -> None:
    with connect(any_database) as connection:
        base = begin(connection)
        patch = append(connection, name="more", created_by="bob")

        stored = get_artifact(connection, artifact_id=patch.artifact_id)
        tag = get_tag(connection, username="ada", tag_name="t")

    assert (patch.depth, patch.base_id, patch.tag_version) == (1, base.artifact_id, 2)
    assert stored is not None
    assert (stored.kind, stored.op_count, stored.nodes_count) == ("patch_set", 1, 3)
    assert (stored.name, stored.created_by) == ("more", "bob")
    assert tag is not None
    assert (tag.target_id, tag.moved_by) == (patch.artifact_id, "bob")
    assert tag.target_hash == stored.version_hash == patch.version_hash


def test_a_chain_may_hold_the_same_bytes_twice(any_database: str) -> None:
    with connect(any_database) as connection:
        begin(connection, document={"nodes": []})
        patches = [append(connection) for _ in range(3)]

        chain = get_patch_chain(connection, head_id=patches[-1].artifact_id)
        document = materialise(connection, head_id=patches[-1].artifact_id)

    assert len({member.artifact_id for member in chain}) == 3
    assert len({member.cas_id for member in chain}) == 1
    assert document == {"nodes": [0, 0, 0]}


def test_a_patch_that_fails_changes_nothing(any_database: str) -> None:
    operations = [
        {"op": "add", "path": "/nodes/-", "value": 1},
        {"op": "remove", "path": "/nodes/9"},
    ]
    with connect(any_database) as connection:
        base = begin(connection)
        with pytest.raises(errors.PatchFailed, match="operation 1 of the patch"):
            append(connection, operations=operations)

        assert materialise(connection, head_id=base.artifact_id) == DOCUMENT
        assert count(connection, "artifact") == 1
        assert count(connection, "cas_blob") == 1
        assert count(connection, "tag_move") == 1


def test_a_full_chain_says_compact_first(any_database: str) -> None:
    with connect(any_database) as connection:
        begin(connection)
        append(connection, max_depth=2)
        append(connection, max_depth=2)
        with pytest.raises(errors.DepthExceeded, match="compact first"):
            append(connection, max_depth=2)

        assert count(connection, "artifact") == 3


def test_fifty_patches_are_the_default_limit(any_database: str) -> None:
    with connect(any_database) as connection:
        begin(connection)
        for _ in range(50):
            append(connection)

        with pytest.raises(errors.DepthExceeded):
            append(connection)


def test_a_patch_may_expect_a_version(any_database: str) -> None:
    with connect(any_database) as connection:
        begin(connection)
        append(connection, expected_version=1)
        with pytest.raises(errors.TagConflict) as caught:
            append(connection, expected_version=1)

    assert (caught.value.expected, caught.value.found) == (1, 2)


def test_unknown_names_are_named(any_database: str) -> None:
    with connect(any_database) as connection:
        base = begin(connection)
        with pytest.raises(errors.TagNotFound, match="`ada/unknown` does not exist"):
            append(connection, tag_name="unknown")
        with pytest.raises(errors.TagNotFound):
            undo_tag(connection, username="ada", tag_name="unknown")
        with pytest.raises(errors.TagNotFound):
            redo_tag(connection, username="ada", tag_name="unknown")
        with pytest.raises(errors.TagNotFound):
            delete_tag(connection, username="ada", tag_name="unknown")
        with pytest.raises(errors.TagNotFound):
            move_tag(
                connection,
                username="ada",
                tag_name="unknown",
                target_id=base.artifact_id,
                expected_version=1,
            )


@pytest.mark.parametrize("call", ["materialise", "compact", "create_tag", "move_tag"])
def test_what_is_no_document_is_refused(any_database: str, call: str) -> None:
    with psycopg.connect(any_database, autocommit=True) as rows:
        manifest = insert(rows, kind="run_manifest")
    with connect(any_database) as connection:
        begin(connection)

        def use(target_id: UUID) -> None:
            if call == "materialise":
                materialise(connection, head_id=target_id)
            elif call == "compact":
                compact(connection, patch_id=target_id)
            elif call == "create_tag":
                create_tag(
                    connection, username="ada", tag_name="u", target_id=target_id
                )
            else:
                move_tag(
                    connection,
                    username="ada",
                    tag_name="t",
                    target_id=target_id,
                    expected_version=1,
                )

        with pytest.raises(errors.ArtifactNotFound):
            use(uuid4())
        with pytest.raises((errors.NotADocument, errors.ArtifactNotFound)):
            use(manifest)


def test_a_document_is_read_at_every_place(any_database: str) -> None:
    with connect(any_database) as connection:
        begin(connection, document={"nodes": []})
        append(connection)
        head = append(connection)

        documents = [
            materialise_at(connection, head_id=head.artifact_id, seq=seq)
            for seq in range(3)
        ]
        for seq in (-1, 3):
            with pytest.raises(errors.SeqOutOfRange, match="between 0 and 2"):
                materialise_at(connection, head_id=head.artifact_id, seq=seq)

    assert documents == [{"nodes": [0] * length} for length in range(3)]


def test_a_broken_chain_is_noticed(any_database: str) -> None:
    with psycopg.connect(any_database, autocommit=True) as rows:
        head = insert_chain(rows, 3)[-1]
        rows.execute("DELETE FROM patch_chain_member WHERE seq = 2")
    with connect(any_database) as connection:
        with pytest.raises(errors.ChainBroken):
            materialise(connection, head_id=head)


def test_content_that_is_elsewhere_is_named(any_database: str) -> None:
    cas_id = "sha256:" + "0" * 64
    with connect(any_database) as connection:
        put_external_blob(
            connection,
            cas_id=cas_id,
            media_type="application/json",
            size_bytes=2,
            storage_url="s3://bucket/key",
        )
        with psycopg.connect(any_database, autocommit=True) as rows:
            base = insert(rows, cas_id=cas_id)

        with pytest.raises(errors.ContentElsewhere, match="s3://bucket/key"):
            materialise(connection, head_id=base)


def test_undo_and_redo_walk_along_the_reflog(any_database: str) -> None:
    with connect(any_database) as connection:
        base = begin(connection)
        one, two = append(connection), append(connection)
        back = [(undo_tag(connection, **TAG)).target_id for _ in range(2)]
        with pytest.raises(errors.NothingToUndo):
            undo_tag(connection, **TAG)
        forth = [(redo_tag(connection, **TAG)).target_id for _ in range(2)]
        with pytest.raises(errors.NothingToRedo):
            redo_tag(connection, **TAG)
        undo_tag(connection, **TAG)
        other = append(connection)
        with pytest.raises(errors.NothingToRedo):
            redo_tag(connection, **TAG)
        moves = list_tag_moves(connection, **TAG)

    assert back == [one.artifact_id, base.artifact_id]
    assert forth == [one.artifact_id, two.artifact_id]
    assert other.depth == 2
    assert [move.action for move in reversed(moves)] == (
        ["create", "move", "move", "undo", "undo", "redo", "redo", "undo", "move"]
    )


def test_undo_may_expect_a_version(any_database: str) -> None:
    with connect(any_database) as connection:
        begin(connection)
        append(connection)

        with pytest.raises(errors.TagConflict):
            undo_tag(connection, username="ada", tag_name="t", expected_version=1)


def test_undo_of_what_was_collected_is_refused(any_database: str) -> None:
    with connect(any_database) as connection:
        base = begin(connection)
        append(connection)
        move_tag(connection, target_id=base.artifact_id, expected_version=2, **TAG)
        collect_garbage(connection, older_than=NOW)

        with pytest.raises(errors.TargetCollected):
            undo_tag(connection, **TAG)
        stays = get_tag(connection, **TAG)

    assert stays is not None
    assert stays.target_id == base.artifact_id


def test_services_commit_outside_autocommit_too(any_database: str) -> None:
    with Connection.connect(any_database) as connection:
        begin(connection)
        with connect(any_database) as other:
            assert count(other, "tag") == 1


def test_services_take_part_in_a_transaction(any_database: str) -> None:
    with connect(any_database) as connection:
        with connection.transaction(force_rollback=True):
            begin(connection)
            append(connection)
            assert count(connection, "artifact") == 2

        assert count(connection, "artifact") == 0
