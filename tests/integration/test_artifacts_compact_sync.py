# Derived by scripts/async_to_sync.py from test_artifacts_compact_aio.py; do not edit.
"""What compaction and garbage collection keep: synchronously."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from artifacts_data import TagName
from psycopg import Connection

from datalayer.domains.artifacts import (
    Revision,
    collect_garbage,
    compact,
    create_patch,
    create_workflow,
    delete_tag,
    errors,
    materialise,
    migrate_tag,
    undo_tag,
)
from datalayer.queries.artifacts.artifact import get_artifact
from datalayer.queries.artifacts.patch_chain import get_patch_chain
from datalayer.queries.artifacts.run import create_run
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


def test_compaction_keeps_the_document(any_database: str) -> None:
    with connect(any_database) as connection:
        begin(connection)
        append(connection)
        head = append(connection)
        base = compact(connection, patch_id=head.artifact_id, created_by="eve")
        again = compact(connection, patch_id=head.artifact_id)

        old = materialise(connection, head_id=head.artifact_id)
        new = materialise(connection, head_id=base.artifact_id)
        stored = get_artifact(connection, artifact_id=base.artifact_id)

    assert base == again
    assert old == new
    assert base.version_hash == head.version_hash
    assert stored is not None
    assert (stored.depth, stored.compacted_from_id) == (0, head.artifact_id)
    assert (stored.nodes_count, stored.created_by) == (4, "eve")


def test_a_base_is_not_compacted(any_database: str) -> None:
    with connect(any_database) as connection:
        base = begin(connection)

        with pytest.raises(errors.NotAPatch):
            compact(connection, patch_id=base.artifact_id)


def test_a_tag_migrates_to_the_compacted_base(any_database: str) -> None:
    with connect(any_database) as connection:
        begin(connection)
        head = append(connection)
        base = compact(connection, patch_id=head.artifact_id)
        moved = migrate_tag(connection, new_base_id=base.artifact_id, **TAG)
        again = migrate_tag(connection, new_base_id=base.artifact_id, **TAG)
        after = append(connection)
        stays = migrate_tag(connection, new_base_id=base.artifact_id, **TAG)
        back = undo_tag(connection, **TAG)

    assert (moved.artifact_id, moved.depth) == (base.artifact_id, 0)
    assert (moved.version_hash, moved.tag_version) == (head.version_hash, 3)
    assert again == moved
    assert (after.base_id, after.depth) == (base.artifact_id, 1)
    assert stays.artifact_id == after.artifact_id
    assert back.target_id == base.artifact_id


def test_newer_patches_are_kept_by_a_rebase(any_database: str) -> None:
    with connect(any_database) as connection:
        begin(connection)
        old = append(connection)
        base = compact(connection, patch_id=old.artifact_id)
        newer = [append(connection, name=name) for name in ("one", "two")]
        with pytest.raises(errors.HeadMoved) as caught:
            migrate_tag(connection, new_base_id=base.artifact_id, **TAG)
        moved = migrate_tag(
            connection, new_base_id=base.artifact_id, rebase=True, **TAG
        )

        chain = get_patch_chain(connection, head_id=moved.artifact_id)
        before = materialise(connection, head_id=newer[-1].artifact_id)
        after = materialise(connection, head_id=moved.artifact_id)
        first = get_artifact(connection, artifact_id=chain[0].artifact_id)

    assert caught.value.newer == 2
    assert (moved.base_id, moved.depth) == (base.artifact_id, 2)
    assert [member.name for member in chain] == ["one", "two"]
    assert after == before
    assert moved.version_hash == newer[-1].version_hash
    assert first is not None
    assert first.meta == {"rebased_from": str(newer[0].artifact_id)}


def test_a_tag_migrates_only_to_its_own_past(any_database: str) -> None:
    with connect(any_database) as connection:
        base = begin(connection)
        begin(connection, username="bob")
        theirs = append(connection, username="bob")
        compacted = compact(connection, patch_id=theirs.artifact_id)

        with pytest.raises(errors.TagDiverged):
            migrate_tag(
                connection, new_base_id=compacted.artifact_id, rebase=True, **TAG
            )
        with pytest.raises(errors.NotACompactedBase):
            migrate_tag(connection, new_base_id=base.artifact_id, **TAG)
        with pytest.raises(errors.ArtifactNotFound):
            migrate_tag(connection, new_base_id=uuid4(), **TAG)


def test_garbage_goes_and_the_rest_stays(any_database: str) -> None:
    with connect(any_database) as connection:
        kept = begin(connection)
        begin(connection, tag_name="u", document={"nodes": []})
        append(connection, tag_name="u")
        delete_tag(connection, username="ada", tag_name="u")
        within = collect_garbage(connection, older_than=timedelta(days=1))
        beyond = collect_garbage(connection, older_than=NOW, batch_size=1)

        assert materialise(connection, head_id=kept.artifact_id) == DOCUMENT
        assert count(connection, "artifact") == 1
    assert (within.artifacts, within.blobs, within.scanned) == (0, 0, 0)
    assert (beyond.artifacts, beyond.blobs, beyond.scanned) == (2, 2, 3)


def test_a_run_keeps_what_it_names(any_database: str) -> None:
    with connect(any_database) as connection:
        begin(connection)
        patch = append(connection)
        create_run(connection, base_kind="patch_set", base_ref=str(patch.artifact_id))
        delete_tag(connection, username="ada", tag_name="t")
        report = collect_garbage(connection, older_than=NOW)

        assert count(connection, "artifact") == 2
    assert report.artifacts == 0


def test_a_run_on_a_tag_keeps_where_the_tag_pointed(any_database: str) -> None:
    with connect(any_database) as connection:
        begin(connection, tag_name="a/b")
        patch = append(connection, tag_name="a/b")
        run = create_run(connection, base_kind="tag", base_ref="ada/a/b")
        nowhere = create_run(connection, base_kind="tag", base_ref="ada/x")
        delete_tag(connection, username="ada", tag_name="a/b")
        report = collect_garbage(connection, older_than=NOW)

        assert count(connection, "artifact") == 2
    assert report.artifacts == 0
    assert run.tags_snapshot == {
        "ada/a/b": {"target_id": str(patch.artifact_id), "version": 2}
    }
    assert nowhere.tags_snapshot == {}


def test_garbage_of_the_future_is_refused(any_database: str) -> None:
    with connect(any_database) as connection:
        with pytest.raises(errors.NegativeAge):
            collect_garbage(connection, older_than=timedelta(days=-1))
