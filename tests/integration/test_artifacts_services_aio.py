"""What the services of the artifacts domain return and refuse: asynchronously."""

# twin: test_artifacts_services_sync.py

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from artifacts_data import TagName, insert, insert_chain
from psycopg import AsyncConnection

from datalayer.domains.artifacts import errors
from datalayer.domains.artifacts.aio import (
    Revision,
    collect_garbage,
    compact,
    create_patch,
    create_tag,
    create_workflow,
    delete_tag,
    materialise,
    materialise_at,
    move_tag,
    redo_tag,
    undo_tag,
)
from datalayer.queries.aio.artifacts.artifact import get_artifact
from datalayer.queries.aio.artifacts.blob import put_external_blob
from datalayer.queries.aio.artifacts.patch_chain import get_patch_chain
from datalayer.queries.aio.artifacts.tag import get_tag, list_tag_moves
from datalayer.runtime import JsonInput

pytest_plugins = ["artifacts_fixtures"]
pytestmark = pytest.mark.postgres

DOCUMENT: JsonInput = {"nodes": [{"id": "a"}, {"id": "b"}], "edges": [["a", "b"]]}
TAG: TagName = {"username": "ada", "tag_name": "t"}
NOW = timedelta(0)


async def connect(url: str) -> AsyncConnection[Any]:
    return await AsyncConnection.connect(url, autocommit=True)


async def begin(connection: AsyncConnection[Any], **arguments: Any) -> Revision:  # noqa: ANN401
    return await create_workflow(
        connection,
        **{**TAG, "document": DOCUMENT, **arguments},
    )


async def append(connection: AsyncConnection[Any], **arguments: Any) -> Revision:  # noqa: ANN401
    operations = [{"op": "add", "path": "/nodes/-", "value": 0}]
    return await create_patch(
        connection,
        **{**TAG, "operations": operations, **arguments},
    )


async def count(connection: AsyncConnection[Any], table: str) -> int:
    cursor = await connection.execute(f"SELECT count(*) FROM {table}".encode())
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_a_workflow_is_a_base_with_a_tag(any_database: str) -> None:
    async with await connect(any_database) as connection:
        created = await begin(connection, name="first")

        base = await get_artifact(connection, artifact_id=created.artifact_id)
        tag = await get_tag(connection, username="ada", tag_name="t")
        document = await materialise(connection, head_id=created.artifact_id)

    assert base is not None
    assert (base.kind, base.name, base.depth) == ("dag_version", "first", 0)
    assert (base.nodes_count, base.edges_count, base.created_by) == (2, 1, "ada")
    assert base.version_hash == base.cas_id == created.version_hash
    assert tag is not None
    assert (tag.target_id, tag.target_hash) == (base.artifact_id, base.version_hash)
    assert document == DOCUMENT


async def test_a_workflow_of_a_taken_name_stores_nothing(any_database: str) -> None:
    async with await connect(any_database) as connection:
        await begin(connection)
        with pytest.raises(errors.TagExists):
            await begin(connection, document={"other": 1})

        assert await count(connection, "artifact") == 1
        assert await count(connection, "cas_blob") == 1


@pytest.mark.parametrize("document", [{1: 2}, float("nan"), {"a": {1, 2}}])
async def test_a_workflow_is_json(any_database: str, document: Any) -> None:  # noqa: ANN401
    async with await connect(any_database) as connection:
        with pytest.raises(errors.InvalidDocument):
            await begin(connection, document=document)

        assert await count(connection, "cas_blob") == 0


async def test_a_patch_moves_the_tag(any_database: str) -> None:
    async with await connect(any_database) as connection:
        base = await begin(connection)
        patch = await append(connection, name="more", created_by="bob")

        stored = await get_artifact(connection, artifact_id=patch.artifact_id)
        tag = await get_tag(connection, username="ada", tag_name="t")

    assert (patch.depth, patch.base_id, patch.tag_version) == (1, base.artifact_id, 2)
    assert stored is not None
    assert (stored.kind, stored.op_count, stored.nodes_count) == ("patch_set", 1, 3)
    assert (stored.name, stored.created_by) == ("more", "bob")
    assert tag is not None
    assert (tag.target_id, tag.moved_by) == (patch.artifact_id, "bob")
    assert tag.target_hash == stored.version_hash == patch.version_hash


async def test_a_chain_may_hold_the_same_bytes_twice(any_database: str) -> None:
    async with await connect(any_database) as connection:
        await begin(connection, document={"nodes": []})
        patches = [await append(connection) for _ in range(3)]

        chain = await get_patch_chain(connection, head_id=patches[-1].artifact_id)
        document = await materialise(connection, head_id=patches[-1].artifact_id)

    assert len({member.artifact_id for member in chain}) == 3
    assert len({member.cas_id for member in chain}) == 1
    assert document == {"nodes": [0, 0, 0]}


async def test_a_patch_that_fails_changes_nothing(any_database: str) -> None:
    operations = [
        {"op": "add", "path": "/nodes/-", "value": 1},
        {"op": "remove", "path": "/nodes/9"},
    ]
    async with await connect(any_database) as connection:
        base = await begin(connection)
        with pytest.raises(errors.PatchFailed, match="operation 1 of the patch"):
            await append(connection, operations=operations)

        assert await materialise(connection, head_id=base.artifact_id) == DOCUMENT
        assert await count(connection, "artifact") == 1
        assert await count(connection, "cas_blob") == 1
        assert await count(connection, "tag_move") == 1


async def test_a_full_chain_says_compact_first(any_database: str) -> None:
    async with await connect(any_database) as connection:
        await begin(connection)
        await append(connection, max_depth=2)
        await append(connection, max_depth=2)
        with pytest.raises(errors.DepthExceeded, match="compact first"):
            await append(connection, max_depth=2)

        assert await count(connection, "artifact") == 3


async def test_fifty_patches_are_the_default_limit(any_database: str) -> None:
    async with await connect(any_database) as connection:
        await begin(connection)
        for _ in range(50):
            await append(connection)

        with pytest.raises(errors.DepthExceeded):
            await append(connection)


async def test_a_patch_may_expect_a_version(any_database: str) -> None:
    async with await connect(any_database) as connection:
        await begin(connection)
        await append(connection, expected_version=1)
        with pytest.raises(errors.TagConflict) as caught:
            await append(connection, expected_version=1)

    assert (caught.value.expected, caught.value.found) == (1, 2)


async def test_unknown_names_are_named(any_database: str) -> None:
    async with await connect(any_database) as connection:
        base = await begin(connection)
        with pytest.raises(errors.TagNotFound, match="`ada/unknown` does not exist"):
            await append(connection, tag_name="unknown")
        with pytest.raises(errors.TagNotFound):
            await undo_tag(connection, username="ada", tag_name="unknown")
        with pytest.raises(errors.TagNotFound):
            await redo_tag(connection, username="ada", tag_name="unknown")
        with pytest.raises(errors.TagNotFound):
            await delete_tag(connection, username="ada", tag_name="unknown")
        with pytest.raises(errors.TagNotFound):
            await move_tag(
                connection,
                username="ada",
                tag_name="unknown",
                target_id=base.artifact_id,
                expected_version=1,
            )


@pytest.mark.parametrize("call", ["materialise", "compact", "create_tag", "move_tag"])
async def test_what_is_no_document_is_refused(any_database: str, call: str) -> None:
    with psycopg.connect(any_database, autocommit=True) as rows:
        manifest = insert(rows, kind="run_manifest")
    async with await connect(any_database) as connection:
        await begin(connection)

        async def use(target_id: UUID) -> None:
            if call == "materialise":
                await materialise(connection, head_id=target_id)
            elif call == "compact":
                await compact(connection, patch_id=target_id)
            elif call == "create_tag":
                await create_tag(
                    connection, username="ada", tag_name="u", target_id=target_id
                )
            else:
                await move_tag(
                    connection,
                    username="ada",
                    tag_name="t",
                    target_id=target_id,
                    expected_version=1,
                )

        with pytest.raises(errors.ArtifactNotFound):
            await use(uuid4())
        with pytest.raises((errors.NotADocument, errors.ArtifactNotFound)):
            await use(manifest)


async def test_a_document_is_read_at_every_place(any_database: str) -> None:
    async with await connect(any_database) as connection:
        await begin(connection, document={"nodes": []})
        await append(connection)
        head = await append(connection)

        documents = [
            await materialise_at(connection, head_id=head.artifact_id, seq=seq)
            for seq in range(3)
        ]
        for seq in (-1, 3):
            with pytest.raises(errors.SeqOutOfRange, match="between 0 and 2"):
                await materialise_at(connection, head_id=head.artifact_id, seq=seq)

    assert documents == [{"nodes": [0] * length} for length in range(3)]


async def test_a_broken_chain_is_noticed(any_database: str) -> None:
    with psycopg.connect(any_database, autocommit=True) as rows:
        head = insert_chain(rows, 3)[-1]
        rows.execute("DELETE FROM patch_chain_member WHERE seq = 2")
    async with await connect(any_database) as connection:
        with pytest.raises(errors.ChainBroken):
            await materialise(connection, head_id=head)


async def test_content_that_is_elsewhere_is_named(any_database: str) -> None:
    cas_id = "sha256:" + "0" * 64
    async with await connect(any_database) as connection:
        await put_external_blob(
            connection,
            cas_id=cas_id,
            media_type="application/json",
            size_bytes=2,
            storage_url="s3://bucket/key",
        )
        with psycopg.connect(any_database, autocommit=True) as rows:
            base = insert(rows, cas_id=cas_id)

        with pytest.raises(errors.ContentElsewhere, match="s3://bucket/key"):
            await materialise(connection, head_id=base)


async def test_undo_and_redo_walk_along_the_reflog(any_database: str) -> None:
    async with await connect(any_database) as connection:
        base = await begin(connection)
        one, two = await append(connection), await append(connection)
        back = [(await undo_tag(connection, **TAG)).target_id for _ in range(2)]
        with pytest.raises(errors.NothingToUndo):
            await undo_tag(connection, **TAG)
        forth = [(await redo_tag(connection, **TAG)).target_id for _ in range(2)]
        with pytest.raises(errors.NothingToRedo):
            await redo_tag(connection, **TAG)
        await undo_tag(connection, **TAG)
        other = await append(connection)
        with pytest.raises(errors.NothingToRedo):
            await redo_tag(connection, **TAG)
        moves = await list_tag_moves(connection, **TAG)

    assert back == [one.artifact_id, base.artifact_id]
    assert forth == [one.artifact_id, two.artifact_id]
    assert other.depth == 2
    assert [move.action for move in reversed(moves)] == (
        ["create", "move", "move", "undo", "undo", "redo", "redo", "undo", "move"]
    )


async def test_undo_may_expect_a_version(any_database: str) -> None:
    async with await connect(any_database) as connection:
        await begin(connection)
        await append(connection)

        with pytest.raises(errors.TagConflict):
            await undo_tag(connection, username="ada", tag_name="t", expected_version=1)


async def test_undo_of_what_was_collected_is_refused(any_database: str) -> None:
    async with await connect(any_database) as connection:
        base = await begin(connection)
        await append(connection)
        await move_tag(
            connection, target_id=base.artifact_id, expected_version=2, **TAG
        )
        await collect_garbage(connection, older_than=NOW)

        with pytest.raises(errors.TargetCollected):
            await undo_tag(connection, **TAG)
        stays = await get_tag(connection, **TAG)

    assert stays is not None
    assert stays.target_id == base.artifact_id


async def test_services_commit_outside_autocommit_too(any_database: str) -> None:
    async with await AsyncConnection.connect(any_database) as connection:
        await begin(connection)
        async with await connect(any_database) as other:
            assert await count(other, "tag") == 1


async def test_services_take_part_in_a_transaction(any_database: str) -> None:
    async with await connect(any_database) as connection:
        async with connection.transaction(force_rollback=True):
            await begin(connection)
            await append(connection)
            assert await count(connection, "artifact") == 2

        assert await count(connection, "artifact") == 0
