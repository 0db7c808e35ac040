"""What compaction and garbage collection keep: asynchronously."""

# twin: test_artifacts_compact_sync.py

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from artifacts_data import TagName
from psycopg import AsyncConnection

from datalayer.domains.artifacts import errors
from datalayer.domains.artifacts.aio import (
    Revision,
    collect_garbage,
    compact,
    create_patch,
    create_workflow,
    delete_tag,
    materialise,
    migrate_tag,
    undo_tag,
)
from datalayer.queries.aio.artifacts.artifact import get_artifact
from datalayer.queries.aio.artifacts.patch_chain import get_patch_chain
from datalayer.queries.aio.artifacts.run import create_run
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


async def test_compaction_keeps_the_document(any_database: str) -> None:
    async with await connect(any_database) as connection:
        await begin(connection)
        await append(connection)
        head = await append(connection)
        base = await compact(connection, patch_id=head.artifact_id, created_by="eve")
        again = await compact(connection, patch_id=head.artifact_id)

        old = await materialise(connection, head_id=head.artifact_id)
        new = await materialise(connection, head_id=base.artifact_id)
        stored = await get_artifact(connection, artifact_id=base.artifact_id)

    assert base == again
    assert old == new
    assert base.version_hash == head.version_hash
    assert stored is not None
    assert (stored.depth, stored.compacted_from_id) == (0, head.artifact_id)
    assert (stored.nodes_count, stored.created_by) == (4, "eve")


async def test_a_base_is_not_compacted(any_database: str) -> None:
    async with await connect(any_database) as connection:
        base = await begin(connection)

        with pytest.raises(errors.NotAPatch):
            await compact(connection, patch_id=base.artifact_id)


async def test_a_tag_migrates_to_the_compacted_base(any_database: str) -> None:
    async with await connect(any_database) as connection:
        await begin(connection)
        head = await append(connection)
        base = await compact(connection, patch_id=head.artifact_id)
        moved = await migrate_tag(connection, new_base_id=base.artifact_id, **TAG)
        again = await migrate_tag(connection, new_base_id=base.artifact_id, **TAG)
        after = await append(connection)
        stays = await migrate_tag(connection, new_base_id=base.artifact_id, **TAG)
        back = await undo_tag(connection, **TAG)

    assert (moved.artifact_id, moved.depth) == (base.artifact_id, 0)
    assert (moved.version_hash, moved.tag_version) == (head.version_hash, 3)
    assert again == moved
    assert (after.base_id, after.depth) == (base.artifact_id, 1)
    assert stays.artifact_id == after.artifact_id
    assert back.target_id == base.artifact_id


async def test_newer_patches_are_kept_by_a_rebase(any_database: str) -> None:
    async with await connect(any_database) as connection:
        await begin(connection)
        old = await append(connection)
        base = await compact(connection, patch_id=old.artifact_id)
        newer = [await append(connection, name=name) for name in ("one", "two")]
        with pytest.raises(errors.HeadMoved) as caught:
            await migrate_tag(connection, new_base_id=base.artifact_id, **TAG)
        moved = await migrate_tag(
            connection, new_base_id=base.artifact_id, rebase=True, **TAG
        )

        chain = await get_patch_chain(connection, head_id=moved.artifact_id)
        before = await materialise(connection, head_id=newer[-1].artifact_id)
        after = await materialise(connection, head_id=moved.artifact_id)
        first = await get_artifact(connection, artifact_id=chain[0].artifact_id)

    assert caught.value.newer == 2
    assert (moved.base_id, moved.depth) == (base.artifact_id, 2)
    assert [member.name for member in chain] == ["one", "two"]
    assert after == before
    assert moved.version_hash == newer[-1].version_hash
    assert first is not None
    assert first.meta == {"rebased_from": str(newer[0].artifact_id)}


async def test_a_tag_migrates_only_to_its_own_past(any_database: str) -> None:
    async with await connect(any_database) as connection:
        base = await begin(connection)
        await begin(connection, username="bob")
        theirs = await append(connection, username="bob")
        compacted = await compact(connection, patch_id=theirs.artifact_id)

        with pytest.raises(errors.TagDiverged):
            await migrate_tag(
                connection, new_base_id=compacted.artifact_id, rebase=True, **TAG
            )
        with pytest.raises(errors.NotACompactedBase):
            await migrate_tag(connection, new_base_id=base.artifact_id, **TAG)
        with pytest.raises(errors.ArtifactNotFound):
            await migrate_tag(connection, new_base_id=uuid4(), **TAG)


async def test_garbage_goes_and_the_rest_stays(any_database: str) -> None:
    async with await connect(any_database) as connection:
        kept = await begin(connection)
        await begin(connection, tag_name="u", document={"nodes": []})
        await append(connection, tag_name="u")
        await delete_tag(connection, username="ada", tag_name="u")
        within = await collect_garbage(connection, older_than=timedelta(days=1))
        beyond = await collect_garbage(connection, older_than=NOW, batch_size=1)

        assert await materialise(connection, head_id=kept.artifact_id) == DOCUMENT
        assert await count(connection, "artifact") == 1
    assert (within.artifacts, within.blobs, within.scanned) == (0, 0, 0)
    assert (beyond.artifacts, beyond.blobs, beyond.scanned) == (2, 2, 3)


async def test_a_run_keeps_what_it_names(any_database: str) -> None:
    async with await connect(any_database) as connection:
        await begin(connection)
        patch = await append(connection)
        await create_run(
            connection, base_kind="patch_set", base_ref=str(patch.artifact_id)
        )
        await delete_tag(connection, username="ada", tag_name="t")
        report = await collect_garbage(connection, older_than=NOW)

        assert await count(connection, "artifact") == 2
    assert report.artifacts == 0


async def test_a_run_on_a_tag_keeps_where_the_tag_pointed(any_database: str) -> None:
    async with await connect(any_database) as connection:
        await begin(connection, tag_name="a/b")
        patch = await append(connection, tag_name="a/b")
        run = await create_run(connection, base_kind="tag", base_ref="ada/a/b")
        nowhere = await create_run(connection, base_kind="tag", base_ref="ada/x")
        await delete_tag(connection, username="ada", tag_name="a/b")
        report = await collect_garbage(connection, older_than=NOW)

        assert await count(connection, "artifact") == 2
    assert report.artifacts == 0
    assert run.tags_snapshot == {
        "ada/a/b": {"target_id": str(patch.artifact_id), "version": 2}
    }
    assert nowhere.tags_snapshot == {}


async def test_garbage_of_the_future_is_refused(any_database: str) -> None:
    async with await connect(any_database) as connection:
        with pytest.raises(errors.NegativeAge):
            await collect_garbage(connection, older_than=timedelta(days=-1))
