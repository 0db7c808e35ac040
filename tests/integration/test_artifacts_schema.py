"""What the tables of blobs, artifacts and chains refuse."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from artifacts_data import insert, insert_chain, put
from psycopg.errors import CheckViolation, ForeignKeyViolation, UniqueViolation

pytest_plugins = ["artifacts_fixtures"]
pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]


def refused(error: psycopg.Error, constraint: str) -> bool:
    return error.diag.constraint_name == constraint


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"cas_id": "sha256:00"}, "cas_blob_cas_id_form"),
        ({"cas_id": "sha256:" + "A" * 64}, "cas_blob_cas_id_form"),
        ({"cas_id": "sha256:" + "0" * 64}, "cas_blob_cas_id_is_hash"),
        ({"size_bytes": -1, "content": None, "storage_url": "s3://x"}, "negative"),
        ({"size_bytes": 3}, "cas_blob_size_bytes_is_length"),
        ({"content": None}, "cas_blob_content_or_url"),
        ({"storage_url": "s3://x"}, "cas_blob_content_or_url"),
    ],
)
def test_a_blob_is_what_its_id_says(
    session: Connection, values: dict[str, object], constraint: str
) -> None:
    blob = {
        "cas_id": put(session),
        "media_type": "x",
        "size_bytes": 2,
        "content": b"{}",
    }
    session.execute("DELETE FROM cas_blob")

    with pytest.raises(CheckViolation) as caught:
        insert(session, "cas_blob", **{**blob, **values})
    assert constraint in str(caught.value.diag.constraint_name)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"kind": "other"}, "artifact_kind_known"),
        ({"kind": "patch_set"}, "artifact_patch_has_base"),
        ({"kind": "patch_set", "depth": 1}, "artifact_patch_has_base"),
        ({"kind": "patch_set", "base_version": "base"}, "artifact_patch_has_base"),
        (
            {
                "kind": "patch_set",
                "base_version": "base",
                "parent_id": "patch",
                "depth": 0,
            },
            "artifact_patch_has_base",
        ),
        (
            {"kind": "patch_set", "base_version": "base", "depth": 2},
            "artifact_parent_only_of_patch",
        ),
        (
            {"kind": "patch_set", "base_version": "patch", "depth": 1},
            "artifact_base_is_dag_version",
        ),
        (
            {
                "kind": "patch_set",
                "base_version": "base",
                "parent_id": "patch",
                "depth": 3,
            },
            "artifact_parent_precedes",
        ),
        (
            {
                "kind": "patch_set",
                "base_version": "other",
                "parent_id": "patch",
                "depth": 2,
            },
            "artifact_parent_precedes",
        ),
        (
            {
                "kind": "patch_set",
                "base_version": "base",
                "parent_id": "other",
                "depth": 2,
            },
            "artifact_parent_precedes",
        ),
        ({"parent_id": "patch"}, "artifact_parent_only_of_patch"),
        ({"version_hash": None}, "artifact_version_hash_required"),
        ({"kind": "run_snapshot"}, "artifact_plan_hash_required"),
        (
            {"kind": "run_snapshot", "plan_hash": "p", "version_hash": None},
            "artifact_version_hash_required",
        ),
        ({"op_count": -1}, "artifact_counts_not_negative"),
        ({"meta": []}, "artifact_meta_is_object"),
        (
            {"kind": "run_manifest", "compacted_from_id": "patch"},
            "artifact_compacted_from_only_of_base",
        ),
        ({"compacted_from_id": "other"}, "artifact_compacted_from_is_patch"),
        ({"base_version": "patch"}, "artifact_base_is_dag_version"),
    ],
)
def test_an_artifact_obeys_the_rules_of_its_kind(
    session: Connection, values: dict[str, object], constraint: str
) -> None:
    base, patch = insert_chain(session, 1)
    known = {"base": base, "patch": patch, "other": insert(session)}
    values = {
        name: known.get(value, value) if isinstance(value, str) else value
        for name, value in values.items()
    }

    with pytest.raises(CheckViolation) as caught:
        insert(session, **values)
    assert refused(caught.value, constraint)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"cas_id": "sha256:" + "0" * 64}, "artifact_cas_id_fkey"),
        ({"base_version": uuid4()}, "artifact_base_version_fkey"),
        ({"compacted_from_id": uuid4()}, "artifact_compacted_from_id_fkey"),
    ],
)
def test_an_artifact_names_what_exists(
    session: Connection, values: dict[str, object], constraint: str
) -> None:
    with pytest.raises(ForeignKeyViolation) as caught:
        insert(session, **values)
    assert refused(caught.value, constraint)


def test_a_plan_and_a_compaction_are_unique(session: Connection) -> None:
    patch = insert_chain(session, 1)[1]
    insert(session, kind="run_snapshot", plan_hash="p")
    insert(session, compacted_from_id=patch)

    with pytest.raises(UniqueViolation, match="idx_artifact_plan_hash"):
        insert(session, kind="run_snapshot", plan_hash="p")
    with pytest.raises(UniqueViolation, match="idx_artifact_compacted_from"):
        insert(session, compacted_from_id=patch)


@pytest.mark.parametrize(
    "change",
    [
        "artifact_id = gen_random_uuid()",
        "kind = 'run_manifest'",
        "cas_id = %(cas_id)s",
        "base_version = %(other)s",
        "parent_id = NULL",
        "depth = 1",
        "compacted_from_id = artifact_id",
    ],
)
def test_what_an_artifact_is_never_changes(session: Connection, change: str) -> None:
    head = insert_chain(session, 2)[-1]
    values = {
        "head": head,
        "other": insert(session),
        "cas_id": put(session, b"[]"),
    }

    with pytest.raises(CheckViolation, match="immutable"):
        session.execute(
            f"UPDATE artifact SET {change} WHERE artifact_id = %(head)s".encode(),
            values,
        )


def test_what_is_said_about_an_artifact_may_change(session: Connection) -> None:
    head = insert(session)

    changed = session.execute(
        "UPDATE artifact SET name = 'n', meta = '{\"a\": 1}' WHERE artifact_id = %s",
        (head,),
    )

    assert changed.rowcount == 1


def test_no_statement_can_close_a_cycle(session: Connection) -> None:
    one, two, cas_id = uuid4(), uuid4(), put(session)

    with pytest.raises(CheckViolation) as bases:
        session.execute(
            "INSERT INTO artifact"
            " (artifact_id, kind, cas_id, version_hash, base_version)"
            " VALUES (%(one)s, 'dag_version', %(cas)s, 'v', %(two)s),"
            " (%(two)s, 'dag_version', %(cas)s, 'v', %(one)s)",
            {"one": one, "two": two, "cas": cas_id},
        )
    with pytest.raises(CheckViolation) as compaction:
        session.execute(
            "INSERT INTO artifact (artifact_id, kind, cas_id, version_hash,"
            " base_version, depth, compacted_from_id)"
            " VALUES (%(one)s, 'dag_version', %(cas)s, 'v', NULL, NULL, %(two)s),"
            " (%(two)s, 'patch_set', %(cas)s, 'v', %(one)s, 1, NULL)",
            {"one": one, "two": two, "cas": cas_id},
        )

    assert refused(bases.value, "artifact_without_cycle")
    assert refused(compaction.value, "artifact_without_cycle")


def test_a_child_may_stand_before_its_parent_in_one_statement(
    session: Connection,
) -> None:
    one, two, cas_id = uuid4(), uuid4(), put(session)

    inserted = session.execute(
        "INSERT INTO artifact (artifact_id, kind, cas_id, version_hash, base_version,"
        " depth) VALUES (%(two)s, 'patch_set', %(cas)s, 'v', %(one)s, 1),"
        " (%(one)s, 'dag_version', %(cas)s, 'v', NULL, NULL)",
        {"one": one, "two": two, "cas": cas_id},
    )

    assert inserted.rowcount == 2


def chain_row(name: str, ids: list[UUID], other: UUID) -> tuple[UUID, int, UUID]:
    base, first, second, third = ids
    return {
        "of a base": (base, 1, first),
        "holding a base": (third, 1, base),
        "out of place": (third, 1, second),
        "of another base": (third, 1, other),
        "beyond the head": (second, 3, third),
        "holding the head too soon": (third, 2, third),
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "of a base",
        "holding a base",
        "out of place",
        "of another base",
        "beyond the head",
        "holding the head too soon",
    ],
)
def test_a_chain_takes_only_its_own_members(session: Connection, name: str) -> None:
    ids, other = insert_chain(session, 3), insert_chain(session, 1)[1]
    session.execute("DELETE FROM patch_chain_member")

    with pytest.raises(CheckViolation) as caught:
        session.execute(
            "INSERT INTO patch_chain_member (head_id, seq, member_id)"
            " VALUES (%s, %s, %s)",
            chain_row(name, ids, other),
        )
    assert refused(caught.value, "patch_chain_member_in_place")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE patch_chain_member SET seq = seq + 10",
        "UPDATE tag_move SET moved_by = 'x'",
        "DELETE FROM tag_move",
    ],
)
def test_chains_and_reflog_are_not_rewritten(
    session: Connection, statement: str
) -> None:
    target = insert_chain(session, 1)[0]
    insert(
        session,
        "tag_move",
        username="a",
        tag_name="t",
        to_kind="dag_version",
        to_id=target,
        action="create",
    )

    with pytest.raises(CheckViolation, match="immutable"):
        session.execute(statement.encode())


def test_what_is_referred_to_cannot_be_deleted(session: Connection) -> None:
    insert_chain(session, 2)

    for table in ("artifact WHERE kind = 'dag_version'", "artifact WHERE depth = 1"):
        with pytest.raises((ForeignKeyViolation, psycopg.errors.RestrictViolation)):
            session.execute(f"DELETE FROM {table}".encode())
    with pytest.raises((ForeignKeyViolation, psycopg.errors.RestrictViolation)):
        session.execute("DELETE FROM cas_blob")
