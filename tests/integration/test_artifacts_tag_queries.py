"""The queries of tags, runs and garbage, and what they give when there is nothing."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from artifacts_data import insert, insert_chain, put
from psycopg.errors import CheckViolation, ForeignKeyViolation, UniqueViolation

from datalayer.queries.artifacts import artifact, garbage, run, tag
from datalayer.runtime import Page

pytest_plugins = ["artifacts_fixtures"]
pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]


def new_tag(session: Connection, target: UUID, name: str = "t") -> tag.Tag:
    found = artifact.get_artifact(session, artifact_id=target)
    assert found is not None
    return tag.create_tag(
        session,
        username="ada",
        tag_name=name,
        target_kind=found.kind,
        target_id=target,
        target_hash=found.version_hash,
        created_by="ada",
    )


def move(session: Connection, target: UUID, expected: int) -> tag.TagChange | None:
    found = artifact.get_artifact(session, artifact_id=target)
    assert found is not None
    return tag.move_tag(
        session,
        username="ada",
        tag_name="t",
        target_kind=found.kind,
        target_id=target,
        target_hash=found.version_hash,
        expected_version=expected,
        moved_by="bob",
    )


# Tags.


def test_a_tag_is_created_with_its_first_entry(session: Connection) -> None:
    target = insert(session)

    created = new_tag(session, target)

    assert (created.version, created.target_id, created.target_hash) == (1, target, "v")
    assert created == tag.get_tag(session, username="ada", tag_name="t")
    [entry] = tag.list_tag_moves(session, username="ada", tag_name="t")
    assert (entry.action, entry.from_id, entry.to_id) == ("create", None, target)
    with pytest.raises(UniqueViolation, match="tag_pkey"):
        new_tag(session, target)
    assert len(tag.list_tag_moves(session, username="ada", tag_name="t")) == 1


def test_get_tag_is_none_for_an_unknown_one(session: Connection) -> None:
    assert tag.get_tag(session, username="ada", tag_name="t") is None
    assert tag.list_tag_moves(session, username="ada", tag_name="t") == []


def test_a_move_needs_the_expected_version(session: Connection) -> None:
    base, patch = insert_chain(session, 1)
    new_tag(session, base)

    moved = move(session, patch, 1)
    too_late = move(session, base, 1)

    assert moved is not None
    assert (moved.outcome, moved.version, moved.target_id) == ("moved", 2, patch)
    assert (moved.moved_by, moved.created_by, moved.target_hash) == ("bob", "ada", "v1")
    assert too_late is not None
    assert (too_late.outcome, too_late.version) == ("conflict", 2)
    assert too_late.target_id == patch
    entries = tag.list_tag_moves(session, username="ada", tag_name="t")
    assert [(e.action, e.from_id, e.to_id, e.expected_version) for e in entries] == [
        ("move", base, patch, 1),
        ("create", None, base, None),
    ]


def test_a_move_of_an_unknown_tag_is_nothing(session: Connection) -> None:
    assert move(session, insert(session), 1) is None


def test_a_move_to_nowhere_changes_nothing(session: Connection) -> None:
    base, patch = insert_chain(session, 1)
    new_tag(session, base)

    for kind, target, error in [
        ("patch_set", uuid4(), ForeignKeyViolation),
        ("dag_version", patch, CheckViolation),
    ]:
        with pytest.raises(error):
            tag.move_tag(
                session,
                username="ada",
                tag_name="t",
                target_kind=kind,
                target_id=target,
                expected_version=1,
            )
    assert len(tag.list_tag_moves(session, username="ada", tag_name="t")) == 1


def test_undo_and_redo_tell_why_they_do_nothing(session: Connection) -> None:
    base, patch = insert_chain(session, 1)
    new_tag(session, base)
    move(session, patch, 1)

    def step(change: Any, version: int) -> str | None:  # noqa: ANN401 (either query)
        done = change(session, username="ada", tag_name="t", expected_version=version)
        return done.outcome if done else None

    assert step(tag.redo_tag_move, 2) == "nothing"
    assert step(tag.undo_tag_move, 1) == "conflict"
    assert step(tag.undo_tag_move, 2) == "moved"
    assert step(tag.undo_tag_move, 3) == "nothing"
    assert step(tag.redo_tag_move, 2) == "conflict"
    assert step(tag.redo_tag_move, 3) == "moved"
    tag.delete_tag(session, username="ada", tag_name="t")
    assert step(tag.undo_tag_move, 4) is None
    assert step(tag.redo_tag_move, 4) is None


def test_a_deleted_tag_leaves_its_reflog(session: Connection) -> None:
    base = insert(session)
    new_tag(session, base)

    deleted = tag.delete_tag(session, username="ada", tag_name="t", moved_by="bob")

    assert deleted is not None
    assert deleted.target_id == base
    assert tag.get_tag(session, username="ada", tag_name="t") is None
    assert tag.delete_tag(session, username="ada", tag_name="t") is None
    entries = tag.list_tag_moves(session, username="ada", tag_name="t")
    assert [(e.action, e.from_id, e.to_id) for e in entries] == [
        ("delete", base, None),
        ("create", None, base),
    ]


def test_the_reflog_is_read_page_by_page(session: Connection) -> None:
    base = insert(session)
    new_tag(session, base)
    for version in range(1, 5):
        move(session, base, version)

    whole = tag.list_tag_moves(session, username="ada", tag_name="t")
    first = tag.list_tag_moves(session, username="ada", tag_name="t", row_limit=3)
    rest = tag.list_tag_moves(
        session, username="ada", tag_name="t", before_id=first[-1].id
    )

    assert [e.expected_version for e in whole] == [4, 3, 2, 1, None]
    assert first + rest == whole


def test_tags_are_listed_with_and_without_the_global_ones(session: Connection) -> None:
    base = insert(session)
    for username, name in [
        ("ada", "b"),
        ("ada", "a/x"),
        ("global", "b"),
        ("global", "c"),
        ("bob", "a"),
    ]:
        tag.create_tag(
            session,
            username=username,
            tag_name=name,
            target_kind="dag_version",
            target_id=base,
        )

    own = tag.list_tags(session, username="ada")
    visible = tag.list_visible_tags(session, username="ada")

    assert [row.tag_name for row in own] == ["a/x", "b"]
    assert [(row.username, row.tag_name) for row in visible] == [
        ("ada", "a/x"),
        ("ada", "b"),
        ("global", "b"),
        ("global", "c"),
    ]
    assert tag.list_tags(session, username="nobody") == []
    assert len(tag.list_visible_tags(session, username="global")) == 2


# Runs.


def test_a_run_goes_through_its_statuses(session: Connection) -> None:
    created = run.create_run(
        session,
        base_kind="tag",
        base_ref="ada/t",
        tags_snapshot={"ada/t": "x"},
        submitted_by="ada",
    )

    def to(status: str, error: str | None = None) -> run.Run | None:
        return run.update_run_status(
            session,
            run_id=created.run_id,
            submitted_at=created.submitted_at,
            status=status,
            error=error,
        )

    running = to("RUNNING")
    failed = to("FAILED", "why")

    assert (created.status, created.run_id.version) == ("QUEUED", 7)
    assert running is not None
    assert running.started_at is not None
    assert running.completed_at is None
    assert failed is not None
    assert failed.completed_at is not None
    assert (failed.error, failed.started_at) == ("why", running.started_at)
    assert to("RUNNING") is None
    assert run.get_run(session, run_id=created.run_id) == failed
    assert run.get_run(session, run_id=uuid4()) is None


def test_runs_are_listed_by_user_and_by_tag(session: Connection) -> None:
    runs = [
        run.create_run(
            session, base_kind="tag", base_ref=f"ada/{name}", submitted_by=user
        )
        for user, name in [("ada", "t"), ("bob", "t"), ("ada", "a/b"), ("ada", "t")]
    ]
    newest_first = [row.run_id for row in reversed(runs)]

    mine = run.list_runs_by_user(session, submitted_by="ada", row_limit=2)
    rest = run.list_runs_by_user(session, submitted_by="ada", cursor=mine.next)
    on_tag = run.list_runs_by_tag(session, username="ada", tag_name="t", row_limit=2)
    older = run.list_runs_by_tag(
        session, username="ada", tag_name="t", cursor=on_tag.next
    )

    assert [row.run_id for row in mine.items + rest.items] == [
        run_id for run_id in newest_first if run_id != runs[1].run_id
    ]
    assert [row.run_id for row in on_tag.items + older.items] == [
        run_id for run_id in newest_first if run_id != runs[2].run_id
    ]
    assert run.list_runs_by_user(session, submitted_by="eve") == Page([], None)
    unknown = run.list_runs_by_tag(session, username="ada", tag_name="x")
    assert unknown == Page([], None)


def test_a_run_is_linked_to_its_snapshot(session: Connection) -> None:
    created = run.create_run(session, base_kind="tag", base_ref="ada/t")
    first = insert(session, kind="run_snapshot", plan_hash="1")
    second = insert(session, kind="run_snapshot", plan_hash="2", version_hash="w")
    get = partial(
        run.get_run_snapshot,
        session,
        run_id=created.run_id,
        run_submitted_at=created.submitted_at,
    )
    link = partial(
        run.link_run_snapshot,
        session,
        run_id=created.run_id,
        run_submitted_at=created.submitted_at,
    )

    assert get() is None
    link(snapshot_id=first)
    linked = link(snapshot_id=second)

    assert linked is not None
    assert (linked.snapshot_id, linked.version_hash) == (second, "w")
    assert get() == linked
    assert link(snapshot_id=insert(session)) is None


# Garbage.


def test_garbage_is_what_nothing_outside_reaches(session: Connection) -> None:
    base, one, two = insert_chain(session, 2)

    def garbage_of(*ids: UUID) -> set[UUID]:
        rows = garbage.list_garbage(
            session, artifact_ids=list(ids), older_than=timedelta(0)
        )
        return {row.artifact_id for row in rows}

    assert garbage_of(base, one, two) == {base, one, two}
    assert garbage_of(base, one) == set()
    assert garbage_of(two) == {two}
    assert garbage_of() == set()
    compacted = insert(session, compacted_from_id=one)
    assert garbage_of(base, one, two) == {two}
    assert garbage_of(base, one, two, compacted) == {base, one, two, compacted}


def test_artifacts_in_use_are_not_locked(
    session: Connection, any_database: str
) -> None:
    used, unused = insert(session), insert(session)

    with psycopg.connect(any_database) as other:
        other.execute(
            "SELECT FROM artifact WHERE artifact_id = %s FOR KEY SHARE", (used,)
        )
        locked = garbage.lock_artifacts(session, artifact_ids=[used, unused, uuid4()])

    assert [row.artifact_id for row in locked] == [unused]


def test_blobs_that_are_referred_to_stay(session: Connection) -> None:
    used, unused = put(session, b"used"), put(session, b"unused")
    insert(session, cas_id=used)
    session.execute("DELETE FROM cas_blob WHERE content = '{}'")

    young = garbage.lock_garbage_blobs(session, older_than=timedelta(days=1))
    old = garbage.lock_garbage_blobs(session, older_than=timedelta(0))
    removed = garbage.delete_unreferenced_blobs(session, cas_ids=[used, unused])

    assert young == []
    assert [row.cas_id for row in old] == [unused]
    assert removed == 1
