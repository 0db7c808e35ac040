"""The queries of documents and blobs, and what they give when there is nothing."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from artifacts_data import insert, insert_chain, put
from psycopg.errors import CheckViolation

from datalayer.queries.artifacts import artifact, blob, compaction, patch_chain
from datalayer.runtime import Page

pytest_plugins = ["artifacts_fixtures"]
pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def cas(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


# Artifacts.


def test_create_artifact_stores_all_columns(session: Connection) -> None:
    artifact_id = uuid4()

    created = artifact.create_artifact(
        session,
        artifact_id=artifact_id,
        kind="run_snapshot",
        cas_id=put(session),
        name="n",
        plan_hash="p",
        version_hash="v",
        op_count=1,
        nodes_count=2,
        edges_count=3,
        meta={"a": [1, None]},
        created_by="ada",
        created_at=NOW,
    )

    assert created == artifact.get_artifact(session, artifact_id=artifact_id)
    assert (created.name, created.plan_hash, created.meta) == (
        "n",
        "p",
        {"a": [1, None]},
    )
    assert (created.created_at, created.nodes_count) == (NOW, 2)


def test_create_artifact_fills_in_id_meta_and_time(session: Connection) -> None:
    created = artifact.create_artifact(
        session, kind="dag_version", cas_id=put(session), version_hash="v"
    )

    assert created.artifact_id.version == 7
    assert created.meta == {}


def test_get_artifact_is_none_for_an_unknown_id(session: Connection) -> None:
    assert artifact.get_artifact(session, artifact_id=uuid4()) is None


def test_a_version_hash_finds_the_newest_base(session: Connection) -> None:
    insert(session, version_hash="h", created_at=NOW)
    newest = insert(session, version_hash="h", created_at=NOW + timedelta(seconds=1))
    insert(session, version_hash="h", kind="run_manifest")

    found = artifact.get_dag_version_by_hash(session, version_hash="h")

    assert found is not None
    assert found.artifact_id == newest
    assert artifact.get_dag_version_by_hash(session, version_hash="other") is None


def test_a_plan_hash_finds_the_snapshot(session: Connection) -> None:
    snapshot = insert(session, kind="run_snapshot", plan_hash="p")
    insert(session, kind="run_manifest", plan_hash="other")

    found = artifact.get_run_snapshot_by_plan_hash(session, plan_hash="p")

    assert found is not None
    assert found.artifact_id == snapshot
    assert artifact.get_run_snapshot_by_plan_hash(session, plan_hash="other") is None


def test_a_kind_is_listed_page_by_page(session: Connection) -> None:
    times = [NOW, NOW, NOW, NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)]
    ids = [insert(session, created_at=time) for time in times]
    insert(session, kind="run_manifest")

    seen: list[UUID] = []
    page = artifact.list_artifacts_by_kind(session, kind="dag_version", row_limit=2)
    seen += [row.artifact_id for row in page.items]
    while page.next is not None:
        page = artifact.list_artifacts_by_kind(
            session, kind="dag_version", row_limit=2, cursor=page.next
        )
        seen += [row.artifact_id for row in page.items]

    assert seen == [ids[3], *sorted(ids[:3], reverse=True), ids[4]]


# Chains.


def test_a_chain_is_in_the_order_of_application(session: Connection) -> None:
    base, *patches = insert_chain(session, 3)

    chain = patch_chain.get_patch_chain(session, head_id=patches[-1])
    walked = patch_chain.walk_patch_chain(session, head_id=patches[-1])

    assert [member.artifact_id for member in chain] == patches
    assert [member.seq for member in chain] == [1, 2, 3]
    assert [member.artifact_id for member in walked] == patches
    for nothing in (base, uuid4()):
        assert patch_chain.get_patch_chain(session, head_id=nothing) == []
        assert patch_chain.walk_patch_chain(session, head_id=nothing) == []


def test_parts_are_the_base_and_the_patches(session: Connection) -> None:
    base, *patches = insert_chain(session, 3)

    whole = patch_chain.list_document_parts(session, head_id=patches[-1])
    begin = patch_chain.list_document_parts(session, head_id=patches[-1], last_seq=1)
    alone = patch_chain.list_document_parts(session, head_id=base)

    assert [part.artifact_id for part in whole] == [base, *patches]
    assert [part.seq for part in begin] == [0, 1]
    assert {part.head_depth for part in begin} == {3}
    assert [part.artifact_id for part in alone] == [base]
    assert patch_chain.list_document_parts(session, head_id=uuid4()) == []


def test_parts_are_only_of_documents(session: Connection) -> None:
    manifest = insert(session, kind="run_manifest")

    assert patch_chain.list_document_parts(session, head_id=manifest) == []


def test_append_patch_takes_depth_and_chain_from_its_parent(
    session: Connection,
) -> None:
    base = insert(session)
    first = patch_chain.append_patch(
        session, follows_id=base, cas_id=put(session), op_count=1, meta={"a": 1}
    )
    assert first is not None
    second = patch_chain.append_patch(
        session, follows_id=first.artifact_id, cas_id=put(session)
    )
    assert second is not None

    chain = patch_chain.get_patch_chain(session, head_id=second.artifact_id)

    assert (first.depth, first.parent_id, first.base_version) == (1, None, base)
    assert (second.depth, second.parent_id) == (2, first.artifact_id)
    assert [member.artifact_id for member in chain] == [
        first.artifact_id,
        second.artifact_id,
    ]


def test_append_patch_follows_only_documents(session: Connection) -> None:
    manifest, cas_id = insert(session, kind="run_manifest"), put(session)

    for follows in (manifest, uuid4()):
        appended = patch_chain.append_patch(session, follows_id=follows, cas_id=cas_id)
        assert appended is None


def test_insert_patch_chain_stores_a_chain_at_once(session: Connection) -> None:
    *_, head = ids = insert_chain(session, 3)
    session.execute("DELETE FROM patch_chain_member")

    count = patch_chain.insert_patch_chain(session, head_id=head, member_ids=ids[1:])

    assert count == 3
    chain = patch_chain.get_patch_chain(session, head_id=head)
    assert [member.artifact_id for member in chain] == ids[1:]


def test_insert_patch_chain_stores_all_or_nothing(session: Connection) -> None:
    *_, head = ids = insert_chain(session, 3)
    session.execute("DELETE FROM patch_chain_member")

    with pytest.raises(CheckViolation):
        patch_chain.insert_patch_chain(session, head_id=head, member_ids=ids[:0:-1])

    assert patch_chain.get_patch_chain(session, head_id=head) == []


# Compaction.


def test_a_compacted_base_is_created_once(session: Connection) -> None:
    base, first, second = insert_chain(session, 2)
    assert compaction.find_compacted_base(session, patch_id=second) is None

    created = compaction.create_compacted_base(
        session, patch_id=second, cas_id=put(session), version_hash="v"
    )
    again = compaction.create_compacted_base(
        session, patch_id=second, cas_id=put(session), version_hash="v"
    )

    assert created is not None
    assert again is None
    assert created == compaction.find_compacted_base(session, patch_id=second)
    meta = created.meta
    assert isinstance(meta, dict)
    assert meta["original_depth"] == 2
    assert meta["original_patches"] == [str(first), str(second)]
    assert datetime.fromisoformat(str(meta["compacted_at"])) == created.created_at
    for not_a_patch in (base, uuid4()):
        nothing = compaction.create_compacted_base(
            session, patch_id=not_a_patch, cas_id=put(session), version_hash="v"
        )
        assert nothing is None


def test_the_lookup_of_old_reads_meta(session: Connection) -> None:
    patch = insert_chain(session, 1)[1]
    base = insert(session, meta={"compacted_from": str(patch)})

    found = compaction.find_compacted_base_by_meta(session, patch_id=patch)

    assert found is not None
    assert found.artifact_id == base
    assert compaction.find_compacted_base_by_meta(session, patch_id=uuid4()) is None


def test_candidates_are_deep_and_not_compacted(session: Connection) -> None:
    _, one, two, three, four = insert_chain(session, 4)
    insert(session, compacted_from_id=three)

    def depths(**arguments: int) -> list[tuple[UUID, int]]:
        rows = compaction.list_compaction_candidates(session, **arguments)
        return [(row.artifact_id, row.depth) for row in rows]

    assert depths(min_depth=2) == [(four, 4), (two, 2)]
    assert depths(min_depth=0) == [(four, 4), (two, 2), (one, 1)]
    assert depths(min_depth=0, row_limit=1) == [(four, 4)]
    assert depths(min_depth=5) == []


def test_compactions_are_listed_newest_first(session: Connection) -> None:
    _, one, two, three = insert_chain(session, 3)
    older = insert(session, compacted_from_id=three, created_at=NOW)
    newer = insert(session, compacted_from_id=one, created_at=NOW + timedelta(days=1))

    page = compaction.list_compactions(session, row_limit=1)
    rest = compaction.list_compactions(session, cursor=page.next)

    assert page.items == [
        compaction.Compaction(newer, one, NOW + timedelta(days=1), 1, 1),
    ]
    assert rest.items == [compaction.Compaction(older, three, NOW, 3, 3)]
    assert rest.next is None
    assert two not in {row.patch_id for row in page.items + rest.items}


def test_statistics_count_bases_and_patches(session: Connection) -> None:
    empty = compaction.get_compaction_statistics(session, min_depth=1)
    _, _, two, _ = insert_chain(session, 3)
    insert(session, compacted_from_id=two)
    insert(session, kind="run_manifest")

    found = compaction.get_compaction_statistics(session, min_depth=2)

    assert empty == compaction.CompactionStatistics(0, 0, 0, 0, None, None)
    assert found == compaction.CompactionStatistics(2, 1, 3, 1, 3, 2.0)


# Blobs.


def test_put_blob_returns_the_blob_either_way(session: Connection) -> None:
    first = blob.put_blob(
        session, cas_id=cas(b"\x00a"), media_type="x", content=b"\x00a"
    )
    again = blob.put_blob(
        session, cas_id=cas(b"\x00a"), media_type="y", content=b"\x00a"
    )

    assert again == first
    assert (first.size_bytes, first.media_type) == (2, "x")
    found = blob.get_blob(session, cas_id=cas(b"\x00a"))
    assert found is not None
    assert found.content == b"\x00a"


def test_put_blob_refuses_a_wrong_hash(session: Connection) -> None:
    with pytest.raises(CheckViolation, match="cas_blob_cas_id_is_hash"):
        blob.put_blob(session, cas_id=cas(b"a"), media_type="x", content=b"b")


def test_external_blobs_have_a_place_instead_of_content(session: Connection) -> None:
    cas_id = cas(b"far away")

    put_away = [
        blob.put_external_blob(
            session, cas_id=cas_id, media_type="x", size_bytes=8, storage_url="s3://b/k"
        )
        for _ in range(2)
    ]

    assert put_away[0] == put_away[1]
    assert put_away[0].storage_url == "s3://b/k"
    found = blob.get_blob(session, cas_id=cas_id)
    assert found is not None
    assert found.content is None


def test_blobs_exist_or_not(session: Connection) -> None:
    cas_id = put(session)

    assert blob.has_blob(session, cas_id=cas_id)
    assert not blob.has_blob(session, cas_id=cas(b"other"))
    assert blob.get_blob(session, cas_id=cas(b"other")) is None


def test_contents_come_in_bulk_and_once(session: Connection) -> None:
    ids = [put(session, content) for content in (b"a", b"b", b"c")]

    rows = blob.list_blob_contents(
        session, cas_ids=[ids[0], ids[1], ids[0], cas(b"unknown"), "nonsense"]
    )

    assert {row.cas_id: row.content for row in rows} == {ids[0]: b"a", ids[1]: b"b"}
    assert len(rows) == 2
    assert blob.list_blob_contents(session, cas_ids=[]) == []


def test_a_media_type_is_listed_page_by_page(session: Connection) -> None:
    ids = sorted(put(session, bytes([n])) for n in range(4))
    session.execute("UPDATE cas_blob SET created_at = %s", (NOW,))
    session.execute(
        "UPDATE cas_blob SET created_at = created_at + interval '1 s'"
        " WHERE cas_id = %s",
        (ids[2],),
    )

    seen: list[str] = []
    page = blob.list_blobs_by_media_type(
        session, media_type="application/json", row_limit=2
    )
    seen += [row.cas_id for row in page.items]
    while page.next is not None:
        page = blob.list_blobs_by_media_type(
            session, media_type="application/json", row_limit=2, cursor=page.next
        )
        seen += [row.cas_id for row in page.items]

    assert seen == [ids[2], ids[0], ids[1], ids[3]]
    assert blob.list_blobs_by_media_type(session, media_type="other") == Page([], None)
